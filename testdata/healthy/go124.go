//go:build go1.24

package main

import (
	"context"
	"iter"
	"runtime"
	"time"
	"weak"
)

func init() {
	programs["pulled"] = pulled
	programs["cleanup"] = cleanup
	programs["weak-pointer"] = weakPointer
}

// cleanup waits for a channel that a cleanup closes.
func cleanup(ctx context.Context) error {
	r, cleaned := &resource{name: "cleaned"}, make(chan struct{})
	runtime.AddCleanup(r, func(c chan struct{}) { close(c) }, cleaned)
	return untilCollected(ctx, r, cleaned)
}

// weakPointer waits for a channel that another goroutine has a weak pointer to.
func weakPointer(ctx context.Context) error {
	r := &resource{"weak", make(chan struct{})}
	w := weak.Make(r)
	go func() {
		<-ctx.Done()
		if r := w.Value(); r != nil {
			close(r.done)
		}
	}()
	start(1, func(int) {
		<-r.done
		runtime.KeepAlive(r)
	})()
	return nil
}

// pulled asks an iterator for a value now and then, and keeps others for later, in a map.
func pulled(ctx context.Context) error {
	numbers := func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	}
	next, stop := iter.Pull(iter.Seq[int](numbers))
	defer stop()
	kept := make(map[string]func() (int, bool))
	for _, name := range []string{"a", "b"} {
		next, stop := iter.Pull(iter.Seq[int](numbers))
		defer stop()
		kept[name] = next
	}
	every(ctx, 3*time.Second, func() { next() })
	for _, next := range kept {
		next()
	}
	return nil
}
