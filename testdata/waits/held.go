package main

import (
	"container/list"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type session struct {
	id   int
	done chan int
}

type server struct {
	subs []chan string
	next *server
}

// Variables that hold what goroutines wait on.
var (
	registry   = map[string]*session{}
	byChan     = map[chan int]bool{}
	srv        = &server{}
	plain      = make(chan int)
	nested     = make(chan chan int, 1)
	onClose    []func()
	method     func()
	anything   any
	boxed      = &box[float64]{}
	concurrent sync.Map
	atomically atomic.Pointer[session]
	atomValue  atomic.Value
	pool       sync.Pool
	inside     *int
	first      *server
	array      [8]session
	listed     = list.New()
	pipeEnd    *io.PipeWriter
	errWith    error
)

// startHeld waits on channels that package variables lead to.
//
//go:noinline
func startHeld() {
	s := &session{1, make(chan int)}
	registry["one"] = s
	go func() {
		<-s.done // global registry
	}()
	key := make(chan int)
	byChan[key] = true
	go func() {
		<-key // global byChan
	}()
	sub := make(chan string)
	srv.subs = append(srv.subs, sub)
	go func() {
		<-sub // global srv
	}()
	go func() {
		<-plain // global plain
	}()
	in := make(chan int)
	nested <- in
	go func() {
		<-in // global nested: a channel in a channel
	}()
	closed := make(chan int)
	onClose = append(onClose, func() { close(closed) })
	go func() {
		<-closed // global onClose: a closure
	}()
	m := &session{2, make(chan int)}
	method = m.end
	go func() {
		<-m.done // global method: a method value
	}()
	dyn := make(chan int)
	anything = dyn
	go func() {
		<-dyn // global anything: an interface
	}()
	boxed.value = make(chan float64)
	go func() {
		<-boxed.value // global boxed: of a generic type
	}()
	startHeldBySync()
	startHeldInside()
}

func (s *session) end() { close(s.done) }

//go:noinline
func startHeldBySync() {
	ch := make(chan int)
	concurrent.Store("ch", ch)
	go func() {
		<-ch // global concurrent: a sync.Map
	}()
	s := &session{3, make(chan int)}
	atomically.Store(s)
	go func() {
		<-s.done // global atomically
	}()
	v := make(chan int)
	atomValue.Store(v)
	go func() {
		<-v // global atomValue
	}()
}

//go:noinline
func startHeldInside() {
	w := &struct {
		ch chan int
		n  [4]int
	}{ch: make(chan int)}
	inside = &w.n[2]
	go func() {
		<-w.ch // global inside: by a pointer into the object
	}()
	last := &server{subs: []chan string{make(chan string)}}
	for i := 0; i < 20; i++ {
		first = &server{next: first}
	}
	end := first
	for end.next != nil {
		end = end.next
	}
	end.next = last
	go func() {
		<-last.subs[0] // global first: at the end of a list
	}()
	array[5].done = make(chan int)
	go func(ch chan int) {
		<-ch // global array
	}(array[5].done)
	el := make(chan int)
	listed.PushBack(el)
	go func() {
		<-el // global listed
	}()
	r, w2 := io.Pipe()
	pipeEnd = w2
	go func() {
		r.Read(make([]byte, 1)) // global pipeEnd
	}()
	e := &stuckError{make(chan int)}
	errWith = e
	go func() {
		<-e.ch // global errWith: an error
	}()
}

type stuckError struct{ ch chan int }

func (e *stuckError) Error() string { return "stuck" }

// startPool waits on a channel that a sync.Pool has, until two collections have passed.
//
//go:noinline
func startPool() {
	ch := make(chan int)
	for i := 0; i < 50; i++ { // with -race, a pool drops some
		pool.Put(&session{4, ch})
	}
	go func() {
		<-ch // global
	}()
}

// startChains waits for goroutines that wait.
//
//go:noinline
func startChains() {
	a, b, c := make(chan int), make(chan int), make(chan int)
	go func() {
		b <- <-a // leak: the end of a chain
	}()
	go func() {
		v := <-b // leak
		c <- v
	}()
	go func() {
		<-c // leak
	}()
	x, y := make(chan int), make(chan int)
	go func() {
		time.Sleep(time.Hour) // timer
		x <- 1
	}()
	go func() {
		v := <-x // goroutine
		y <- v
	}()
	go func() {
		<-y // goroutine: by another that waits
	}()
	carrier := make(chan chan int, 1)
	carried := make(chan int)
	carrier <- carried
	gone := make(chan int)
	go func() {
		<-gone // leak: it has the channel that has the channel
		<-carrier
	}()
	go func() {
		<-carried // leak: in the buffer of a channel that only a leak has
	}()
	inReader := make(chan int)
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	keep = append(keep, w)
	go func() {
		r.Read(make([]byte, 1)) // io
		close(inReader)
	}()
	go func() {
		<-inReader // goroutine: one that the kernel can wake
	}()
	ping, pong := make(chan int), make(chan int)
	go func() {
		ping <- 1 // leak: both send
		<-pong
	}()
	go func() {
		pong <- 1 // leak: both send
		<-ping
	}()
	local := list.New()
	local.PushBack(make(chan int))
	go func() {
		<-local.Front().Value.(chan int) // leak
	}()
}

var keep []any
