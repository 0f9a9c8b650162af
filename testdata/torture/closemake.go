package main

import "sync"

func init() {
	add("close", closes)
	add("make", makes)
}

func isClosed(ch chan int) bool {
	select {
	case _, ok := <-ch:
		return !ok
	default:
		return false
	}
}

func closes() {
	chs := make([]chan int, 12)
	for i := range chs {
		chs[i] = make(chan int)
	}
	close(chs[0])
	close(chs[n(1)])
	close((chs[2]))
	close(chs[3])
	func() {
		defer close(chs[4])
		defer close(c("evaluated now", chs[5]))
		say(isClosed(chs[4]), isClosed(chs[5]))
	}()
	go close(chs[6])
	<-chs[6]
	st := chanStruct{c: chs[7], p: &chs[8]}
	close(st.c)
	close(*st.p)
	close(chan<- int(chs[9]))
	close(namedChan(chs[10]))
	close(
		c("over lines",
			chs[11]))
	for i, ch := range chs {
		if !isClosed(ch) {
			say("open", i)
		}
	}
	cs := make(chan struct{})
	close(cs)
	<-cs
	cc := buf(1)
	close(cc)
	say(<-cc, len(cc), cap(cc))
	if close(make(chan int)); len(cc) == 0 {
		say("close as a simple statement")
	}
	var once sync.Once
	done := make(chan struct{})
	for i := 0; i < 3; i++ {
		once.Do(func() { close(done) })
	}
	<-done
}

type holder struct {
	ch   chan int
	done chan struct{}
}

var (
	packageMade               = make(chan int, 3)
	packageNamed    namedChan = make(namedChan, n2(4))
	packageAssigned namedChan = make(chan int, 5)
	packageHolder             = &holder{ch: make(chan int, 6), done: make(chan struct{})}
	packageList               = []chan int{make(chan int, 7), 2: make(chan int, 8)}
)

func n2(v int) int { return v }

func makes() {
	say(cap(packageMade), cap(packageNamed), cap(packageAssigned), cap(packageHolder.ch), cap(packageList[2]))
	a := make(chan int)
	var d = make(chan int, n(1))
	var e chan int = make(chan int, 'b'-'a'+1)
	var f <-chan int = make(chan int, 3)
	var g chan<- int = make(chan<- int, 4)
	h := make(namedChan, 5)
	i := make(namedSend, 6)
	j := make((chan int), (7))
	k := make(chan chan<- <-chan int, 8)
	l := make(chan struct{}, 9)
	m := make(chan interface {
		speak() string
	}, 10)
	o := make(chan int, uint8(11))
	p := make(chan int, 1.2e1)
	q := make(chan func(chan int) (<-chan int, error),
		n(13))
	say(cap(a), cap(d), cap(e), cap(f), cap(g), cap(h), cap(i), cap(j), cap(k), cap(l), cap(m), cap(o), cap(p), cap(q))
	say(sprintType(a), sprintType(g), sprintType(h), sprintType(i), sprintType(k), sprintType(q))
	type local chan string
	say(sprintType(make(local)), sprintType(make(chan local)), sprintType(local(make(chan string))))
	say(cap(make(chan int, 3)), len(make(chan int, 3)), cap(map[string]chan int{"a": make(chan int, 4)}["a"]))
	say(cap(func() chan int { return make(chan int, 5) }()), cap(holder{make(chan int, 6), nil}.ch))
	x, y := make(chan int, n(1)), make(chan int, n(2))
	say(cap(x), cap(y), x == y, x != nil)
	type both struct{ a, b chan int }
	say(cap(both{b: make(chan int, 1)}.b))
	// What is no channel stays as it is.
	say(len(make([]int, 3)), len(make(map[string]int, 3)), cap(make([]chan int, 1, 4)))
	make(chan int, 1) <- n(1)
	select {
	case make(chan int, 1) <- n(2):
		say("sent")
	}
	for range [2]int{} {
		ch := make(chan int, 1)
		go func() { ch <- 1 }()
		<-ch
	}
}
