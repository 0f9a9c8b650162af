package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Each of these is the twin of a hang: the same waits, and somebody who ends them in time.

// closedSessions keep a read lock while they send in a select, and are closed by who first cancels the context that ends it.
func closedSessions(ctx context.Context) error {
	for ctx.Err() == nil {
		var mu sync.RWMutex
		out := make(chan int, 10)
		inner, cancel := context.WithCancel(ctx)
		wait := start(3, func(int) {
			mu.RLock()
			defer mu.RUnlock()
			for {
				select {
				case out <- 1:
				case <-inner.Done():
					return
				}
			}
		})
		time.Sleep(3 * time.Second)
		cancel()
		mu.Lock()
		close(out)
		mu.Unlock()
		wait()
	}
	return nil
}

// notified is told of events under a lock, by a select that its end would end, too, and asks for the same lock in another goroutine than the one that takes them.
func notified(ctx context.Context) error {
	var mu sync.Mutex
	events, count := make(chan int), 0
	wait := start(2, func(i int) {
		if i == 0 {
			for range events {
				time.Sleep(200 * time.Millisecond)
			}
			return
		}
		for ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			mu.Lock()
			count++
			mu.Unlock()
		}
	})
	for n := 0; ctx.Err() == nil; n++ {
		mu.Lock()
		select {
		case events <- n:
		case <-ctx.Done():
		}
		mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	close(events)
	wait()
	return nil
}

// reconnects has a queue of requests that is full while the loop that sends them has ended with its connection, until there is another one.
func reconnects(ctx context.Context) error {
	requests := make(chan chan int, 4)
	loops := start(1, func(int) {
		for {
			open := true
			start(1, func(int) { open = answerSome(requests, 40) })()
			if !open {
				return
			}
			time.Sleep(2500 * time.Millisecond)
		}
	})
	start(8, func(int) {
		for ctx.Err() == nil {
			back := make(chan int, 1)
			requests <- back
			<-back
		}
	})()
	close(requests)
	loops()
	return nil
}

// answerSome answers n requests, and reports whether there may be more.
func answerSome(requests chan chan int, n int) bool {
	for ; n > 0; n-- {
		back, ok := <-requests
		if !ok {
			return false
		}
		back <- n
	}
	return true
}

// putBack has consumers of a full queue that put back what they could not do, and wait for each other to take something out.
func putBack(ctx context.Context) error {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	const room = 8
	length := 0
	put := func() {
		mu.Lock()
		defer mu.Unlock()
		for length == room && ctx.Err() == nil {
			cond.Wait()
		}
		length++
		cond.Broadcast()
	}
	take := func() {
		mu.Lock()
		defer mu.Unlock()
		for length == 0 && ctx.Err() == nil {
			cond.Wait()
		}
		length--
		cond.Broadcast()
	}
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		cond.Broadcast()
	})
	defer stop()
	start(6, func(i int) {
		for n := 0; ctx.Err() == nil; n++ {
			switch {
			case i < 4:
				put()
			case n%2 == 0:
				take()
				put()
			default:
				time.Sleep(100 * time.Millisecond)
				take()
			}
		}
	})()
	return nil
}

// recovered has tasks of which some panic, which is recovered: their Dones are deferred. The others take two seconds.
func recovered(ctx context.Context) error {
	for ctx.Err() == nil {
		wait := start(4, func(i int) {
			defer func() { recover() }()
			if i == 0 {
				panic(errors.New("malformed"))
			}
			time.Sleep(2 * time.Second)
		})
		start(2, func(int) { wait() })()
	}
	return nil
}

// A list calls a function for each item, and for each that it drops, without its lock.
type list struct {
	mu      sync.RWMutex
	items   []int
	dropped func(int)
}

func (l *list) add(v int) {
	l.mu.Lock()
	l.items = append(l.items, v)
	old := -1
	if len(l.items) > 4 {
		old, l.items = l.items[0], l.items[1:]
	}
	l.mu.Unlock()
	if old >= 0 {
		l.dropped(old)
	}
}

func (l *list) size() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.items)
}

// callbacks use the list that calls them, slowly.
func callbacks(ctx context.Context) error {
	l := &list{}
	l.dropped = func(int) {
		for n := 0; n < l.size(); n++ {
			time.Sleep(400 * time.Millisecond)
		}
	}
	start(4, func(i int) {
		for ctx.Err() == nil {
			l.add(i)
		}
	})()
	return nil
}
