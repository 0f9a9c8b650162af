// Package waiternotify notifies waiters under its lock, by a select that a context may end; a waiter that wants that lock does not take what it is sent.
package waiternotify

import (
	"context"
	"net/http"
	"sync"
	"time"
)

type waiter struct {
	events chan string
	stop   chan struct{}
}

type queries struct {
	mu      sync.Mutex
	waiters map[string]*waiter
}

func (q *queries) notify(ctx context.Context, event string) {
	q.mu.Lock() // @lock
	defer q.mu.Unlock()
	for _, w := range q.waiters {
		select { // @notify
		case w.events <- event:
		case <-w.stop:
		case <-ctx.Done():
		}
	}
}

func (q *queries) progress(id string) int {
	q.mu.Lock() // @progress
	defer q.mu.Unlock()
	return len(q.waiters[id].events)
}

func (q *queries) wait(id string) {
	for range q.waiters[id].events {
		time.Sleep(10 * time.Millisecond)
		q.progress(id)
	}
}

func Main() {
	ctx, cancel := context.WithCancel(context.Background())
	q := &queries{waiters: map[string]*waiter{"q1": {make(chan string), make(chan struct{})}}}
	srv := &http.Server{Addr: "127.0.0.1:0"}
	srv.RegisterOnShutdown(cancel)
	go q.wait("q1")
	go func() {
		for ctx.Err() == nil {
			q.notify(ctx, "closer nodes")
		}
	}()
	srv.ListenAndServe()
}
