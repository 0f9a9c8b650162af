// Each request has a read transaction, for which it takes a token, and opens a second one for what it calls: with enough requests all have the first and want the second.
package main

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

type store struct{ readers *semaphore.Weighted }

func (s *store) view(f func()) error {
	if err := s.readers.Acquire(context.Background(), 1); err != nil { // @take
		return err
	}
	defer s.readers.Release(1)
	f()
	return nil
}

func (s *store) call() {
	s.view(func() { // @outer
		time.Sleep(20 * time.Millisecond)
		s.view(func() {}) // @inner
	})
}

func main() {
	s := &store{semaphore.NewWeighted(4)}
	for range 8 {
		go s.call()
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
