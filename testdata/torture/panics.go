package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	"awaittrace.test/torture/trace"
)

func init() {
	add("panic-chan", chanPanics)
	add("panic-norace", noRacePanics)
	add("panic-lock", lockPanics)
	add("panic-misc", otherPanics)
	add("panic-stack", stacks)
	add("fatal", fatal)
}

func chanPanics() {
	cl := closed()
	var none chan int
	try("send on closed", func() { cl <- 1 })
	try("send on closed, lines", func() {
		c("cl",
			cl) <- n(1)
	})
	try("send on closed, lines 2", func() {
		cl <- n(
			1)
	})
	try("select send on closed", func() {
		select {
		case <-none:
		case cl <- 1:
			say("never")
		}
	})
	try("select send on closed, default", func() {
		select {
		case cl <- 1:
			say("never")
		default:
			say("never")
		}
	})
	try("close of closed", func() { close(cl) })
	try("close of nil", func() { close(none) })
	try("close, lines", func() {
		close(
			c("cl",
				cl))
	})
	try("deferred close", func() {
		defer close(cl)
		say("before")
	})
	try("deferred close of nil", func() {
		defer close(none)
		say("before")
	})
	try("make", func() { _ = make(chan int, n(-1)) })
	try("make, named", func() {
		_ = make(
			namedChan,
			n(-1))
	})
	try("make, huge", func() { _ = make(chan int, n(int(^uint(0)>>2))) })
	try("value panics", func() { c("cl", cl) <- int([]byte(nil)[n(0)]) })
	try("field panics", func() {
		var p *pair
		cl <- p.a
	})
	try("index panics", func() { buf() <- []int{}[n(0)] })
	try("division panics", func() {
		zero := n(0)
		buf() <- 1 / zero
	})
	try("slice panics", func() { make(chan []int, 1) <- []int{}[n(1):] })
	try("assertion panics", func() {
		var i interface{} = 1
		make(chan string, 1) <- i.(string)
	})
	try("key panics", func() { make(chan map[interface{}]int, 1) <- map[interface{}]int{interface{}([]int{}): 1} })
	try("comparison panics", func() {
		var a, b interface{} = []int{}, []int{}
		make(chan bool, 1) <- a == b
	})
	try("channel panics, simple value", func() {
		(*chanStruct)(nil).c <- 1
	})
	try("receive with ok from a nil struct", func() {
		v, ok := <-(*chanStruct)(nil).c
		say("never", v, ok)
	})
	try("index, with ok", func() {
		var ok bool
		[]int{}[n(0)], ok = <-c("evaluated", buf(1))
		say("never", ok)
	})
	try("channel panics", func() { (*chanStruct)(nil).c <- n(1) })
	try("receive from a nil struct", func() { <-(*chanStruct)(nil).c })
	try("range over a nil struct", func() {
		for range (*chanStruct)(nil).c {
		}
	})
	try("body panics", func() {
		for v := range closed(1) {
			panic(v)
		}
	})
	try("body panics, lines", func() {
		for range closed(1) {
			say("body")
			func() {
				panic(errors.New("in the body"))
			}()
		}
	})
	try("clause panics", func() {
		select {
		case v := <-buf(1):
			_ = []int{}[v]
		}
	})
	try("nil map", func() {
		var m map[string]int
		m[s("k")] = <-buf(1)
	})
	try("index", func() { []int{}[n(0)] = <-c("evaluated", buf(1)) })
	try("nil func", func() { (<-make0())() })
	try("panic with a received value", func() { panic(<-buf(7)) })
	try("type assertion", func() { _ = (<-ifaces("s")).(int) })
}

// noRacePanics are those that the race detector does not take: a send that a close ends is a race, and WaitGroup.Wait leaves
// the detector turned off for the goroutine when it panics.
func noRacePanics() {
	if raceEnabled {
		return
	}
	var wg *sync.WaitGroup
	try("nil waitgroup", func() { wg.Wait() })
	try("nil waitgroup, add", func() { wg.Add(1) })
	try("blocked send on closed", func() {
		ch := make(chan int)
		go func() {
			for i := 0; i < 1000; i++ {
				free(new(sync.Mutex))
			}
			close(ch)
		}()
		ch <- 1
	})
	try("blocked select send on closed", func() {
		ch := make(chan int)
		go close(ch)
		select {
		case ch <- 1:
		case <-(chan int)(nil):
		}
	})
}

func make0() chan func() {
	ch := make(chan func(), 1)
	ch <- nil
	return ch
}

func lockPanics() {
	var mu *sync.Mutex
	var rw *sync.RWMutex
	var l sync.Locker
	var g *guarded
	var cn *counter
	var d deep
	try("nil mutex", func() { mu.Lock() })
	try("nil mutex, unlock", func() { mu.Unlock() })
	try("nil mutex, try", func() { mu.TryLock() })
	try("nil rwmutex", func() { rw.RLock() })
	try("nil rwmutex, lock", func() { rw.Lock() })
	try("nil locker", func() { l.Lock() })
	try("nil locker, deferred", func() {
		defer l.Unlock()
		say("never")
	})
	try("nil locker, go", func() {
		go l.Lock()
	})
	try("nil locker, value", func() {
		f := l.Lock
		say("never")
		f()
	})
	try("nil mutex, deferred", func() {
		defer mu.Unlock()
		say("before")
	})
	try("nil mutex, value", func() {
		f := mu.Lock
		say("before")
		f()
	})
	try("nil struct", func() { g.mu.Lock() })
	try("nil struct, second field", func() { g.rw.RLock() })
	try("nil struct, deferred", func() {
		defer g.rw.Unlock()
		say("never")
	})
	try("nil struct, value", func() {
		f := g.rw.Lock
		say("never")
		f()
	})
	try("nil embedded", func() { cn.Lock() })
	try("nil deep", func() { d.Lock() })
	try("nil deep, deferred", func() {
		defer d.Unlock()
		say("before?")
	})
	try("nil array", func() { g.arr[n(1)].Lock() })
	try("index", func() { []sync.Mutex{}[n(0)].Lock() })
	try("lines", func() {
		g.
			rw.
			Lock()
	})
	try("locker in a struct", func() { hasLocker{}.Lock() })
	try("locker panics", func() { sync.Locker(valueLocker{}).Lock() })
}

func otherPanics() {
	try("negative counter", func() { new(sync.WaitGroup).Done() })
	try("negative counter, add", func() { new(sync.WaitGroup).Add(n(-2)) })
	try("negative counter, deferred", func() {
		defer new(sync.WaitGroup).Done()
		say("before")
	})
	try("nil cond", func() { (*sync.Cond)(nil).Signal() })
	try("nil once", func() { (*sync.Once)(nil).Do(f0) })
	try("nil function in once", func() { new(sync.Once).Do(nil) })
	try("cond without a lock", func() { sync.NewCond(nil).Wait() })
	try("panic value", func() { new(sync.Once).Do(func() { panic(fmt.Errorf("wrapped %w", os.ErrClosed)) }) })
	try("panic in a deferred function", func() {
		defer func() {
			defer func() { panic(fmt.Sprint("again ", recover())) }()
			close((chan int)(nil))
		}()
		closed() <- 1
	})
	// recover works only in the deferred function itself.
	try("not recovered", func() {
		defer func() { func() { recover() }() }()
		closed() <- 1
	})
	func() {
		defer func() { say("recovered", recover()) }()
		closed() <- 1
	}()
}

func deepest(f func()) {
	defer func() {
		recover()
		for _, frame := range trace.Frames(debug.Stack()) {
			fmt.Println(" ", frame)
		}
	}()
	f()
}

func stacks() {
	deepest(func() { closed() <- 1 })
	deepest(func() { close(closed()) })
	deepest(func() { new(sync.WaitGroup).Done() })
	deepest(func() {
		var l sync.Locker
		l.Lock()
	})
	deepest(func() { (*chanStruct)(nil).c <- 1 })
	deepest(func() {
		select {
		case closed() <- 1:
		}
	})
	ch := make(chan []byte)
	go func() {
		ch <- debug.Stack()
	}()
	for _, frame := range trace.Frames(<-ch) {
		fmt.Println(" ", frame)
	}
}

// fatals end the program in ways that nothing recovers from.
var fatals = map[string]func(){
	"unlock":   func() { new(sync.Mutex).Unlock() },
	"runlock":  func() { new(sync.RWMutex).RUnlock() },
	"rwunlock": func() { defer new(sync.RWMutex).Unlock() },
	"panic":    func() { closed() <- 1 },
	"exit": func() {
		defer say("never")
		os.Exit(n(7))
	},
}

// fatal runs this program again for each of the fatal ends.
func fatal() {
	for _, name := range []string{"unlock", "runlock", "rwunlock", "panic", "exit"} {
		trace.Die(os.Stdout, "fatal", name)
	}
}
