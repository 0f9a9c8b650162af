package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"time"
)

var jobs = make(chan int)
var registry = map[string]*hub[int16]{}
var slow sync.Mutex

func startHealthy() {
	go func() {
		for range jobs { // fine: a global
		}
	}()
	h := newHub[int16]()
	registry["a"] = h
	h.wg.Add(1)
	go func() {
		h.wg.Wait() // fine: global map
	}()
	go func() {
		select { // fine: global map
		case <-h.in:
		case <-h.quit:
		}
	}()
	late := make(chan int)
	time.AfterFunc(time.Hour, func() { late <- 1 })
	go func() {
		<-late // fine: AfterFunc
	}()
	go func() {
		c := make(chan int)
		select { // fine: time.After
		case <-c:
		case <-time.After(time.Hour):
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	_ = cancel
	go func() {
		<-ctx.Done() // fine: WithTimeout
	}()
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, os.Interrupt)
	go func() {
		<-sig // fine: signal
	}()
	// A lock that is held for long by who sleeps.
	go func() {
		slow.Lock()
		time.Sleep(time.Hour) // fine: sleeps with a lock
		slow.Unlock()
	}()
	time.Sleep(step)
	go func() {
		slow.Lock() // any: it is known only to wait
		slow.Unlock()
	}()
	stale()
	contended(new(pair))
	contended(&pairs[1])
	shardsWait(shards[:3], 0, 1)
	shardsWait(shards[3:], 1, 0)
	shardsWait(make([]account, 3), 0, 1)
	shardsWait(make([]account, 3), 1, 0)
	shardsWait(make([]account, 300), 0, 1)
}

type pair struct {
	a, b sync.Mutex
	n    int
}

var pairs [2]pair
var shards [6]account

// shardsWait has goroutines that hold an element of a list each, and wait for another. One that sleeps holds the last,
// which does not show.
func shardsWait(list []account, i, j int) {
	go holdFor(&list[2].mu, time.Hour)
	go pass(&list[i], &list[2])
	go pass(&list[j], &list[i])
}

//go:noinline
func holdFor(l sync.Locker, d time.Duration) {
	l.Lock()
	time.Sleep(d)
	l.Unlock()
}

//go:noinline
func pass(from, to *account) {
	from.mu.Lock()
	time.Sleep(step)
	to.mu.Lock() // fine: who holds the last sleeps
	to.n++
	to.mu.Unlock()
	from.mu.Unlock()
}

// stale has goroutines that have a lock at hand that they do not hold.
func stale() {
	p := new(pair)
	hold := func(d time.Duration) func() {
		p.a.Lock()
		return func() { time.Sleep(d); p.a.Unlock() }
	}
	go func() {
		p.b.Lock()
		time.Sleep(2 * step)
		p.a.Lock() // any: no deadlock, for who holds a sleeps
		p.a.Unlock()
		p.b.Unlock()
	}()
	go func() {
		p.a.Lock()
		p.a.Unlock()
		time.Sleep(3 * step)
		p.b.Lock() // any: no deadlock, for who holds a sleeps
		p.a.Lock()
		p.a.Unlock()
		p.b.Unlock()
	}()
	go func() {
		time.Sleep(step)
		hold(time.Hour)()
	}()
}

// contended takes two locks in the same order all the time, and one after the other.
func contended(p *pair) {
	for i := range 8 {
		go func() {
			for {
				p.a.Lock()
				if i%2 == 0 {
					p.a.Unlock()
				}
				p.b.Lock()
				p.n++
				time.Sleep(time.Millisecond)
				p.b.Unlock()
				if i%2 != 0 {
					p.a.Unlock()
				}
			}
		}()
	}
}
