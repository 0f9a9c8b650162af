package main

import (
	"io"
	"sync"
	"time"
)

// What waits here is part of larger objects: a mutex alone shares its 16 bytes with whatever else is small.

type job struct {
	name *string
	wg   sync.WaitGroup
	mu   sync.Mutex
	rw   sync.RWMutex
	cond *sync.Cond
	once sync.Once
}

func newJob() *job {
	j := &job{name: new(string)}
	j.cond = sync.NewCond(&j.mu)
	return j
}

var (
	gGroup = newJob()
	gCond  = newJob()
	gMutex = newJob()
	gRW    = newJob()
	locks  = map[string]*job{}
)

// startSync waits for WaitGroups and Conds.
//
//go:noinline
func startSync() {
	missed := newJob()
	missed.wg.Add(1)
	go func() {
		missed.wg.Wait() // leak
	}()
	gGroup.wg.Add(1)
	go func() {
		gGroup.wg.Wait() // global gGroup
	}()
	owed := newJob()
	owed.wg.Add(1)
	go func() {
		defer owed.wg.Done()
		time.Sleep(time.Hour) // timer
	}()
	go func() {
		owed.wg.Wait() // goroutine
	}()
	var local sync.WaitGroup
	local.Add(1)
	go func() {
		local.Wait() // leak
	}()
	lost := newJob()
	go lost.waitCond()
	go lost.waitCond()
	go func() {
		gCond.mu.Lock()
		gCond.cond.Wait() // global gCond
		gCond.mu.Unlock()
	}()
	signalled := newJob()
	go func() {
		time.Sleep(time.Hour) // timer
		signalled.cond.Signal()
	}()
	go func() {
		signalled.mu.Lock()
		signalled.cond.Wait() // goroutine
		signalled.mu.Unlock()
	}()
	r, w := io.Pipe()
	go func() {
		r.Read(make([]byte, 1)) // leak
	}()
	r2, w2 := io.Pipe()
	go func() {
		w2.Write([]byte("x")) // leak
	}()
	_, _ = w, r2
}

func (j *job) waitCond() {
	j.mu.Lock()
	j.cond.Wait() // leak
	j.mu.Unlock()
}

// startLocks waits for locks.
//
//go:noinline
func startLocks() {
	left := newJob()
	left.mu.Lock()
	go func() {
		left.mu.Lock() // leak
	}()
	gMutex.mu.Lock()
	go func() {
		gMutex.mu.Lock() // global gMutex
	}()
	named := newJob()
	named.mu.Lock()
	locks["x"] = named
	go func() {
		named.mu.Lock() // global locks
	}()
	tiny := new(sync.Mutex)
	tiny.Lock()
	go func() {
		tiny.Lock() // any: what is beside it may be in use
	}()
	held := newJob()
	go func() {
		held.mu.Lock()
		defer held.mu.Unlock()
		time.Sleep(time.Hour) // timer
	}()
	time.Sleep(20 * time.Millisecond)
	go func() {
		held.mu.Lock() // goroutine
	}()
	one, two := newJob(), newJob()
	go func() {
		one.mu.Lock()
		time.Sleep(50 * time.Millisecond)
		two.mu.Lock() // leak: a cycle of two
	}()
	go func() {
		two.mu.Lock()
		time.Sleep(50 * time.Millisecond)
		one.mu.Lock() // leak: a cycle of two
	}()
	readers := newJob()
	readers.rw.RLock()
	go func() {
		readers.rw.Lock() // leak: a reader that never ended
	}()
	time.Sleep(20 * time.Millisecond)
	go func() {
		readers.rw.RLock() // leak: behind that writer
	}()
	gRW.rw.Lock()
	go func() {
		gRW.rw.RLock() // global gRW
	}()
	again := newJob()
	go func() {
		again.mu.Lock()
		again.mu.Lock() // leak: its own
	}()
	locker := newJob()
	locker.rw.Lock()
	go func() {
		l := locker.rw.RLocker()
		l.Lock() // leak: a Locker
	}()
}

var gOnce sync.Once

// startOnce waits in Once.
//
//go:noinline
func startOnce() {
	self := newJob()
	go self.once.Do(func() {
		self.once.Do(func() {}) // leak: a Do in its own Do
	})
	slow, never := newJob(), make(chan int)
	go slow.once.Do(func() {
		<-never // leak: in a Do
	})
	time.Sleep(20 * time.Millisecond)
	go func() {
		slow.once.Do(func() {}) // leak: for that Do
	}()
	inOnce := make(chan int)
	go gOnce.Do(func() {
		<-inOnce // leak: in a Do of a global
	})
	time.Sleep(20 * time.Millisecond)
	go func() {
		gOnce.Do(func() {}) // global gOnce
	}()
	value := sync.OnceValue(func() int { // its closure is on the heap
		return <-make(chan int) // leak
	})
	go value()
	time.Sleep(20 * time.Millisecond)
	go func() {
		value() // leak
	}()
}
