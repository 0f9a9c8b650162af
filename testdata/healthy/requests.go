package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/rpc"
	"sync"
	"time"
)

// A Replica is a peer of another one: it asks that, with a lock that no handler needs, and its handlers wait for each other.
type Replica struct {
	asking, mu sync.Mutex
	other      *rpc.Client
}

// Get takes 0.2 seconds, and the lock.
func (r *Replica) Get(key string, reply *string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	time.Sleep(200 * time.Millisecond)
	*reply = key
	return nil
}

// Sync asks the other.
func (r *Replica) Sync(key string, reply *string) error {
	r.asking.Lock()
	defer r.asking.Unlock()
	return r.other.Call("Replica.Get", key, reply)
}

// peers has two replicas in this program that ask each other, again and again.
func peers(ctx context.Context) error {
	var replicas [2]Replica
	for i := range replicas {
		l, err := listen()
		if err != nil {
			return err
		}
		defer l.Close()
		server := rpc.NewServer()
		server.Register(&replicas[i])
		go server.Accept(l)
		client, err := rpc.Dial("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer client.Close()
		replicas[1-i].other = client
	}
	start(2, func(i int) {
		var reply string
		for ctx.Err() == nil {
			replicas[i].other.Call("Replica.Sync", "key", &reply)
		}
	})()
	return nil
}

// slowStream reads 64 kB of a stream of HTTP/2 every tenth of a second: its handler waits for the flow control, and gets on.
func slowStream(ctx context.Context) error {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 64<<10); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	if err != nil {
		return err
	}
	response, err := server.Client().Do(request)
	if err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	every(ctx, 100*time.Millisecond, func() { io.ReadFull(response.Body, buf) })
	response.Body.Close()
	return nil
}

// slowBody sends a body by an io.Pipe, of which a part comes every second, and the end after four.
func slowBody(ctx context.Context) error {
	return serve(ctx, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }, func(url string) {
		client := &http.Client{Timeout: 30 * time.Second}
		defer client.CloseIdleConnections()
		for ctx.Err() == nil {
			reader, writer := io.Pipe()
			go func() {
				for range 4 {
					io.WriteString(writer, "part of it")
					time.Sleep(time.Second)
				}
				writer.Close()
			}()
			if response, err := client.Post(url, "text/plain", reader); err == nil {
				response.Body.Close()
			}
		}
	})
}
