package main

import "sync"

func init() {
	add("order", orders)
}

// mutex prints that it is evaluated.
func mutex(name string, mu *sync.Mutex) *sync.Mutex {
	s(name)
	return mu
}

func orders() {
	a, d := buf(1, 2, 3, 4, 5, 6, 7, 8), buf(11, 12, 13, 14, 15, 16, 17, 18)
	xs := make([]int, 4)
	xs[n(0)], xs[n(1)] = n(<-c("a", a)), n(<-c("d", d))
	c("a", a) <- n(<-c("d", d)) + n(<-c("a", a))
	x, y := <-c("a", a), n(1)
	say(x, y, n(2), <-c("d", d), n(3))
	func(args ...int) { say(args) }(n(1), <-c("a", a), n(2), <-c("d", d))
	m := map[int]int{n(1): <-c("a", a), <-c("d", d): n(2)}
	say(len(m))
	if n(1) == <-c("a", a) || n(2) == 2 && <-c("d", d) > n(3) {
		say("or")
	}
	var mu sync.Mutex
	mutex("first", &mu).Lock()
	defer mutex("deferred", &mu).Unlock()
	defer func(v, w int) { say("deferred", v, w) }(n(1), <-c("a", a))
	done := make(chan struct{})
	go func(v, w int) {
		say("go", v, w)
		close(done)
	}(n(2), <-c("d", d))
	<-done
	p := func() *pair { s("p"); return &pair{} }
	p().a, p().b = <-c("a", a), <-c("d", d)
	var i interface{} = struct{ v, w int }{n(<-c("a", a)), n(5)}
	say(i)
	xs[<-buf(n(1))] += n(<-buf(n(7)))
	say(xs)
	var wg sync.WaitGroup
	func() *sync.WaitGroup { s("wg"); return &wg }().Add(n(1))
	wg.Done()
	func() *sync.Once { s("once"); return new(sync.Once) }().Do(func() func() { s("arg"); return f0 }())
	l := func() sync.Locker { s("locker"); return new(sync.Mutex) }
	l().Lock()
	defer l().Lock()
	lock := mutex("value", new(sync.Mutex)).Lock
	s("between")
	lock()
	(*sync.Mutex).Lock(mutex("expression", new(sync.Mutex)))
	// What a deferred or started call is given is evaluated now, once.
	for i, ch := range []chan int{buf(), buf()} {
		defer close(c("close", ch))
		go close(c("go close", func() chan int { return make(chan int, n(i)) }()))
	}
	drain(a)
	drain(d)
}
