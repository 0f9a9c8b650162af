package main

import (
	"sync"
	"time"
)

func init() {
	add("select", selects)
	add("select-assign", selectAssign)
	add("select-order", selectOrder)
	add("select-names", selectNames)
	add("select-labels", selectLabels)
	add("select-lines", selectLines)
	add("select-wait", selectWaits)
	add("select-fair", selectFair)
}

func selects() {
	ch := buf(1, 2, 3, 4)
	var none chan int
	select {
	case <-ch:
		say("one case")
	}
	select {
	case v := <-ch:
		say(v)
	case <-none:
		say("never")
	}
	select {
	case v, ok := <-ch:
		say(v, ok)
	default:
		say("never")
	}
	select {
	case <-none:
	default:
		say("default")
	}
	select {
	default:
		say("only a default")
	}
	select {
	default:
	}
	select {
	case (<-ch):
	}
	select {
	case ch <- n(5):
		say("sent")
	case none <- n(6):
	}
	select {
	case none <- 7:
	case none <- n(8):
	case <-none:
	default:
		say("nothing ready")
	}
	drain(ch)
	select {
	case ch <- <-buf(9):
	}
	select {
	case v := <-func() chan int { return ch }():
		say(v)
	}
	full := make(chan int)
	select {
	case full <- n(1):
	default:
		say("full")
	}
	select {
	case v := <-buf(1):
		say(v)
	default:
		say("never")
	}
	select {
	case <-buf(1):
	}
	select {
	case <-none:
	default:
	}
	cs := make(chan speaker, 2)
	select {
	case cs <- nil:
	}
	select {
	case cs <- &dog{"rex"}:
	}
	say((<-cs) == nil, (<-cs).speak())
	ci := make(chan interface{}, 4)
	select {
	case ci <- 1:
	}
	select {
	case ci <- 1 == n(1):
	}
	select {
	case v := <-ci:
		say(sprintT(v), sprintT(<-ci))
	}
	c8 := make(chan int8, 1)
	select {
	case c8 <- 1 << uint(n(7)):
		say(<-c8)
	}
	select {
	case v := <-closed():
		say(v)
	}
	select {
	case v, ok := <-namedChan(closed()):
		say(v, ok)
	}
	var so chan<- int = buf()
	var ro <-chan int = closed(3)
	select {
	case so <- 1:
		say(len(so))
	}
	select {
	case v := <-ro:
		v, ro := v+1, 2
		say(v, ro)
	}
	// Every clause is a block of its own, and so may declare what another does.
	select {
	case v := <-buf(1):
		w := v
		say(w)
	case v, ok := <-none:
		w := ok
		say(v, w)
	}
	say(terminates(buf(1)), terminates(nil))
}

// terminates ends in a terminating statement: it compiles only as long as the select stays one.
func terminates(ch chan int) string {
	select {
	case <-ch:
		return "received"
	default:
		return "default"
	}
}

func never() int {
	select {}
}

func neverLabelled() int {
	for {
		select {
		case v := <-(chan int)(nil):
			return v
		}
	}
}

func selectAssign() {
	var v int
	var ok bool
	var e interface{}
	var mb myBool
	xs := make([]int, 3)
	m := map[string]int{}
	p := new(pair)
	ch := closed(1, 2, 3, 4, 5, 6, 7, 8, 9)
	select {
	case v = <-ch:
		say(v)
	}
	select {
	case v, ok = <-ch:
		say(v, ok)
	}
	select {
	case _ = <-ch:
	}
	select {
	case _, ok = <-ch:
	}
	select {
	case xs[n(1)] = <-c("ch", ch):
		say(xs)
	}
	select {
	case xs[n(2)], ok = <-c("ch", ch):
		say(xs, ok)
	}
	select {
	case m[s("k")], mb = <-ch:
		say(m, mb)
	}
	select {
	case p.a = <-ch:
	}
	select {
	case (*p).b, e = <-ch:
	}
	say(*p, e)
	select {
	case e = <-ch:
		say(sprintT(e))
	}
	select {
	case e, _ = <-ch:
		say(sprintT(e))
	}
	// The left side of a case that is not chosen is not evaluated.
	select {
	case xs[n(99)] = <-(chan int)(nil):
	case *(*int)(nil) = <-(chan int)(nil):
	default:
		say("left alone")
	}
	select {
	case v := <-ch:
		v, ok := v, v == 0
		say(v, ok)
	}
	try("select index", func() {
		select {
		case xs[n(99)] = <-ch:
		}
	})
}

func selectOrder() {
	a, d := buf(), buf()
	xs := make([]int, 2)
	select {
	case c("a", a) <- n(1):
		say("a")
	case xs[n(7)] = <-c("nil", nil):
	case v := <-c("nil too", nil):
		say(v)
	case c("nil again", nil) <- n(2) + <-buf(3):
	}
	select {
	case c("d", d) <- func() int {
		// A select inside an operand of a select.
		select {
		case v := <-c("inner", buf(4)):
			return n(v)
		case c("inner nil", nil) <- n(5):
			return 0
		}
	}():
		say("d", <-d)
	case c("nil", nil) <- n(6):
	}
	select {
	case <-c("last", nil):
	case c("d", d) <- n(<-c("operand", buf(7))):
		say("d", <-d)
	}
	try("operand panics", func() {
		select {
		case c("a", a) <- n(1):
		case c("d", d) <- xs[n(9)]:
		}
	})
	drain(a)
	drain(d)
}

// A link has channels that are named by fields, some of them behind a pointer.
type link struct {
	in, out chan int
	next    *link
}

var global = link{in: buf(1, 2), out: make(chan int)}

// selectNames has selects whose channels are only named, so that one probe can name two of them.
func selectNames() {
	a, none := buf(1, 2, 3), (chan int)(nil)
	var recvOnly <-chan int = a
	var sendOnly chan<- int = make(chan int, 1)
	l := &link{in: buf(4, 5), out: make(chan int), next: &link{in: buf(6)}}
	select {
	case v := <-none:
		say(v)
	case v, ok := <-recvOnly:
		say(v, ok)
	}
	select {
	case sendOnly <- 1:
		say("sent", len(sendOnly))
	case none <- 2:
	}
	select {
	case v := <-l.in:
		say(v)
	case l.out <- n(7):
	}
	for i := 0; i < 2; i++ {
		select {
		case l.next.next.probably() <- 1:
		case none <- 1:
		case v := <-l.next.in:
			say(v)
			l.next.in = nil
		default:
			say("default")
		}
	}
	select {
	case v := <-global.in:
		say(v)
	case global.out <- 3:
	}
outer:
	for {
		select {
		case <-a:
			continue outer
		case none <- 1:
		default:
			break outer
		}
	}
	// A clause changes what the next one names, after both were evaluated.
	var ok bool
	in, of := make(chan int), make(chan chan int)
	close(of)
	select {
	case in, ok = <-of:
	case in <- 1:
		say("sent")
	}
	say(in == nil, ok)
	select {
	case a <- <-buf(8):
	case <-none:
	}
	say(<-a)
	l.out = buf(9)
	for i, l := range []*link{l, nil, {}} {
		try("names of nothing", func() {
			select {
			case <-none:
			case <-l.next.in:
			case l.out <- i:
			default:
				say("default")
			}
		})
		try("names of nothing, first", func() {
			select {
			case l.out <- i:
				say("sent")
			case <-none:
			default:
				say("default")
			}
		})
		try("names of nothing, next", func() {
			select {
			case <-l.out:
				say("received")
			case v := <-l.next.in:
				say(v)
			}
		})
	}
	gone := closed()
	try("names of closed", func() {
		select {
		case <-none:
		case gone <- 1:
		}
	})
	select {
	case <-none:
	case v, ok := <-gone:
		say(v, ok)
	}
}

// probably returns no channel.
func (l *link) probably() chan int { return nil }

func selectLabels() {
loop:
	for i := 0; ; i++ {
		select {
		case v := <-buf(i):
			switch {
			case v == 0:
				continue loop
			case v == 1:
				continue
			case v == 2:
				break
			case v == 3:
				break loop
			}
			say("end of the clause", v)
		}
		say("end of the body", i)
	}
sel:
	select {
	case v := <-buf(1):
		for {
			if v > 0 {
				break sel
			}
		}
	}
	i := 0
again:
	select {
	case <-buf(i):
		if i++; i < 3 {
			goto again
		}
		select {
		case v := <-buf(8):
			select {
			case w := <-buf(v + 1):
				say(v, w)
			default:
			}
		}
	}
	select {
	case <-buf(1):
		goto inside
	inside:
		say("goto inside a clause")
	}
	select {
	case <-buf(1):
	l:
		for range closed(1, 2) {
			continue l
		}
	}
	func() {
		select {
		case <-buf(1):
			defer say("deferred in a clause")
			return
		}
	}()
}

func selectLines() {
	ch := buf(1, 2)
	select {
	case v :=
		<-c(
			"a",
			ch):
		say(v)
	case c("b",
		nil) <- n(
		2):
		say("never")
	}
	select {
	// A comment before a clause.
	case v := <-ch: // and behind it
		// and in it
		say(v)
		// and at its end
	default:
		// alone
	}
	select {
	case ch <- func() int {
		say("in the literal")
		return 3
	}():
		say("sent")
	}
	say("after", len(ch))
}

func selectWaits() {
	ch, quit, back := make(chan int), make(chan struct{}), make(chan int)
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			select {
			case v := <-ch:
				back <- v * 2
			case <-quit:
				return
			}
		}
	}()
	for i := 0; i < 3; i++ {
		ch <- i
		select {
		case v := <-back:
			say(v)
		case <-time.After(time.Minute):
			say("never")
		}
	}
	close(quit)
	wg.Wait()
	timer := time.NewTimer(time.Millisecond)
	select {
	case v := <-ch:
		say(v)
	case <-timer.C:
		say("timer")
	}
	go func() { say("quiet"); close(back) }()
	select {
	case ch <- 1:
	case _, ok := <-back:
		say(ok)
	}
	go never()
	go neverLabelled()
	go func() { select {} }()
}

// selectFair checks that a select among ready channels still takes each of them now and then.
func selectFair() {
	a, d := make(chan int, 1000), make(chan int, 1000)
	for i := 0; i < 1000; i++ {
		a <- i
		d <- i
	}
	var fromA, fromD int
	for i := 0; i < 1000; i++ {
		select {
		case <-a:
			fromA++
		case <-d:
			fromD++
		}
	}
	say(fromA > 300, fromD > 300)
}
