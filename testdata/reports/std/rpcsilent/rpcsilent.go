// Package rpcsilent calls a server that does not answer: the call has no deadline, and its caller holds a lock.
package rpcsilent

import (
	"net"
	"net/http"
	"net/rpc"
	"sync"
	"time"
)

// Store is the service.
type Store struct{ never chan int }

// Get does not answer.
func (s *Store) Get(key string, reply *int) error {
	*reply = <-s.never
	return nil
}

type cached struct {
	mu     sync.Mutex
	client *rpc.Client
	values map[string]int
}

func (c *cached) get(key string) (int, error) {
	c.mu.Lock() // @lock
	defer c.mu.Unlock()
	if v, ok := c.values[key]; ok {
		return v, nil
	}
	var v int
	err := c.client.Call("Store.Get", key, &v) // @call
	c.values[key] = v
	return v, err
}

func Main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	srv := rpc.NewServer()
	srv.Register(&Store{make(chan int)})
	go srv.Accept(ln)
	client, err := rpc.Dial("tcp", ln.Addr().String())
	if err != nil {
		panic(err)
	}
	c := &cached{client: client, values: map[string]int{}}
	go c.get("a")
	time.Sleep(50 * time.Millisecond)
	for range 5 {
		go c.get("a")
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
