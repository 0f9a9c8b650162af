// Receives only receives, in every kind of wait, for what nobody can send any more. With an argument that is all: the runtime ends it. Without one a
// goroutine goes on.
//
// The comment behind a wait has the kind of finding that it must be, with probes and without; "or" is between the two where they differ.
//
// It writes "ready" when it is about to wait.
package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

type box[T any] struct{ in chan T }

func (b box[T]) get() T {
	return <-b.in // leak
}

func recv[T any](c <-chan T) T {
	return <-c // leak
}

func main() {
	go func() {
		c := make(chan int)
		<-c // leak
	}()
	go func() {
		for range make(chan string) { // leak
		}
	}()
	go func() {
		a, b := make(chan int), make(chan int)
		select { // leak
		case <-a:
		case <-b:
		}
	}()
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		_ = cancel
		<-ctx.Done() // leak
	}()
	go func() {
		var wg sync.WaitGroup
		wg.Add(1)
		wg.Wait() // missing-done or leak
	}()
	go func() {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		mu.Lock()
		c.Wait() // leak
		mu.Unlock()
	}()
	go box[int]{make(chan int)}.get()
	go recv(make(chan error))
	if len(os.Args) == 1 {
		go beat()
	}
	fmt.Println("ready")
	done := make(chan struct{})
	<-done // leak
}

func beat() {
	for {
		time.Sleep(20 * time.Millisecond)
		tick()
	}
}

//go:noinline
func tick() {}
