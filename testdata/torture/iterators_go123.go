package main

import (
	"iter"
	"sync"
)

func init() {
	add("go1.23", iterators)
}

func fromChan[T any](ch <-chan T) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		i := 0
		for v := range ch {
			if !yield(i, v) {
				return
			}
			i++
		}
	}
}

func iterators() {
	var mu sync.Mutex
outer:
	for i, v := range fromChan(closed(1, 2, 3, 4)) {
		mu.Lock()
		say(i, v)
		mu.Unlock()
		for w := range closed(v) {
			if w == 1 {
				continue outer
			}
			if w == 3 {
				break outer
			}
			defer say("deferred", w)
		}
		select {
		case x := <-buf(v):
			say(x, <-buf(1))
			continue outer
		default:
		}
	}
	next, stop := iter.Pull2(fromChan(closed(5, 6)))
	say(next())
	stop()
	say(<-found(closed(7, 8)))
	try("in an iterator", func() {
		for range fromChan(closed(1)) {
			closed() <- 1
		}
	})
}

func found(ch <-chan int) chan int {
	for _, v := range fromChan(ch) {
		out := make(chan int, 1)
		out <- v
		return out
	}
	return nil
}
