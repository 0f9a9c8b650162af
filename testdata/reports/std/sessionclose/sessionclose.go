// Package sessionclose has a session whose send keeps a read lock while it waits in a select; its Close wants the lock before it cancels the context that
// would end that wait.
package sessionclose

import (
	"context"
	"net/http"
	"sync"
	"time"
)

type session struct {
	mu     sync.RWMutex
	out    chan string
	ctx    context.Context
	cancel context.CancelFunc
}

func (s *session) send(m string) error {
	s.mu.RLock() // @read
	defer s.mu.RUnlock()
	select { // @send
	case s.out <- m:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *session) info() int {
	s.mu.RLock() // @info
	defer s.mu.RUnlock()
	return len(s.out)
}

func (s *session) Close() {
	s.mu.Lock() // @close
	defer s.mu.Unlock()
	s.cancel()
	close(s.out)
}

func Main() {
	s := &session{out: make(chan string, 10)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go func() {
		for s.send("m") == nil {
		}
	}()
	time.Sleep(100 * time.Millisecond)
	go s.Close()
	time.Sleep(100 * time.Millisecond)
	for range 3 {
		go s.info()
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
