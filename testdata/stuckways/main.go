// Stuckways is stuck in one way for each thing that a record holds: locks, facts of channels and WaitGroups, selects,
// calls inside calls, locks whose holders have exited. scripts/oldrecord keeps its record for later versions to read.
//
// It writes "ready" when all goroutines wait.
package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

func main() {
	for _, start := range []func(){crossed, crossed, abandoned, owed, signalled, queued, chosen, nested, ordered} {
		start()
	}
	time.Sleep(500 * time.Millisecond)
	fmt.Println("ready")
	time.Sleep(time.Hour)
}

// crossed has two goroutines that take two locks in opposite orders, and one that waits for both.
func crossed() {
	var a, b sync.Mutex
	both := make(chan int)
	first := func(x, y *sync.Mutex) {
		x.Lock()
		defer x.Unlock()
		time.Sleep(20 * time.Millisecond)
		y.Lock()
		defer y.Unlock()
		both <- 1
	}
	go first(&a, &b)
	go first(&b, &a)
	go func() { fmt.Println(<-both) }()
}

// abandoned has a lock for reading whose holder has exited, and a writer that waits for it.
func abandoned() {
	var table sync.RWMutex
	gone := make(chan bool)
	go func() {
		defer close(gone)
		table.RLock()
	}()
	<-gone
	go func() {
		table.Lock()
		defer table.Unlock()
	}()
}

// owed has a WaitGroup of which one Done of two is missing.
func owed() {
	var jobs sync.WaitGroup
	jobs.Add(2)
	for i := 0; i < 2; i++ {
		go func(last bool) {
			if last {
				return // the bug
			}
			jobs.Done()
		}(i == 1)
	}
	go jobs.Wait()
}

// signalled has a Cond whose only signal came too early.
func signalled() {
	var mu sync.Mutex
	ready := sync.NewCond(&mu)
	ready.Signal()
	go func() {
		mu.Lock()
		defer mu.Unlock()
		ready.Wait()
	}()
}

// queued has a full channel with senders, whose receiver has exited after two values.
func queued() {
	results := make(chan int, 3)
	go func() {
		fmt.Fprintln(os.Stderr, <-results, <-results)
	}()
	for i := 0; i < 8; i++ {
		go func(i int) { results <- i }(i)
	}
}

// chosen has selects: one that waits, and one in a loop whose ticker goes on.
func chosen() {
	work, quit := make(chan string), make(chan struct{})
	go func() {
		select {
		case work <- "nobody takes it":
		case <-quit:
		}
	}()
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		for {
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	}()
}

// A feed reads what its channel gives, and holds its lock meanwhile.
type feed struct {
	mu   sync.Mutex
	data chan []byte
}

func (f *feed) Read(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return copy(b, <-f.data), nil
}

// nested has a call that calls a method of the program, which waits.
func nested() {
	f := &feed{data: make(chan []byte)}
	go io.ReadAll(f)
	time.Sleep(20 * time.Millisecond)
	go f.Read(nil)
}

// ordered takes two locks in two orders, one after the other, so that nobody waits: with AWAITTRACE_LOCK_ORDER=on.
func ordered() {
	var first, second sync.Mutex
	both := func(x, y *sync.Mutex) {
		x.Lock()
		y.Lock()
		y.Unlock()
		x.Unlock()
	}
	done := make(chan bool)
	go func() {
		both(&first, &second)
		done <- true
	}()
	<-done
	go both(&second, &first)
}
