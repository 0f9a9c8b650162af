package main

import (
	"context"
	"sync"
	"time"
)

type hub[T any] struct {
	in   chan T
	quit chan struct{}
	wg   sync.WaitGroup
	mu   sync.Mutex
	cond *sync.Cond
}

func newHub[T any]() *hub[T] {
	h := &hub[T]{in: make(chan T), quit: make(chan struct{})}
	h.cond = sync.NewCond(&h.mu)
	return h
}

func (h *hub[T]) one() {
	<-h.in // leak: method of a generic type
}

func (h *hub[T]) all() {
	for range h.in { // leak: range in a method of a generic type
	}
}

func (h *hub[T]) either() {
	select { // leak: select of receives in a method
	case <-h.in:
	case <-h.quit:
	}
}

func (h *hub[T]) nested() {
	for {
		select { // leak: for select
		case v := <-h.in:
			select {
			case h.in <- v:
			case <-h.quit:
				return
			}
		case <-h.quit:
			return
		}
	}
}

func (h *hub[T]) group() {
	h.wg.Wait() // leak: WaitGroup
}

func (h *hub[T]) signal() {
	h.mu.Lock()
	h.cond.Wait() // leak: Cond
	h.mu.Unlock()
}

func inner() {
	outer, in := make(chan int), make(chan int)
	go func() {
		select {
		case outer <- 1:
		default:
			select { // leak: nested select in a literal
			case <-outer:
			case <-in:
			}
		}
	}()
}

func results() {
	res := make(chan int)
	go func() {
		v, ok := <-res // leak: receive with ok in a literal
		_, _ = v, ok
	}()
	errs := make(chan error, 1)
	go func() {
		if err := <-errs; err != nil { // leak: receive in an if
			panic(err)
		}
	}()
}

func merged() {
	a, b := make(chan int), make(chan int)
	out := make(chan int)
	for _, c := range []chan int{a, b} {
		go func() {
			for v := range c { // leak: several per place
				out <- v
			}
		}()
	}
}

func timerBeside() {
	c := make(chan int)
	go func() {
		t := time.NewTimer(time.Millisecond)
		defer t.Stop()
		<-t.C
		select { // leak: a timer beside that has fired
		case <-c:
		case <-t.C:
		}
	}()
	s := time.AfterFunc(time.Hour, func() {})
	go func() {
		<-c // leak: a timer that has nothing to do with it
		s.Stop()
	}()
}

func contexts() {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	go func() {
		<-ctx.Done() // leak: cancel is forgotten
	}()
	go func() {
		c := make(chan int)
		select { // leak: a context beside
		case <-c:
		case <-ctx.Done():
		}
	}()
}

func waitsForLeak() {
	var wg sync.WaitGroup
	never := make(chan int)
	for range 3 {
		wg.Go(func() {
			<-never // leak: behind a group
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait() // leak: group of those that leak
		close(done)
	}()
	go func() {
		<-done // leak: behind who waits for the group
	}()
}

func waitsInAFunc(c <-chan int) int { return <-c } // leak: in a function

func startReceives() {
	go newHub[int]().one()
	go newHub[string]().all()
	go newHub[struct{}]().either()
	go newHub[[]int]().nested()
	h := newHub[error]()
	h.wg.Add(1)
	go h.group()
	go newHub[byte]().signal()
	inner()
	results()
	merged()
	timerBeside()
	contexts()
	waitsForLeak()
	go waitsInAFunc(make(chan int))
	go func(c chan int) {
		println(<-c + waitsInAFunc(c)) // leak: in an expression
	}(make(chan int))
}
