// Package handlerpanic serves requests with a handler that panics with a lock held. Package net/http recovers it, and the next requests wait for the lock.
package handlerpanic

import (
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

type stats struct {
	mu   sync.Mutex
	hits map[string]int // nobody has made it
}

func (s *stats) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock() // @lock
	s.hits[r.URL.Path]++
	s.mu.Unlock()
}

func Main() {
	log.SetOutput(io.Discard)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i := range 4 {
		go func() {
			time.Sleep(time.Duration(i) * 50 * time.Millisecond)
			http.Get("http://" + l.Addr().String()) // @get
		}()
	}
	http.Serve(l, &stats{})
}
