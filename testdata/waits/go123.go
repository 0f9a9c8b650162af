//go:build go1.23

package main

import (
	"iter"
	"time"
)

func init() { starters = append(starters, startIter) }

var gNext func() (int, bool)

// startIter waits in iterators and for them.
//
//go:noinline
func startIter() {
	ch := make(chan int)
	over := func(yield func(int) bool) {
		for v := range ch { // leak: in an iterator
			if !yield(v) {
				return
			}
		}
	}
	go func() {
		for range over { // leak: over a function
		}
	}()
	go func() {
		next, stop := iter.Pull(blocked(make(chan int)))
		defer stop()
		next() // leak: the other half of a coroutine, which waits for what nobody sends
	}()
	next, _ := iter.Pull(counted)
	next()
	gNext = next
	inPull := make(chan int)
	go func() {
		next, stop := iter.Pull(func(yield func(int) bool) {
			yield(1) // goroutine: it will call stop
			close(inPull)
		})
		defer stop()
		next()
		time.Sleep(time.Hour) // timer
	}()
	go func() {
		<-inPull // goroutine: an iterator that is suspended has it
	}()
}

func blocked(ch chan int) iter.Seq[int] {
	return func(yield func(int) bool) {
		yield(<-ch) // leak: in an iterator of Pull
	}
}

func counted(yield func(int) bool) {
	for i := 0; yield(i); i++ { // global gNext
	}
}
