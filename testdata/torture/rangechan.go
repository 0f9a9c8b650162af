package main

import (
	"fmt"
	"time"
)

func init() {
	add("range", ranges)
	add("range-labels", rangeLabels)
	add("range-capture", rangeCapture)
	add("range-names", rangeNames)
	add("range-bodies", rangeBodies)
	add("range-wait", rangeWaits)
}

func ranges() {
	for v := range closed(1, 2) {
		say(v)
	}
	for range closed(1, 2) {
		say("each")
	}
	for _ = range closed(1) {
		say("blank")
	}
	var v int
	for v = range closed(3, 4) {
		say(v)
	}
	say("still", v)
	v = 9
	for v = range closed() {
		say("never")
	}
	say("kept", v)
	var e interface{}
	for e = range closed(5) {
		say(sprintT(e))
	}
	xs := make([]int, 3)
	for xs[n(1)] = range closed(6, 7) {
		say(xs)
	}
	st := new(pair)
	for st.a = range closed(8) {
	}
	for *(&st.b) = range closed(9) {
	}
	m := map[string]int{}
	for m[s("k")] = range c("once", closed(10, 11)) {
		say(len(m))
	}
	say(*st, m)
	for v := range (<-chan int)(closed(1)) {
		say(v)
	}
	for v := range closed(2) {
		v += 10
		say(v)
	}
	for v := range namedChan(closed(3)) {
		p := &v
		*p++
		say(v)
	}
	for v := range c("over", closed(
		n(4),
		n(5))) {
		say(v)
	}
	for v := range func() chan int {
		say("in the literal")
		return closed(6)
	}() {
		say(v)
	}
	for v := range closed(7) {
		say(v)
	}
	for range closed(8) {
	}
	for v := range closed(9) {
		if v > 0 {
			continue
		}
		say("never")
	}
	cc := make(chan chan int, 2)
	cc <- closed(1, 2)
	cc <- closed(3)
	close(cc)
	for ch := range cc {
		for v := range ch {
			say(v)
		}
	}
	for i := range [2]int{} {
		for v := range closed(i) {
			defer say("deferred", i, v)
		}
	}
	// The channel is evaluated once, whatever happens to the variable.
	ch := closed(1, 2, 3)
	for v := range ch {
		ch = nil
		say(v)
	}
	say(firstOf(closed(4)), firstOf(closed()))
	var fs chan func()
	fs = make(chan func(), 1)
	fs <- func() { say("called") }
	close(fs)
	for f := range fs {
		f()
	}
	cs := make(chan struct{ a, b int }, 1)
	cs <- struct{ a, b int }{1, 2}
	close(cs)
	for s := range cs {
		say(s.a, s.b)
	}
}

func firstOf(ch <-chan int) (v int) {
	for v = range ch {
		return v
	}
	return -1
}

func rangeLabels() {
outer:
	for v := range closed(1, 2, 3, 4, 5) {
		for w := range closed(1, 2, 3) {
			switch {
			case v == 1:
				continue outer
			case w == 2 && v == 2:
				break
			case w == 3:
				say("next", v, w)
				continue
			case v == 4:
				break outer
			}
			say(v, w)
		}
	}
again:
	for range closed(1) {
		say("labelled, unused elsewhere")
		goto out
	}
	goto again
out:
	i := 0
back:
	for v := range closed(7) {
		if i++; i < 3 {
			goto back
		}
		say(v, i)
	}
sel:
	for v := range closed(1, 2, 3) {
		select {
		case w := <-buf(v):
			if w == 2 {
				break sel
			}
			if w == 1 {
				continue sel
			}
		default:
		}
	}
}

// rangeCapture prints what depends on the language version: before Go 1.22 a loop has one variable for all iterations.
func rangeCapture() {
	var fs []func() int
	var ps []*int
	for v := range closed(1, 2, 3) {
		v := v
		fs = append(fs, func() int { return v })
	}
	for v := range closed(1, 2, 3) {
		fs = append(fs, func() int { v *= 10; return v })
		ps = append(ps, &v)
		v++
	}
	for v := range closed(1, 2, 3) {
		if v == 2 {
			continue
		}
		defer func() { say("deferred", v) }()
	}
	var line string
	for _, f := range fs {
		line += fmt.Sprint(f(), " ")
	}
	for _, p := range ps {
		line += fmt.Sprint(*p, " ")
	}
	say("captured", line)
}

// rangeBodies leaves loops in every way, and declares in their bodies what the loops declare.
func rangeBodies() {
	for v := range closed(1, 2) {
		v, w := v+1, v
		var x = v
		say(v, w, x)
	}
	for v := range closed(1, 2, 3) {
		switch v {
		case 1:
			continue
		case 2:
			break
		}
		select {
		default:
			break
		}
		for {
			break
		}
		if v == 3 {
			break
		}
		say(v)
	}
	func() {
		for v := range closed(1, 2) {
			defer func() { say("deferred", v) }()
			return
		}
	}()
	for v := range closed(1, 2) {
		say(v)
	}
	for range closed(3) {
		say("each")
	}
	for v := range closed(1, 2) {
		if v == 1 {
			continue
		}
		say(v)
	}
	for v := range closed(1, 2) {
		goto next
	next:
		say(v)
	}
	for v := range closed(4) {
		func() {
			for v := range closed(v, v) {
				say(v)
			}
		}()
	}
	for v := range closed(5) {
		say(v)
	}
	for v := range closed(6) {
		say(v)
	}
	for v := range closed(7) {
		var f func() = func() { say(v) }
		f()
	}
	for v := range (struct{ c chan int }{closed(8)}).c {
		say(v)
	}
	say(noReturn(closed(9)))
	cr := make(chan (<-chan int), 1)
	cr <- closed(10)
	close(cr)
	for ch := range cr {
		for v := range ch {
			say(v)
		}
	}
}

// noReturn needs no return after its last loop, which has no end.
func noReturn(ch chan int) int {
	for {
		for v := range ch {
			return v
		}
	}
}

func rangeNames() {
	for ch := range closed(1) {
		say(ch)
	}
	ch := closed(2, 3)
	for ch := range ch {
		say(ch)
	}
	r, v, ok, p := 1, 2, 3, 4
	for ok := range closed(4) {
		say(r, v, ok, p)
	}
	for r := range closed(5) {
		say(r, v, ok, p)
		for r := range closed(6) {
			say(r)
		}
	}
	for v := range closed(7) {
		v, ok := v+1, v+2
		say(v, ok)
	}
	_atR, _atV, _atOK := 1, 2, 3
	for v := range closed(8) {
		say(v, _atR, _atV, _atOK)
	}
}

func rangeWaits() {
	ch := make(chan int)
	go func() {
		defer close(ch)
		for i := 1; i <= 3; i++ {
			time.Sleep(time.Millisecond)
			ch <- i
		}
	}()
	for v := range ch {
		say(v)
	}
	go func() {
		for range (chan int)(nil) {
			say("never")
		}
	}()
}
