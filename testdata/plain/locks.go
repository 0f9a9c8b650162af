package main

import (
	"sync"
	"time"
)

const step = 50 * time.Millisecond

type account struct {
	mu  sync.Mutex
	n   int
	log []string
}

//go:noinline
func (a *account) move(to *account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	time.Sleep(step)
	to.mu.Lock() // deadlock: abba methods with defer
	defer to.mu.Unlock()
	a.n--
	to.n++
}

type room struct {
	sync.Mutex
	n int
}

//go:noinline
func swap(a, b *room) {
	a.Lock()
	time.Sleep(step)
	b.Lock() // deadlock: abba embedded
	a.n, b.n = b.n, a.n
	b.Unlock()
	a.Unlock()
}

var muA, muB sync.Mutex

//go:noinline
func globals(first bool) {
	if first {
		muA.Lock()
		time.Sleep(step)
		muB.Lock() // deadlock likely: global variables, which anybody can reach
		muB.Unlock()
		muA.Unlock()
		return
	}
	muB.Lock()
	time.Sleep(step)
	muA.Lock() // deadlock likely: global variables, which anybody can reach
	muA.Unlock()
	muB.Unlock()
}

var (
	savings, checking account
	shared, other     = &account{n: 1}, &account{n: 2}
)

//go:noinline
func transfer(from, to *account) {
	from.mu.Lock()
	time.Sleep(step)
	to.mu.Lock() // deadlock likely: variables to which pointers lead
	from.n--
	to.n++
	to.mu.Unlock()
	from.mu.Unlock()
}

type cell[T any] struct {
	mu sync.RWMutex
	v  T
}

//go:noinline
func (c *cell[T]) copyTo(d *cell[T]) {
	c.mu.RLock()
	time.Sleep(step)
	d.mu.Lock() // deadlock: rwmutex generic
	d.v = c.v
	d.mu.Unlock()
	c.mu.RUnlock()
}

type table struct {
	mu    sync.Mutex
	index sync.Mutex
	rows  int
}

func (t *table) lockRows()  { t.mu.Lock() }    // deadlock: inlined helpers, and two locks of one struct
func (t *table) lockIndex() { t.index.Lock() } // deadlock: inlined helpers, and two locks of one struct

//go:noinline
func (t *table) insert() {
	t.lockRows()
	time.Sleep(step)
	t.lockIndex()
	t.rows++
	t.index.Unlock()
	t.mu.Unlock()
}

//go:noinline
func (t *table) reindex() {
	t.lockIndex()
	time.Sleep(step)
	t.lockRows()
	t.rows--
	t.mu.Unlock()
	t.index.Unlock()
}

type guard struct {
	mu sync.Mutex
	n  int
}

//go:noinline
func (g *guard) lock() {
	g.mu.Lock() // deadlock: a helper that is not inlined
}

//go:noinline
func (g *guard) unlock() { g.mu.Unlock() }

//go:noinline
func wrapped(a, b *guard) {
	a.lock()
	time.Sleep(step)
	b.lock()
	a.n, b.n = b.n, a.n
	b.unlock()
	a.unlock()
}

func lockers(l sync.Locker, m sync.Locker) {
	l.Lock()
	time.Sleep(step)
	m.Lock() // any: dynamic calls, and two small objects share their memory with others
	m.Unlock()
	l.Unlock()
}

type node struct {
	sync.Mutex
	next *node
}

//go:noinline
func (n *node) walk() {
	n.Lock()
	defer n.Unlock()
	time.Sleep(step)
	n.next.Lock() // deadlock: of three
	n.next.Unlock()
}

type self struct {
	mu sync.Mutex
	n  int
}

//go:noinline
func (s *self) get() int {
	s.mu.Lock() // deadlock: self
	defer s.mu.Unlock()
	return s.n
}

//go:noinline
func (s *self) inc() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n = s.get() + 1
}

var upgrade sync.RWMutex

//go:noinline
func upgrades() {
	upgrade.RLock()
	time.Sleep(step)
	upgrade.Lock() // any: it waits for itself, but that does not show
	upgrade.Unlock()
	upgrade.RUnlock()
}

//go:noinline
func lockAndChan() {
	var mu sync.Mutex
	done := make(chan struct{})
	go func() {
		mu.Lock()
		go func() {
			mu.Lock() // deadlock any: lock and channel; a small object shares its memory with others
			close(done)
			mu.Unlock()
		}()
		time.Sleep(step)
		<-done // deadlock any: lock and channel
		mu.Unlock()
	}()
}

//go:noinline
func lockAndGroup() {
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		mu.Lock()
		defer mu.Unlock()
		go func() {
			defer wg.Done()
			mu.Lock() // deadlock: lock and group
			defer mu.Unlock()
		}()
		time.Sleep(step)
		wg.Wait() // deadlock: lock and group
	}()
}

//go:noinline
func captured() {
	var a, b sync.Mutex
	go func() {
		a.Lock()
		time.Sleep(step)
		b.Lock() // deadlock: captured
		b.Unlock()
		a.Unlock()
	}()
	go func() {
		b.Lock()
		time.Sleep(step)
		a.Lock() // deadlock: captured
		a.Unlock()
		b.Unlock()
	}()
}

func startLocks() {
	x, y := new(account), new(account)
	go x.move(y)
	go y.move(x)
	p, q := new(room), new(room)
	go swap(p, q)
	go swap(q, p)
	go globals(true)
	go globals(false)
	go transfer(&savings, &checking)
	go transfer(&checking, &savings)
	go transfer(shared, other)
	go transfer(other, shared)
	c, d := new(cell[string]), new(cell[string])
	go c.copyTo(d)
	go d.copyTo(c)
	t := new(table)
	go t.insert()
	go t.reindex()
	g, h := new(guard), new(guard)
	go wrapped(g, h)
	go wrapped(h, g)
	l, m := new(sync.Mutex), new(sync.Mutex)
	go lockers(l, m)
	go lockers(m, l)
	n := &node{next: &node{next: &node{}}}
	n.next.next.next = n
	go n.walk()
	go n.next.walk()
	go n.next.next.walk()
	go new(self).inc()
	go upgrades()
	lockAndChan()
	lockAndGroup()
	captured()
}
