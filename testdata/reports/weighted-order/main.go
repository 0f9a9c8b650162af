// A semaphore serves in order: who has one token and wants a second stands behind a large request, which waits for the first.
package main

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

type buffers struct{ free *semaphore.Weighted }

func (b *buffers) stream() {
	b.free.Acquire(context.Background(), 1)
	time.Sleep(100 * time.Millisecond)
	b.free.Acquire(context.Background(), 1) // @second
	b.free.Release(2)
}

func (b *buffers) snapshot() {
	b.free.Acquire(context.Background(), 8) // @large
	b.free.Release(8)
}

func main() {
	b := &buffers{semaphore.NewWeighted(8)}
	go b.stream()
	time.Sleep(30 * time.Millisecond)
	go b.snapshot()
	http.ListenAndServe("127.0.0.1:0", nil)
}
