package main

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"
)

func init() {
	add("recv", recvPlaces)
	add("recv-control", recvControl)
	add("recv-lines", recvLines)
	add("recv-ok", recvOK)
	add("recv-wait", recvWaits)
	add("recv-lists", recvLists)
}

func sprintT(v interface{}) string { return fmt.Sprintf("%T %v", v, v) }

// The operand of unsafe.Sizeof is not evaluated, and the whole is a constant.
const sizeOfRecv = unsafe.Sizeof(<-(chan int32)(nil))

var sized [unsafe.Sizeof(<-(chan int16)(nil))]int

type pair struct{ a, b int }

func (p pair) sum() int   { return p.a + p.b }
func (p *pair) inc(d int) { p.a += d }

func two(ch chan int) (int, int) { return <-ch, <-ch }

func named(ch chan int) (x, y int) {
	x, y = <-ch, n(<-ch)
	return
}

func variadic(xs ...int) int { return len(xs) }

func recvPlaces() {
	ch := buf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	<-ch
	(<-ch)
	_ = <-ch
	x := <-ch
	var y = <-ch
	var z int = <-ch
	var i interface{} = <-ch
	x, y = <-ch, <-ch
	say(x, y, z, i, <-ch)

	say(<-ch+<-buf(1), -<-buf(2), - -<-buf(2), ^<-buf(3), <-buf(4)-<-buf(1), 1<<uint(<-buf(5)))
	say(<-buf(1) == <-buf(1), <-buf(6)&^<-buf(2))
	xs := []int{10, 11, 12, 13}
	say(xs[<-buf(1)], xs[<-buf(1):<-buf(3)], xs[<-buf(0):<-buf(1):<-buf(2)])
	xs[<-buf(0)]++
	xs[<-buf(1)] += <-buf(100)
	xs[n(<-buf(2))] = n(<-buf(200))
	xs[n(0)], xs[n(1)] = <-c("one", buf(1)), <-c("two", buf(2))
	say(xs)
	say([]int{<-buf(1), 3: <-buf(2)}, map[int]int{<-buf(1): <-buf(2)}, pair{<-buf(1), <-buf(2)}, [...]pair{{b: <-buf(3)}})
	say(two(buf(1, 2)))
	say(named(buf(3, 4)))
	say(variadic([]int{<-buf(1), 2}...), append(xs, <-buf(1)), len([]int{<-buf(1)}))
	say(int64(<-buf(1)), interface{}(<-buf(2)), string(rune(<-buf('x'))))
	m := map[int]string{1: "one"}
	delete(m, <-buf(1))
	say(len(m), min2(<-buf(3), <-buf(2)))

	cc := make(chan chan int, 4)
	ccc := make(chan chan chan int, 4)
	cc <- buf(21)
	say(<-<-cc)
	cc <- buf(22)
	ccc <- cc
	say(<-<-<-ccc)
	cc <- buf(23)
	say(<-(<-cc), <-(chan int)(buf(24)), <-(<-chan int)(buf(25)), <-(func() chan int { return buf(26) }()))
	nc := namedChan(buf(27))
	ch <- 28
	say(<-nc, <-*(&ch), len(ch))

	cp := make(chan *pair, 4)
	p := &pair{1, 2}
	cp <- p
	cp <- p
	cp <- p
	cp <- p
	(<-cp).a = 5
	(<-cp).inc(n(2))
	*<-cp = pair{(*<-cp).a + 1, 4}
	say(*p, p.sum())
	carr := make(chan [3]int, 2)
	carr <- [3]int{1, 2, 3}
	carr <- [3]int{4, 5, 6}
	say((<-carr)[1], len(<-carr), len(carr))
	say(sizeOfRecv, len(sized), unsafe.Sizeof(<-carr))

	cif := make(chan interface{}, 3)
	cif <- 1
	cif <- "s"
	cif <- 2
	v, ok := (<-cif).(int)
	w, wok := (<-cif).(int)
	say(v, ok, w, wok, (<-cif).(int))

	cf := make(chan func(int), 4)
	for i := 0; i < 4; i++ {
		cf <- func(v int) { say("called with", v) }
	}
	(<-cf)(<-buf(1))
	func() {
		defer (<-cf)(<-buf(2))
		say("before")
	}()
	var wg sync.WaitGroup
	wg.Add(1)
	cf <- func(v int) { say("go", v); wg.Done() }
	<-cf
	<-cf
	go (<-cf)(<-buf(3))
	wg.Wait()

	cmu := make(chan *sync.Mutex, 2)
	mu := new(sync.Mutex)
	cmu <- mu
	cmu <- mu
	(<-cmu).Lock()
	(<-cmu).Unlock()
	cch := make(chan *chanStruct, 1)
	cch <- &chanStruct{c: buf(31)}
	say(<-(<-cch).c)
}

func min2(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func recvControl() {
	cb := make(chan bool, 16)
	for _, v := range []bool{true, false, true, true, false, false, true} {
		cb <- v
	}
	if <-cb {
		say("if")
	}
	if x := <-buf(1); x > 0 && !<-cb {
		say("if init", x)
	} else if <-cb {
		say("not here")
	}
	for <-cb {
		say("loop")
	}
	say(<-cb || b(true), <-cb && b(false), len(cb))
	ch := buf(0, 3, 1, 3, 1, 3, 1, 3, 1)
	for i := <-ch; i < <-ch; i += <-ch {
		say("i", i)
	}
	switch <-buf(2) {
	case <-buf(1), <-c("second", buf(2)):
		say("second case")
		fallthrough
	case <-c("never", buf(3)):
		say("fell")
	}
	switch x := <-buf(5); {
	case x > <-buf(4):
		say("x", x)
	}
	switch x := (<-ifaces(1)).(type) {
	case int:
		say("int", x)
	}
	switch (<-ifaces("s")).(type) {
	case string:
		say("string")
	}
	for i := range make([]int, <-buf(2)) {
		say("range", i)
	}
	for _, r := range fmt.Sprint(<-buf(42)) {
		say(string(r))
	}
	goto end
end:
	<-buf(1)
	i := 0
loop:
	i += <-buf(1)
	if i < 2 {
		goto loop
	}
	func() {
		defer say("deferred", <-buf(1))
		say("first")
	}()
	f := func() int { return <-buf(7) }
	say(f(), func(ch <-chan int) int { return <-ch }(buf(8)))
	<-buf(1)
	<-buf(2)
	var e int
	e, f2 := <-buf(9), func() (int, error) { return <-buf(1), nil }
	_, err := f2()
	say(e, err)
}

func ifaces(values ...interface{}) chan interface{} {
	ch := make(chan interface{}, len(values))
	for _, v := range values {
		ch <- v
	}
	return ch
}

func recvLines() {
	x := <-c("a",
		buf(n(1)))
	y := n(
		<-buf(2)) +
		n(
			<-buf(
				n(3),
			),
		)
	z := pair{
		a: <-buf(n(4)),
		b: <-c(
			"b", buf(5)),
	}
	say(x, y, z,
		<-buf(n(6)),
		<-buf(n(7)))
	<- /* comment */ buf(1) // comment
	w := <-func() chan int {
		say("in the literal")
		return buf(8)
	}()
	say(w, /* over
		lines */<-buf(9))
	if <-buf(n(1)) == 1 &&
		<-buf(n(2)) ==
			n(2) {
		say("yes")
	}
}

var packageChan = buf(41, 42, 43, 44)
var packageValue, packageOK = <-packageChan
var packageSingle = <-packageChan
var (
	packageA, packageB             = <-packageChan, n(<-packageChan)
	packageX, _                    = <-closed()
	packageFunc                    = func() (int, bool) { v, ok := <-closed(45); return v, ok }
	_                  interface{} = <-buf(1)
)

func recvOK() {
	say(packageValue, packageOK, packageSingle, packageA, packageB, packageX)
	say(packageFunc())
	ch := closed(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	v, ok := <-ch
	say(v, ok)
	v, ok = <-ch
	var w, wok = <-ch
	var x, xok interface{} = <-ch
	_, ok = <-ch
	y, _ := <-ch
	_, _ = <-ch
	z, zok := (<-ch)
	say(v, ok, w, wok, sprintT(x), sprintT(xok), y, z, zok)
	var mb myBool
	v, mb = <-(ch)
	var i, iok interface{}
	i, iok = <-ch
	say(v, mb, sprintT(i), sprintT(iok))
	m := map[string]bool{}
	xs := make([]int, 2)
	xs[n(1)], m[s("k")] = <-c("ch", ch)
	st := struct {
		v  int
		ok bool
	}{7, true}
	st.v, st.ok = <-ch
	p, q := new(interface{}), new(bool)
	*p, *q = <-closed(4)
	say(xs, m, st, *p, *q)
	if v, ok := <-ch; !ok {
		say(v, ok)
	} else if v, ok := <-closed(1); ok {
		say("not here", v)
	}
	switch v, ok := <-closed(1); {
	case ok:
		say(v)
	}
	for v, ok := <-closed(1); ok; v, ok = <-ch {
		say("loop", v)
	}
	ch = closed(1, 2)
	for v, ok := <-ch; ok; v, ok = <-ch {
		say("loop", v)
	}
	cs := make(chan speaker, 1)
	var d interface{}
	cs <- &dog{"rex"}
	d, ok = <-cs
	say(d.(speaker).speak(), ok)
	cc := make(chan chan int, 1)
	cc <- closed(3)
	v, ok = <-<-cc
	say(v, ok)
	v, ok = <-ch
	say(v, ok)
	v, err := <-closed(1), error(nil)
	say(v, err)
}

// recvLists receives in lists of statements.
func recvLists() {
	ch := closed(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	var v, w int
	var ok bool
	i := 0
	goto first
again:
	<-ch
first:
	v, ok = <-ch
	if i++; i < 3 {
		goto again
	}
	say(v, ok)
	switch {
	case ok:
		<-ch
		v, ok = <-ch
		fallthrough
	default:
		v, ok = (<-ch)
		_, ok = <-ch /* between */ /* and */
		w, _ = <-ch  // after
	}
	say(v, ok, w)
	v, ok =
		<-ch
	v, ok = <- // before the channel
	ch
	say(v, ok)
	v, ok = <-c("ch",
		ch)
	say(v, ok)
	for {
		v, ok := <-ch
		if !ok {
			break
		}
		say("not here", v)
	}
	f := func() (int, bool) {
		v, ok := <-closed(13)
		return v, ok
	}
	say(f())
	// The variables are those of a closure.
	set := func() { v, ok = <-closed(14) }
	set()
	say(v, ok)
	if v, ok := <-ch; !ok {
		<-ch
		say(v, ok)
	}
	var mb myBool
	var e interface{}
	e, mb = <-closed(15)
	say(e, mb)
	var es interface{ speak() string }
	cs := make(chan *dog, 1)
	cs <- &dog{"rex"}
	es, ok = <-cs
	say(es.speak(), ok)
	big := make(chan [1000]int, 2)
	big <- [1000]int{999: 9}
	big <- [1000]int{0: 8}
	say((<-big)[999])
	l := <-big
	say(l[0])
}

func recvWaits() {
	ch := make(chan int)
	go func() {
		for i := 1; i <= 4; i++ {
			time.Sleep(time.Millisecond)
			ch <- i
		}
		close(ch)
	}()
	say(<-ch)
	v, ok := <-ch
	say(v, ok, <-ch+<-ch)
	v, ok = <-ch
	say(v, ok)
	<-time.After(time.Millisecond)
	t := time.NewTimer(time.Millisecond)
	<-t.C
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	<-ctx.Done()
	say(ctx.Err())
}
