// Package owednone counts a task before it is known whether the queue takes it.
package owednone

import (
	"context"
	"net/http"
	"sync"
	"time"
)

type group struct {
	wg    sync.WaitGroup
	slots chan struct{}
}

func (g *group) start(ctx context.Context, task func()) error {
	g.wg.Add(1) // @add
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	go func() {
		defer g.wg.Done()
		task()
		<-g.slots
	}()
	return nil
}

func batch(ctx context.Context) {
	g := &group{slots: make(chan struct{}, 1)}
	for range 4 {
		g.start(ctx, func() { time.Sleep(200 * time.Millisecond) })
	}
	g.wg.Wait() // @wait
}

func Main() {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	go batch(ctx)
	http.ListenAndServe("127.0.0.1:0", nil)
}
