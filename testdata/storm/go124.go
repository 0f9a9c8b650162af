//go:build go1.24

package main

import (
	"iter"
	"runtime"
	"sync"
	"time"
	"weak"
)

func init() {
	parts = append(parts, &part{name: "cleanup", f: cleanup}, &part{name: "weak", f: weakly}, &part{name: "iter", f: pulled})
}

type object struct {
	ch  chan int
	pad [4]*int
}

// cleanup is woken by the collector alone.
func cleanup() {
	ch := make(chan int)
	runtime.AddCleanup(&object{}, func(ch chan int) { close(ch) }, ch)
	<-ch
}

// weakly is woken by who has a weak pointer alone.
func weakly() {
	var wg sync.WaitGroup
	o := &object{ch: make(chan int)}
	w := weak.Make(o)
	wg.Add(1)
	go func(o *object) {
		wg.Done()
		<-o.ch
		runtime.KeepAlive(o)
	}(o)
	wg.Wait()
	time.Sleep(50 * time.Microsecond)
	if o := w.Value(); o != nil {
		o.ch <- 1
	}
}

func pulled() {
	ch := make(chan int)
	next, stop := iter.Pull(func(yield func(int) bool) {
		for v := range ch {
			if !yield(v) {
				return
			}
		}
	})
	defer stop()
	go func() {
		ch <- 1
		ch <- 2
		close(ch)
	}()
	for _, ok := next(); ok; _, ok = next() {
	}
}
