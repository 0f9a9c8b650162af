//go:build go1.24

package main

import (
	"context"
	"runtime"
	"weak"
)

func init() {
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
