package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

func init() {
	add("generic", generics)
}

type box[T any] struct {
	mu   sync.Mutex
	ch   chan T
	done chan struct{}
}

func newBox[T any](values ...T) *box[T] {
	b := &box[T]{ch: make(chan T, len(values)+1), done: make(chan struct{})}
	for _, v := range values {
		b.ch <- v
	}
	return b
}

func (b *box[T]) get() (v T, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case v, ok = <-b.ch:
	default:
	}
	return v, ok
}

func (b *box[T]) all() (list []T) {
	close(b.ch)
	for v := range b.ch {
		list = append(list, v)
	}
	return list
}

type chanOf[T any] chan T

func (c chanOf[T]) put(v T) chanOf[T] { c <- v; return c }

func takeFirst[C ~chan T, T any](ch C) T { return <-ch }

func sendTo[C ~chan T | ~chan<- T, T any](ch C, v T) { ch <- v }

func rangeOver[C ~chan T | ~<-chan T, T any](ch C) (list []T) {
	for v := range ch {
		list = append(list, v)
	}
	return list
}

func makeOf[C ~chan T, T any](size int) C { return make(C, size) }

func closeOf[C ~chan T | ~chan<- T, T any](ch C) { close(ch) }

func selectOf[C ~chan T, T any](in, out C) (v T, ok bool) {
	select {
	case v, ok = <-in:
	case out <- v:
	}
	return v, ok
}

func okOf[C interface{ chan int | <-chan int }](ch C) (int, bool) {
	v, ok := <-ch
	return v, ok
}

type locksItself[T any] interface {
	*T
	sync.Locker
}

func lockIt[T any, P locksItself[T]](f func(P)) {
	var v T
	p := P(&v)
	p.Lock()
	defer p.Unlock()
	f(p)
}

func lockAny[L sync.Locker](l L) {
	l.Lock()
	l.Unlock()
	f := l.Lock
	f()
	defer l.Unlock()
}

func lockPtr[M sync.Mutex](m *M) *M { return m }

type embedsParam[T any] struct {
	sync.RWMutex
	*box[T]
}

func readIt[R io.Reader](r R) (string, error) {
	p := make([]byte, 3)
	k, err := r.Read(p)
	return string(p[:k]), err
}

func convert[T ~int | ~float64](ch chan T) T {
	ch <- 1
	ch <- 'a'
	return <-ch + <-ch
}

func each[T any](in <-chan T, f func(T)) {
	for v := range in {
		f(v)
	}
}

type nested[K comparable, V any] struct {
	m map[K]chan V
}

func (n *nested[K, V]) send(k K, v V) {
	n.m[k] <- v
	w := <-n.m[k]
	n.m[k] <- w
}

func generics() {
	bi := newBox(1, 2, 3)
	say(bi.get())
	say(bi.all())
	bs := newBox[fmt.Stringer](nil)
	bs.ch <- nil
	say(bs.get())
	ch := make(chanOf[string], 4)
	ch.put("a").put("b") <- "c"
	say(takeFirst(ch), takeFirst[chanOf[string]](ch))
	sendTo(ch, "d")
	closeOf(ch)
	say(rangeOver(ch))
	say(rangeOver((<-chan int)(closed(1, 2))))
	named := makeOf[namedChan](2)
	sendTo(named, n(5))
	say(cap(named), fmt.Sprintf("%T", named), takeFirst(named))
	say(selectOf(buf(7), nil))
	say(okOf(buf(8)))
	lockIt(func(mu *sync.Mutex) { say(free(mu)) })
	lockIt(func(rw *sync.RWMutex) { say(free(rw)) })
	lockIt(func(o *own) { say(o.calls) })
	lockAny(new(sync.Mutex))
	lockAny(new(sync.RWMutex).RLocker())
	lockAny[sync.Locker](new(own))
	mu := lockPtr(new(sync.Mutex))
	mu.Lock()
	mu.Unlock()
	e := embedsParam[int]{box: bi}
	e.RLock()
	e.RUnlock()
	e.box.mu.Lock()
	e.mu.Unlock()
	say(readIt(strings.NewReader("generic")))
	say(convert(make(chan float64, 2)), convert(make(chan myInt, 2)))
	each(closed(1), func(v int) { say(v) })
	each((<-chan any)(ifacesClosed(nil, 1)), func(v any) { say(v) })
	nn := nested[string, []int]{map[string]chan []int{"k": make(chan []int, 1)}}
	nn.send("k", nil)
	nn2 := nested[int, chan<- int]{map[int]chan chan<- int{1: make(chan chan<- int, 1)}}
	nn2.send(1, buf())
	f := func(f func(chan int) int) int { return f(buf(n(9))) }
	say(f(takeFirst[chan int]))
	var once sync.Once
	once.Do(func() { say(<-newBox(1).ch, (<-newBox(box[int]{ch: buf(4)}.ch).ch) != nil) })
	try("generic send on closed", func() { sendTo(closed(), 1) })
	try("generic close of nil", func() { closeOf[chan int](nil) })
}

func ifacesClosed(values ...any) chan any {
	ch := ifaces(values...)
	close(ch)
	return ch
}
