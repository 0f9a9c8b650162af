package runtime

import (
	"slices"
	"testing"
)

func newSelect(cases int, flags uint16) *Site {
	s := newSite(OpSelect, KindNone, "select")
	s.Cases, s.Flags = uint16(cases), flags
	return s
}

// choose runs the select of two clauses at s, and returns the one chosen.
func choose(s *Site, a <-chan int, b chan<- int) int {
	select {
	case <-CaseRecv(s, 0, a):
		Chose(s, 0)
		return 0
	case CaseSend(s, 1, b) <- 5:
		Chose(s, 1)
		return 1
	}
}

// chooseAtOnce is choose with one probe for both channels.
func chooseAtOnce(s *Site, a <-chan int, b chan<- int) int {
	select {
	case <-a:
		Chose(s, 0)
		return 0
	case Cases(s, 0, 2, a, b) <- 5:
		Chose(s, 1)
		return 1
	}
}

func TestSelectReady(t *testing.T) {
	t.Run("each", func(t *testing.T) { testSelectReady(t, choose) })
	t.Run("at once", func(t *testing.T) { testSelectReady(t, chooseAtOnce) })
}

func testSelectReady(t *testing.T, choose func(*Site, <-chan int, chan<- int) int) {
	s := newSelect(2, 0)
	mk := newSite(OpMake, KindChan, "make")
	a, b := Made(mk, make(chan int, 1)), Made(mk, make(chan int, 1))
	for want := 1; want >= 0; want-- {
		if want == 0 {
			a <- 1
		}
		head := mine(t).Head
		if got := choose(s, a, b); got != want {
			t.Fatalf("chose %d, want %d", got, want)
		}
		sl := mine(t)
		if sl.Head != head+1 || sl.CaseSend != 2 || sl.recent(1)[0] != s.id || sl.Depth != 0 {
			t.Errorf("head %d after %d, last %d, depth %d", sl.Head, head, sl.recent(1)[0], sl.Depth)
		}
	}
	if o := known(address(a)); o.Received.Site != s.id || o.Sent.Site != 0 {
		t.Errorf("received from: %+v", o)
	}
	if o := known(address(b)); o.Sent.Site != s.id || o.Received.Site != 0 {
		t.Errorf("sent on: %+v", o)
	}
}

// TestSelectFacts chooses the clauses of a select in all orders, among others the same one again, within a millisecond.
// Whatever the goroutine has noted before, a channel that is new has the fact of the operation on it.
func TestSelectFacts(t *testing.T) {
	recvs, sends, mixed, last := newSelect(2, 0), newSelect(2, 0), newSelect(2, 0), newSelect(3, 0)
	mk := newSite(OpMake, KindChan, "make")
	for _, c := range []struct {
		name   string
		s      *Site
		sends  [2]bool
		choose func(s *Site, a, b chan int)
	}{
		{"receives", recvs, [2]bool{}, func(s *Site, a, b chan int) {
			select {
			case <-a:
				Chose(s, 0)
			case <-Cases(s, 0, 0, a, b):
				Chose(s, 1)
			}
		}},
		{"sends", sends, [2]bool{true, true}, func(s *Site, a, b chan int) {
			select {
			case a <- 1:
				Chose(s, 0)
			case Cases(s, 0, 3, a, b) <- 1:
				Chose(s, 1)
			}
		}},
		{"both", mixed, [2]bool{false, true}, func(s *Site, a, b chan int) {
			select {
			case <-a:
				Chose(s, 0)
			case Cases(s, 0, 2, a, b) <- 1:
				Chose(s, 1)
			}
		}},
		{"the last of three", last, [2]bool{true, false}, func(s *Site, a, b chan int) {
			select {
			case <-CaseRecv(s, 0, (chan int)(nil)):
				Chose(s, 0)
			case a <- 1:
				Chose(s, 1)
			case <-Cases(s, 1, 1, a, b):
				Chose(s, 2)
			}
		}},
	} {
		var ch [2]chan int
		for i := 0; i < 500; i++ {
			n := i >> (i % 5) & 1
			for k := range ch {
				if ch[k] == nil || i%7 == k { // with facts of nobody
					ch[k] = Made(mk, make(chan int, 1))
				}
				ready := k == n
				for len(ch[k]) > 0 {
					<-ch[k]
				}
				if ready != c.sends[k] {
					ch[k] <- 1
				}
			}
			c.choose(c.s, ch[0], ch[1])
			o := known(address(ch[n]))
			fact := o.Received
			if c.sends[n] {
				fact = o.Sent
			}
			sl := mine(t)
			if fact.Site != c.s.id || fact.Goid != uint32(sl.Goid) {
				t.Fatalf("%s, %d: clause %d was chosen, and is kept as %+v", c.name, i, n, o)
			}
			if sl.Depth != 0 || sl.recent(1)[0] != c.s.id || sl.CaseSite != c.s.id {
				t.Fatalf("%s, %d: depth %d, last %d, cases of %d", c.name, i, sl.Depth, sl.recent(1)[0], sl.CaseSite)
			}
		}
	}
}

func TestSelectBlocked(t *testing.T) {
	t.Run("each", func(t *testing.T) { testSelectBlocked(t, choose) })
	t.Run("at once", func(t *testing.T) { testSelectBlocked(t, chooseAtOnce) })
}

func testSelectBlocked(t *testing.T, choose func(*Site, <-chan int, chan<- int) int) {
	s := newSelect(2, 0)
	a, b := make(chan int), make(chan int)
	g := block(t, s, func() { choose(s, a, b) })
	sl := copySlot(g.slot)
	if want := []uint64{uint64(address(a)), uint64(address(b))}; sl.CaseSite != s.id ||
		!slices.Equal(sl.Cases[:2], want) || sl.CaseSend != 2 {
		t.Errorf("cases %#x of site %d, sends %b; want %#x of %d, 10", sl.Cases[:2], sl.CaseSite, sl.CaseSend, want,
			s.id)
	}
	if w, _ := g.waits(); w.Obj != 0 || w.Since == 0 {
		t.Errorf("waits %+v", w)
	}
	if v := <-b; v != 5 {
		t.Errorf("received %d, want 5", v)
	}
	if sl := g.join(); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
	if o := known(address(b)); o.Sent.Site != s.id {
		t.Errorf("sent on: %+v", o)
	}
}

func TestSelectDefault(t *testing.T) {
	s, only := newSelect(1, SiteDefault), newSelect(0, SiteDefault)
	select {
	case <-CaseRecv(s, 0, make(chan int)):
		Chose(s, 0)
	default:
		Chose(s, -1)
	}
	select {
	default:
		Chose(only, -1)
	}
	sl := mine(t)
	if want := []uint32{only.id, s.id}; sl.Depth != 0 || !slices.Equal(sl.recent(2), want) {
		t.Errorf("depth %d, history %v, want %v", sl.Depth, sl.recent(2), want)
	}
	ch := make(chan int, 2)
	for range 2 {
		select {
		case CaseSend(s, 0, ch) <- 1:
			Chose(s, 0)
		default:
			Chose(s, -1)
		}
		sl := mine(t)
		if f := known(address(ch)).Sent; sl.Depth != 0 || f.Site != s.id {
			t.Errorf("depth %d, sent %+v; want 0 and site %d", sl.Depth, f, s.id)
		}
	}
}

// TestSelects runs selects in turns, with clauses of other numbers and directions: each has its own channels only.
func TestSelects(t *testing.T) {
	two, three, both := newSelect(2, SiteDefault), newSelect(3, SiteDefault), newSelect(3, SiteDefault)
	a, b, c := make(chan int), make(chan int), make(chan int)
	cases := func(want uint32, sends uint32, chans ...chan int) {
		t.Helper()
		sl := mine(t)
		var list [CaseLen]uint64
		for i, ch := range chans {
			list[i] = uint64(address(ch))
		}
		if sl.CaseSite != want || sl.CaseSend != sends || sl.Cases != list || sl.recent(1)[0] != want {
			t.Errorf("site %d after %d, sends %b, cases %#x; want %d, %b, %#x", sl.CaseSite, sl.recent(1)[0],
				sl.CaseSend, sl.Cases, want, sends, list)
		}
	}
	for range 3 {
		CaseSend(three, 0, a)
		CaseRecv(three, 1, b)
		CaseSend(three, 2, c)
		cases(three.id, 5, a, b, c)
		for _, sends := range []int{1, 2, 0, 3} {
			Cases(two, 0, sends, c, a)
			cases(two.id, uint32(sends), c, a)
		}
		CaseRecv(both, 0, c)
		Cases(both, 1, 1, b, a)
		cases(both.id, 2, c, b, a)
	}
	// The same select, in an operand of itself.
	CaseRecv(both, 0, c)
	CaseRecv(both, 0, a)
	Cases(both, 1, 2, a, b)
	Cases(both, 1, 2, b, c)
	cases(both.id, 4, nil, b, c)
}

// TestSelectInOperand runs another select while the operands of the outer one are evaluated.
func TestSelectInOperand(t *testing.T) {
	outer, inner := newSelect(2, 0), newSelect(2, 0)
	a, b := make(chan int), make(chan int)
	operand := func() chan int {
		ready := make(chan int, 1)
		choose(inner, nil, ready)
		return b
	}
	g := block(t, outer, func() {
		select {
		case <-CaseRecv(outer, 0, a):
			Chose(outer, 0)
		case v := <-CaseRecv(outer, 1, operand()):
			Chose(outer, 1)
			if v != 3 {
				t.Errorf("received %d, want 3", v)
			}
		}
	})
	sl := copySlot(g.slot)
	if want := []uint64{0, uint64(address(b))}; sl.CaseSite != outer.id || !slices.Equal(sl.Cases[:2], want) {
		t.Errorf("cases %#x of site %d; want %#x of %d", sl.Cases[:2], sl.CaseSite, want, outer.id)
	}
	b <- 3
	if sl := g.join(); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
}

// TestSelectValue sends a value that takes a lock in the last clause: the select is the last probe again when it waits.
func TestSelectValue(t *testing.T) {
	s, other := newSelect(1, 0), newSite(OpLoop, KindNone, "in the value")
	ch := make(chan int)
	g := block(t, s, func() {
		value := func() int { Loop(other); return 4 }
		select {
		case CaseSend(s, 0, ch) <- CaseValue(s, value()):
			Chose(s, 0)
		}
	})
	// The select has been reached before its value is evaluated, too.
	var sl Slot
	if !eventually(func() bool {
		sl = copySlot(g.slot)
		return sl.Depth == 1 && slices.Equal(sl.recent(3), []uint32{s.id, other.id, s.id})
	}) {
		t.Errorf("depth %d, history %v", sl.Depth, sl.recent(3))
	}
	if v := <-ch; v != 4 {
		t.Errorf("received %d, want 4", v)
	}
	g.join()
}

func TestSelectManyCases(t *testing.T) {
	const n = CaseLen + 2
	s := newSelect(n, 0)
	var chans [n]chan int
	for i := range chans {
		chans[i] = make(chan int, 1)
	}
	chans[n-1] <- 1
	for i := range chans {
		CaseRecv(s, i, chans[i])
	}
	if sl := mine(t); sl.Depth != 1 || sl.Waits[0].Site != s.id || sl.recent(1)[0] != s.id {
		t.Errorf("depth %d, last %d; want 1 and %d", sl.Depth, sl.recent(1)[0], s.id)
	}
	Chose(s, n-1)
	if sl := mine(t); sl.Depth != 0 || uintptr(sl.Cases[CaseLen-1]) != address(chans[CaseLen-1]) {
		t.Errorf("depth %d, cases %#x", sl.Depth, sl.Cases)
	}
	last := newSelect(CaseLen+1, SiteDefault)
	for i := range CaseLen - 1 {
		CaseRecv(last, i, chans[i])
	}
	Cases(last, CaseLen-1, 3, chans[0], chans[1])
	if sl := mine(t); sl.recent(1)[0] != last.id || sl.CaseSend != 1<<(CaseLen-1) ||
		uintptr(sl.Cases[CaseLen-1]) != address(chans[0]) {
		t.Errorf("last %d, sends %b, cases %#x", sl.recent(1)[0], sl.CaseSend, sl.Cases)
	}
}

func TestForever(t *testing.T) {
	s := newSite(OpSelect, KindNone, "select {}")
	b := block(t, s, func() { Forever(s) })
	if sl := b.join(); sl.Depth != 1 || sl.Waits[0].Obj != 0 {
		t.Errorf("depth %d, %+v", sl.Depth, sl.Waits[0])
	}
}
