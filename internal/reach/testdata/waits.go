// Waits has goroutines that wait for a long time, each started by a call of its own function, whose comment says how that can end:
// "leak", never; "live", by what is named after it.
package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

type session struct {
	name string
	done chan struct{}
	mu   sync.Mutex
}

var (
	registry = map[string]*session{}
	global   = make(chan int)
	globalMu sync.Mutex
	shared   = &pool{name: "p", first: &session{name: "s"}, all: []session{{name: "0"}, {name: "1"}}}
)

type pool struct {
	name  string
	locks sync.Locker
	mu    sync.Mutex
	first *session
	all   []session
}

// parameter: leak
func parameter() { param(make(chan int)) }

//go:noinline
func param(c chan int) { <-c }

// captured: leak
func captured() {
	done := make(chan bool)
	func() {
		defer fmt.Println()
		<-done
	}()
}

// field: leak
func field() {
	s := &session{done: make(chan struct{})}
	s.wait()
}

//go:noinline
func (s *session) wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	<-s.done
}

// fieldAfter: leak
func fieldAfter() {
	s := &session{name: "b", done: make(chan struct{})}
	s.use()
}

//go:noinline
func (s *session) use() {
	<-s.done
	fmt.Println(s.name)
}

// lockField: leak
func lockField() {
	s := &session{done: make(chan struct{})}
	go s.wait()
	time.Sleep(time.Millisecond)
	s.lock()
}

//go:noinline
func (s *session) lock() {
	s.mu.Lock()
	fmt.Println(s.name)
}

// selected: leak
func selected() {
	quit, work := make(chan bool), make(chan int)
	s := &session{done: make(chan struct{})}
	for {
		select {
		case <-quit:
		case <-work:
		case <-s.done:
		}
	}
}

// recvLeak: leak
func recvLeak() { <-make(chan int) }

// sendLeak: leak
func sendLeak() { make(chan string) <- "x" }

// selectLeak: leak
func selectLeak() {
	a, b := make(chan int), make(chan error)
	select {
	case <-a:
	case b <- nil:
	}
}

// selectNone: leak
func selectNone() { select {} }

// nilChan: leak
func nilChan() {
	var c chan int
	<-c
}

// nilSelect: leak
func nilSelect() {
	var a, b chan int
	select {
	case <-a:
	case <-b:
	}
}

// waitGroupLeak: leak
func waitGroupLeak() {
	wg := new(sync.WaitGroup)
	wg.Add(1)
	wg.Wait()
}

// condLeak: leak
func condLeak() {
	c := sync.NewCond(new(sync.Mutex))
	c.L.Lock()
	c.Wait()
}

// mutexLeak: leak
func mutexLeak() {
	s := new(session) // a Mutex alone may share its memory with others
	s.mu.Lock()
	s.mu.Lock()
}

// rwmutexLeak: leak
func rwmutexLeak() {
	s := &struct {
		n  int
		mu sync.RWMutex
	}{}
	s.mu.Lock()
	s.mu.RLock()
}

type loader struct {
	n    int
	once sync.Once
	done chan int
}

// onceAgain: leak
func onceAgain() { new(loader).again() }

//go:noinline
func (l *loader) again() { l.once.Do(l.again) }

// onceBehind: leak
func onceBehind() {
	l := &loader{done: make(chan int)}
	go l.runs()
	time.Sleep(time.Millisecond)
	l.once.Do(func() {})
}

//go:noinline
func (l *loader) runs() { l.once.Do(func() { <-l.done }) }

// onceValue: leak
func onceValue() {
	var get func() int
	get = sync.OnceValue(func() int { return get() })
	get()
}

// globalWait: live global main.global
func globalWait() { <-global }

// globalLock: live global main.globalMu
func globalLock() { globalMu.Lock() }

// staticLock: live global main.shared
func staticLock() { shared.mu.Lock() }

// staticWait: live global main.shared.first
func staticWait() { <-shared.first.done }

// staticElem: live global main.shared.all
func staticElem() { <-shared.all[1].done }

// mapWait: live global main.registry
func mapWait() {
	s := &session{name: "a", done: make(chan struct{})}
	registry["a"] = s
	<-s.done
}

// timerWait: live timer
func timerWait() { <-time.After(time.Hour) }

// contextWait: live timer
func contextWait() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	_ = cancel
	<-ctx.Done()
}

// sleeperWait: live goroutine
func sleeperWait() {
	c := make(chan int)
	go sleeper(c)
	<-c
}

// sleeper: other
func sleeper(c chan int) {
	time.Sleep(time.Hour)
	c <- 1
}

// loopWait: live goroutine
func loopWait() {
	c := make(chan int)
	go looper(func() (ranger, bool) { return ranger{1, c}, true })
	<-c
}

// looper: other
func looper(begin func() (ranger, bool)) {
	_atR1, more := begin() // a variable as the rewriter makes it
	for ; more; more = _atR1.next() {
		time.Sleep(time.Hour)
	}
}

type ranger struct {
	site int
	ch   chan int
}

//go:noinline
func (r *ranger) next() bool {
	r.ch <- r.site
	return true
}

// cycleA: leak
func cycleA() {
	a, b := make(chan int), make(chan int)
	go cycleB(a, b)
	<-a
	b <- 1
}

// cycleB: leak
func cycleB(a, b chan int) {
	<-b
	a <- 1
}

// keeper: leak
func keeper() {
	buf := make([]*[1 << 10]byte, 1024)
	for i := range buf {
		buf[i] = new([1 << 10]byte)
	}
	<-make(chan int)
	fmt.Println(buf)
}

// heldFinalizer: leak
func heldFinalizer() { // it holds what would have to be garbage first
	s := &session{done: make(chan struct{})}
	runtime.SetFinalizer(s, func(s *session) { close(s.done) })
	s.use()
}

// finalizerWait: live finalizer
func finalizerWait() {
	s := &session{done: make(chan struct{})}
	runtime.SetFinalizer(s, func(s *session) { close(s.done) })
	<-s.done
}

// otherHolds: leak
func otherHolds() { // what another holds, which waits for ever itself
	s := &session{done: make(chan struct{})}
	done := make(chan bool)
	runtime.SetFinalizer(s, func(*session) { close(done) })
	go s.use()
	<-done
}

// sharedFinalizer: live goroutine
func sharedFinalizer() { // and not by the finalizer
	s := &session{done: make(chan struct{})}
	runtime.SetFinalizer(s, func(s *session) { close(s.done) })
	go sleepWith(s)
	s.last()
}

//go:noinline
func (s *session) last() {
	<-s.done
	fmt.Println(s.name)
}

//go:noinline
func sleepWith(s *session) {
	time.Sleep(time.Hour)
	close(s.done)
}

// crowdWait: live
func crowdWait() { // by as many goroutines as are told, and by a timer that is farther away
	c := make(chan bool)
	for range [8]int{} {
		go sleep(c)
	}
	far := &link{c: c}
	for range [3]int{} {
		far = &link{next: far}
	}
	time.AfterFunc(time.Hour, func() { close(far.next.next.next.c) })
	<-c
}

type link struct {
	next *link
	c    chan bool
}

//go:noinline
func sleep(c chan bool) {
	time.Sleep(time.Hour)
	c <- true
}

func main() {
	debug.SetGCPercent(-1)
	globalMu.Lock()
	shared.mu.Lock()
	shared.locks, shared.first.done, shared.all[1].done = &shared.mu, make(chan struct{}), make(chan struct{})
	for _, f := range []func(){
		parameter, captured, field, fieldAfter, lockField, selected, recvLeak, sendLeak, selectLeak, selectNone, nilChan, nilSelect, waitGroupLeak, condLeak, mutexLeak, rwmutexLeak, onceAgain, onceBehind, onceValue, globalWait, globalLock, staticLock, staticWait, staticElem,
		mapWait, timerWait, contextWait, sleeperWait, loopWait, cycleA, keeper, crowdWait,
		heldFinalizer, finalizerWait, otherHolds, sharedFinalizer,
	} {
		go f()
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
