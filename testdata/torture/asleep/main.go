// Asleep ends in every way that makes the runtime find all goroutines asleep. It is a program of its own because the
// runtime does not look for this where cgo is linked in, which package net does.
package main

import (
	"os"
	"sync"

	"awaittrace.test/torture/trace"
)

var names = []string{"recv", "send", "range", "nil", "select", "select2", "lock", "rlock", "wait", "cond", "once", "two"}

var ends = map[string]func(){
	"recv": func() { <-make(chan int) },
	"send": func() {
		make(chan int) <- 1
	},
	"range": func() {
		for range make(chan int) {
		}
	},
	"nil": func() {
		var ch chan int
		ch <- 1
	},
	"select": func() { select {} },
	"select2": func() {
		select {
		case <-make(chan int):
		case make(chan int) <- 1:
		}
	},
	"lock": func() {
		var mu sync.Mutex
		mu.Lock()
		mu.Lock()
	},
	"wait": func() {
		var wg sync.WaitGroup
		wg.Add(1)
		wg.Wait()
	},
	"rlock": func() {
		var mu sync.RWMutex
		mu.Lock()
		defer mu.RUnlock()
		mu.RLock()
	},
	"cond": func() {
		cond := sync.NewCond(new(sync.Mutex))
		cond.L.Lock()
		cond.Wait()
	},
	"once": func() {
		var once sync.Once
		once.Do(func() {
			once.Do(func() {})
		})
	},
	"two": func() {
		a, b := make(chan int), make(chan int)
		go func() {
			a <- 1
			b <- 1
		}()
		<-b
		<-a
	},
}

func main() {
	if len(os.Args) == 2 {
		ends[os.Args[1]]()
		return
	}
	for _, name := range names {
		trace.Die(os.Stdout, name)
	}
}
