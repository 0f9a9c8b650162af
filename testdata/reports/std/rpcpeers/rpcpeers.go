// Package rpcpeers has two peers in one program that ask each other with their locks held, which the handlers of both need.
package rpcpeers

import (
	"net"
	"net/http"
	"net/rpc"
	"sync"
	"time"
)

// A Peer is one of two.
type Peer struct {
	mu    sync.Mutex
	other *rpc.Client
}

// Get tells what the peer has.
func (p *Peer) Get(key string, reply *string) error {
	p.mu.Lock() // @get
	defer p.mu.Unlock()
	*reply = key
	return nil
}

// Sync asks the other one what that has.
func (p *Peer) Sync(key string, reply *string) error {
	p.mu.Lock() // @lock
	defer p.mu.Unlock()
	time.Sleep(100 * time.Millisecond)
	return p.other.Call("Peer.Get", key, reply) // @call
}

func Main() {
	var peers [2]Peer
	for i := range peers {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		server := rpc.NewServer()
		server.Register(&peers[i])
		go server.Accept(ln)
		if peers[1-i].other, err = rpc.Dial("tcp", ln.Addr().String()); err != nil {
			panic(err)
		}
	}
	for i := range peers {
		go peers[i].other.Call("Peer.Sync", "a", new(string))
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
