package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// listen listens on a free port of this machine.
func listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

// serve runs an HTTP server until ctx is done, and shuts it down.
func serve(ctx context.Context, handler http.HandlerFunc, clients func(url string)) error {
	l, err := listen()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	clients("http://" + l.Addr().String())
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return err
	}
	if err := <-ended; err != http.ErrServerClosed {
		return err
	}
	return nil
}

// get gets a page with a client of its own, whose connections are kept alive.
func get(ctx context.Context, client *http.Client, url string) {
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return
	}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }

// httpIdle has connections that are kept alive, and nothing to do.
func httpIdle(ctx context.Context) error {
	return serve(ctx, hello, func(url string) {
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for i := 0; i < 3; i++ {
			get(ctx, client, url)
		}
		<-ctx.Done()
	})
}

// httpLoad has requests all the time.
func httpLoad(ctx context.Context) error {
	return serve(ctx, hello, func(url string) {
		start(4, func(int) {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			every(ctx, 5*time.Millisecond, func() { get(ctx, client, url) })
		})()
	})
}

// httpShutdown starts and shuts down a server over and over.
func httpShutdown(ctx context.Context) error {
	for ctx.Err() == nil {
		err := serve(ctx, hello, func(url string) {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			get(ctx, client, url)
			select {
			case <-time.After(3 * time.Second):
			case <-ctx.Done():
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// httpLongPoll has clients that wait for an event, which comes every six seconds.
func httpLongPoll(ctx context.Context) error {
	var mu sync.Mutex
	event := make(chan struct{})
	go every(ctx, 6*time.Second, func() {
		mu.Lock()
		defer mu.Unlock()
		close(event)
		event = make(chan struct{})
	})
	return serve(ctx, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		next := event
		mu.Unlock()
		select {
		case <-next:
			hello(w, r)
		case <-r.Context().Done():
		}
	}, func(url string) {
		start(3, func(int) {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				get(ctx, client, url)
			}
		})()
	})
}

// room runs a server that reads lines of its connections, and n clients that say something now and then.
func room(ctx context.Context, l net.Listener, n int, pause time.Duration) error {
	var conns sync.WaitGroup
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer conns.Done()
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					fmt.Fprintln(conn, "heard", lines.Text())
				}
			}()
		}
	}()
	start(n, func(i int) {
		conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
		if err != nil {
			return
		}
		heard := start(1, func(int) { io.Copy(io.Discard, conn) })
		every(ctx, pause*time.Duration(i+1), func() { fmt.Fprintln(conn, "hello") })
		conn.Close()
		heard()
	})()
	l.Close()
	<-accepted
	conns.Wait()
	return nil
}

// chat has clients of which most are silent for long.
func chat(ctx context.Context) error {
	l, err := listen()
	if err != nil {
		return err
	}
	return room(ctx, l, 6, 4*time.Second)
}

// unixSocket is chat on a socket of the file system.
func unixSocket(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "healthy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		return err
	}
	return room(ctx, l, 3, 3*time.Second)
}

// udp has a server of datagrams.
func udp(ctx context.Context) error {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	wait := start(1, func(int) {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			conn.WriteTo(buf[:n], from)
		}
	})
	client, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		return err
	}
	every(ctx, 3*time.Second, func() { fmt.Fprint(client, "ping"); io.ReadAtLeast(client, make([]byte, 16), 1) })
	client.Close()
	conn.Close()
	wait()
	return nil
}

// Clock is a service of net/rpc.
type Clock struct{}

// Wait answers after some milliseconds.
func (Clock) Wait(ms int, reply *int) error {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	*reply = ms
	return nil
}

// rpcServer has a client whose connection stays open between calls.
func rpcServer(ctx context.Context) error {
	l, err := listen()
	if err != nil {
		return err
	}
	server := rpc.NewServer()
	if err := server.Register(Clock{}); err != nil {
		return err
	}
	go server.Accept(l)
	client, err := rpc.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	every(ctx, 5*time.Second, func() {
		var reply int
		client.Call("Clock.Wait", 100, &reply)
	})
	client.Close()
	return l.Close()
}

// rareMessages has a client that asks now and then, and both ends of its connection in this program: between, both who reads the answers and the server wait to read.
func rareMessages(ctx context.Context) error {
	l, err := listen()
	if err != nil {
		return err
	}
	defer l.Close()
	served := start(1, func(int) {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for r, w := bufio.NewReader(c), bufio.NewWriter(c); ; w.Flush() {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			w.WriteString(line)
		}
	})
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	answers := start(1, func(int) { io.Copy(io.Discard, c) })
	every(ctx, 3*time.Second, func() { fmt.Fprintln(c, "question") })
	c.Close()
	answers()
	served()
	return nil
}
