package main

import "errors"

func init() {
	add("send", sends)
	add("send-lines", sendLines)
	add("send-convert", sendConversions)
	add("send-wait", sendWaits)
	add("send-simple", sendSimple)
}

type chanStruct struct {
	c    chan int
	p    *chan int
	list []chan int
}

type outer struct{ *chanStruct }

type namedChan chan int
type namedSend chan<- int

func (c namedChan) put(v int)  { c <- v }
func (c *namedChan) add(v int) { *c <- v }

func sends() {
	ch := make(chan int, 64)
	ch <- 1
	ch <- n(2)
	c("ch", ch) <- n(3)
	(ch) <- (n(4))
	(ch) <- (5)
	chs := [...]chan int{ch, ch}
	chs[n(1)] <- n(6)
	m := map[string]chan int{"a": ch}
	m[s("a")] <- n(7)
	st := chanStruct{ch, &ch, chs[:]}
	st.c <- 8
	*st.p <- 9
	(*st.p) <- 10
	(&st).list[n(0)] <- 11
	o := outer{&st}
	o.c <- 12
	*o.p <- 13
	func() chan int { return ch }() <- func() int { return n(14) }()
	ch <- <-buf(15)
	ch <- <-c("inner", buf(16))
	ch <- len(ch)
	namedChan(ch).put(17)
	nc := namedChan(ch)
	nc.add(18)
	nc <- 19
	var so chan<- int = ch
	so <- 20
	namedSend(ch) <- 21
	(chan<- int)(ch) <- 22
	drain(ch)

	if ch <- n(23); len(ch) > 0 {
		say("after if")
	}
	switch ch <- n(24); len(ch) {
	case 2:
		ch <- 25
	default:
		ch <- 26
	}
	for ch <- n(27); n(len(ch)) < 7; ch <- n(28) {
		continue
	}
	switch x := interface{}(ch).(type) {
	case chan int:
		x <- 29
	}
	i := 0
again:
	ch <- i
	if i++; i < 2 {
		goto again
	}
	{
		ch <- 30
	}
	func() { ch <- 31 }()
	f := func(v int) { ch <- v }
	f(n(32))
	func() {
		defer func() { ch <- 33 }()
		ch <- 34
	}()
	ch <- 35
	ch <- 36
	ch <- n(1)<<n(2) + -n(3)
	ch <- 37
	ch <- -38
	ch <- +39
	drain(ch)

	cc := make(chan chan int, 2)
	cc <- ch
	cc <- make(chan int)
	say(len(cc))
	cf := make(chan func(int) int, 1)
	cf <- func(v int) int { ch <- v; return v }
	say((<-cf)(40))
	cs := make(chan struct{}, 1)
	cs <- struct{}{}
	ca := make(chan [2]int, 1)
	ca <- [2]int{n(1), n(2)}
	say(<-ca)
	ct := make(chan chanStruct, 1)
	ct <- chanStruct{c: ch}
	(<-ct).c <- 41
	drain(ch)
}

func sendLines() {
	ch := make(chan int, 64)
	ch <- n(1)
	ch <- n(
		2,
	) + n(3)
	c("a",
		ch) <- n(4)
	ch <- /* comment */ n(5) // comment
	ch /* a */ <-            /* b
	over lines */n(6)
	ch <- func() int {
		say("in the literal")
		return n(7)
	}()
	chanStruct{
		c: ch,
	}.c <- n(8)
	(&chanStruct{
		c: ch,
		list: []chan int{
			ch,
			c("list", ch),
		},
	}).
		list[n(1)] <- n(
		9)
	say("after")
	drain(ch)
}

type speaker interface{ speak() string }
type dog struct{ name string }

func (d *dog) speak() string { return d.name }

type myBool bool
type myInt int

const big = 1 << 30

func sendConversions() {
	ci := make(chan interface{}, 32)
	ci <- 1
	ci <- 'a'
	ci <- 1.5
	ci <- 2i
	ci <- "text"
	ci <- nil
	ci <- n(1) == n(2)
	ci <- big
	ci <- myInt(3)
	ci <- struct{ a, b int }{1, 2}
	ci <- dog{"d"}
	ci <- [...]string{"x"}
	ci <- error(nil)
	ci <- errors.New("e")
	ci <- ci == nil
	for len(ci) > 0 {
		v := <-ci
		say(sprintT(v))
	}

	cs := make(chan speaker, 3)
	cs <- &dog{"rex"}
	cs <- nil
	var d *dog
	cs <- d
	say((<-cs).speak(), <-cs == nil, <-cs == nil)

	ce := make(chan error, 2)
	ce <- nil
	ce <- errors.New("wrong")
	say(<-ce, <-ce)

	cf := make(chan float64, 8)
	cf <- 1
	cf <- 'a'
	cf <- 1 << 3
	cf <- 1 / 2
	cf <- 1 / 2.
	say(<-cf, <-cf, <-cf, <-cf, <-cf)

	c8 := make(chan int8, 4)
	shift := uint(n(7))
	c8 <- 1 << shift
	c8 <- -1
	say(<-c8, <-c8)
	cu := make(chan uint64, 4)
	cu <- 1<<64 - 1
	cu <- 1 << shift << 40
	say(<-cu, <-cu)
	cb := make(chan bool, 4)
	cb <- n(1) < n(2)
	cb <- true && b(false)
	say(<-cb, <-cb)
	cm := make(chan myBool, 4)
	cm <- n(1) < n(2)
	cm <- false
	say(<-cm, <-cm)
	cr := make(chan rune, 1)
	cr <- 'x'
	cy := make(chan byte, 1)
	cy <- 'y'
	say(<-cr, <-cy)

	sendNils()
	directions()
}

func sendNils() {
	cp := make(chan *int, 1)
	cp <- nil
	cfn := make(chan func(), 1)
	cfn <- nil
	csl := make(chan []int, 2)
	csl <- nil
	csl <- []int{1}
	cmp := make(chan map[string]int, 1)
	cmp <- nil
	cch := make(chan chan int, 1)
	cch <- nil
	say(<-cp == nil, <-cfn == nil, <-csl == nil, <-csl, <-cmp == nil, <-cch == nil)
}

func directions() {
	cr := make(chan (<-chan int), 2)
	cw := make(chan chan<- int, 2)
	both := buf(1, 2)
	cr <- both
	cw <- both
	named := namedChan(both)
	cr <- named
	(<-cw) <- 3
	say(<-<-cr, <-<-cr)
	drain(both)
}

// sendWaits blocks in every send.
func sendWaits() {
	ch := make(chan int)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; i < 3; i++ {
			say("got", <-ch)
			done <- struct{}{}
		}
	}()
	for _, v := range []int{1, 2, 3} {
		ch <- v
		<-done
	}
	<-done
}

// sendSimple sends values whose evaluation calls nothing, in lists of statements.
func sendSimple() {
	ch := make(chan int, 64)
	x, p, xs := 7, &pair{8, 9}, []int{10, 11}
	st := pair{12, 13}
	arr := [2]pair{{14, 15}, {16, 17}}
	ch <- x
	ch <- (x)
	ch <- -x
	ch <- x + 1<<3 - p.a
	ch <- x / 2
	ch <- x << uint(st.a)
	ch <- p.a
	ch <- (*p).b
	ch <- xs[1]
	ch <- st.b
	ch <- arr[1].a
	ch <- len(xs)
	ch <- int(int8(x))
	ch <- sized[0]
	ch <- x
	ch <- x /* between */ /* and */
	ch <- x // after
	ch <- x
	ch <- // before the value
	x
	drain(ch)
	i := 0
	goto first
again:
	ch <- i
first:
	ch <- x
	if i++; i < 3 {
		goto again
	}
	switch {
	case i > 2:
		ch <- 1
		fallthrough
	default:
		ch <- 2
	}
	select {
	case <-buf(1):
		ch <- 3
	case <-(chan int)(nil):
	}
outer:
	for {
	inner:
		for {
			ch <- 4
			if len(ch) > 10 {
				break outer
			}
			break inner
		}
		ch <- 5
	}
	func() { defer func() { ch <- 6 }() }()
	if ch <- 7; true {
		ch <- 8
	} else {
		ch <- 9
	}
	drain(ch)

	cp := make(chan *pair, 4)
	cp <- p
	cp <- &pair{a: x}
	cp <- &st
	cp <- nil
	say(*<-cp, *<-cp, *<-cp, <-cp == nil)
	cs := make(chan pair, 2)
	cs <- pair{x, p.a}
	cs <- arr[0]
	say(<-cs, <-cs)
	cl := make(chan []pair, 1)
	cl <- []pair{{x, 1}, 3: {2, x}}
	say(<-cl)
	cm := make(chan map[interface{}]int, 1)
	cm <- map[interface{}]int{x: 1, "k": x}
	say(<-cm)
	ci := make(chan interface{}, 8)
	ci <- x
	ci <- st
	ci <- p == nil
	ci <- x == 7
	ci <- "text"[1:]
	ci <- sends
	for len(ci) > 1 {
		say(sprintT(<-ci))
	}
	cf := make(chan func() int, 1)
	cf <- func() int {
		ch <- x
		for v := range closed(1) {
			ch <- v
		}
		return x
	}
	say((<-cf)())
	drain(ch)
	// A send that panics is over. What the goroutine does next is not.
	for _, ch := range []chan int{closed(), nil} {
		func() {
			defer func() { say("recovered", recover()) }()
			if ch != nil {
				ch <- x
			}
			cs <- pair{a: x}
		}()
	}
	say(<-cs, len(cs))
}
