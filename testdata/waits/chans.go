package main

import (
	"fmt"
	"runtime"
)

// startChans waits on channels that nobody else has.
//
//go:noinline
func startChans() {
	for i := 0; i < 3; i++ {
		ch := make(chan int)
		go func() {
			<-ch // leak
		}()
	}
	send := make(chan int)
	go func() {
		send <- 1 // leak
	}()
	full := make(chan string, 1)
	full <- "one"
	go func() {
		full <- "two" // leak
	}()
	ranged := make(chan *int, 4)
	ranged <- new(int)
	go func() {
		for range ranged { // leak
		}
	}()
	empty := make(chan struct{})
	go func() {
		_, ok := <-empty // leak
		fmt.Println(ok)
	}()
	a, b := make(chan int), make(chan int)
	go func() {
		select { // leak: two cases
		case <-a:
		case b <- 1:
		}
	}()
	var none chan int
	half := make(chan int)
	go func() {
		select { // leak: a case that is nil
		case <-none:
		case <-half:
		}
	}()
	go func() {
		<-none // leak: nil
	}()
	go func() {
		none <- 1 // leak: nil
	}()
	go func() {
		select { // leak: all nil
		case <-none:
		case none <- 1:
		}
	}()
	go func() {
		select {} // leak
	}()
	startDeferred()
	startGeneric(1)
	startGeneric("one")
	large()
}

// startDeferred waits on a channel that a deferred closure on the heap has.
//
//go:noinline
func startDeferred() {
	go func() {
		ch := make(chan int)
		for i := 0; i < 2; i++ {
			defer func() { close(ch) }()
		}
		<-ch // leak: only its own deferred calls have it
	}()
	go func() {
		ch := make(chan int)
		defer func() {
			if recover() != nil {
				<-ch // leak: in a deferred call of a panic
			}
		}()
		panic("on purpose")
	}()
}

type box[T any] struct {
	name  string
	value chan T
}

func (b *box[T]) take() T {
	return <-b.value // leak: of a generic type
}

//go:noinline
func startGeneric[T any](T) {
	b := &box[T]{"box", make(chan T)}
	go b.take()
}

// large keeps memory alive.
//
//go:noinline
func large() {
	ch, b := make(chan int), make([]byte, 8<<20)
	for i := range b {
		b[i] = 1
	}
	go func() {
		<-ch // leak: keeps 8 MiB
		fmt.Println(len(b))
	}()
}

// startStacks waits with the channel in odd places of the stack.
//
//go:noinline
func startStacks() {
	go func() {
		var pad [1 << 12]chan int
		pad[100] = make(chan int)
		deep(&pad, 50)
	}()
	go func() {
		runtime.LockOSThread()
		ch := make(chan int)
		<-ch // leak: on a thread of its own
	}()
	m := map[string]chan int{"a": make(chan int)}
	go func() {
		for _, ch := range m {
			<-ch // leak: while it ranges over a map
		}
	}()
	go variadic(make(chan int), make(chan int))
	var i interface{ wait() } = waiter{make(chan bool), 1}
	go i.wait()
	f := waiter{make(chan bool), 2}.again
	go f()
}

//go:noinline
func deep(pad *[1 << 12]chan int, n int) int {
	if n == 0 {
		return <-pad[100] // leak: in an array on the stack of a frame far outside
	}
	return deep(pad, n-1) + n
}

//go:noinline
func variadic(list ...chan int) {
	for _, ch := range list {
		ch <- 1 // leak: of variadic arguments
	}
}

type waiter struct {
	ch chan bool
	n  int
}

func (w waiter) wait() {
	<-w.ch // leak: through an interface
}

func (w waiter) again() {
	<-w.ch // leak: as a method value
}
