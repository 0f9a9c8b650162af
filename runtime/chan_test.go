package runtime

import "testing"

func TestChannelFacts(t *testing.T) {
	mk, snd, rcv, cls := newSite(OpMake, KindChan, "make"), newSite(OpSend, KindChan, "ch <- 1"),
		newSite(OpRecv, KindChan, "<-ch"), newSite(OpClose, KindChan, "close(ch)")
	type named chan int
	ch := Made(mk, make(named, 3))
	To(snd, ch).Send(7)
	if v := receive(rcv, ch); v != 7 {
		t.Errorf("received %d, want 7", v)
	}
	Close(cls, ch)
	if v, ok := RecvOK(rcv, ch); v != 0 || ok {
		t.Errorf("received %d, %v of a closed channel", v, ok)
	}
	o := known(address(ch))
	if o.Cap != 3 || Kind(o.Kind) != KindChan {
		t.Errorf("object %+v; want a channel of capacity 3", o)
	}
	goid := uint32(own().Goid)
	for i, c := range []struct {
		name string
		s    *Site
	}{{"made", mk}, {"sent", snd}, {"received", rcv}, {"closed", cls}} {
		if f := o.facts()[i]; f.Goid != goid || f.Site != c.s.id || f.Time == 0 {
			t.Errorf("%s: %+v; want goroutine %d and site %d", c.name, f, goid, c.s.id)
		}
	}
	// Nothing is known of another channel at the same address.
	Made(mk, ch)
	if o := known(address(ch)); int(o.Cap) != cap(ch) || o.Sent.Site != 0 || o.Closed.Site != 0 {
		t.Errorf("after make: %+v", o)
	}
}

// TestClosedIsNotReceived checks that a receive from a closed channel does not hide the last real receiver, and, where
// the channel itself tells, that code without probes may have closed it.
func TestClosedIsNotReceived(t *testing.T) {
	last, after := newSite(OpRecv, KindChan, "last"), newSite(OpRecv, KindChan, "after")
	sel := newSite(OpSelect, KindNone, "select")
	sel.Cases = 1
	for _, probe := range []bool{true, false} {
		ch := make(chan int, 1)
		ch <- 1
		receive(last, ch)
		if probe {
			Close(newSite(OpClose, KindChan, "close"), ch)
		} else {
			close(ch)
		}
		receive(after, ch)
		select {
		case <-CaseRecv(sel, 0, ch):
			Chose(sel, 0)
		}
		if f := known(address(ch)).Received; f.Site != last.id && (probe || slotsKeep) {
			t.Errorf("closed by a probe %v: received last at site %d, want %d", probe, f.Site, last.id)
		}
	}
}

// TestFactsNoted checks that a goroutine notes each fact that is not the one that it noted last: of a site that is new,
// of another channel, of another site, and of a channel at the address of an older one.
func TestFactsNoted(t *testing.T) {
	mk, a, b := newSite(OpMake, KindChan, "make"), make(chan int, 1), make(chan int, 1)
	for n := 0; n < 3; n++ {
		sites := []*Site{newSite(OpSend, KindChan, "x <- 1"), newSite(OpSend, KindChan, "y <- 1")}
		for _, ch := range []chan int{a, b, a, b} {
			for _, s := range sites {
				if o := object(address(ch)); o != nil {
					o.Sent, o.Received = Fact{}, Fact{}
				}
				To(s, ch).Send(1)
				receive(s, ch)
				if o := known(address(ch)); o.Sent.Site != s.id || o.Received.Site != s.id {
					t.Fatalf("sent at %d and received at %d, want %d", o.Sent.Site, o.Received.Site, s.id)
				}
				Made(mk, ch)
				To(s, ch).Send(1)
				receive(s, ch)
				if o := known(address(ch)); o.Sent.Site != s.id || o.Received.Site != s.id {
					t.Fatalf("new channel: sent at %d and received at %d, want %d", o.Sent.Site, o.Received.Site, s.id)
				}
			}
		}
	}
}

func TestChannelBlocked(t *testing.T) {
	for _, c := range []struct {
		name string
		op   func(*Site, chan int)
		free func(chan int)
	}{
		{"Send", func(s *Site, ch chan int) { To(s, ch).Send(1) }, func(ch chan int) { <-ch }},
		{"Recv", func(s *Site, ch chan int) { receive(s, ch) }, func(ch chan int) { ch <- 1 }},
		{"Range", func(s *Site, ch chan int) { RecvOK(s, ch) }, func(ch chan int) { ch <- 1 }},
		{"closed", func(s *Site, ch chan int) { RecvOK(s, ch) }, func(ch chan int) { close(ch) }},
	} {
		ch, s := make(chan int), newSite(OpRecv, KindChan, c.name)
		b := block(t, s, func() { c.op(s, ch) })
		if w, _ := b.waits(); uintptr(w.Obj) != address(ch) || w.Info != 0 {
			t.Errorf("%s: waits %+v, want for %#x", c.name, w, address(ch))
		}
		c.free(ch)
		if sl := b.join(); sl.Depth != 0 || sl.recent(1)[0] != s.id {
			t.Errorf("%s: after the wait: depth %d, last site %d, want 0 and %d", c.name, sl.Depth, sl.recent(1)[0],
				s.id)
		}
	}
}

// TestBlockedSendPanics closes a channel under a sender. The user's code can recover the panic. The next wait of the
// goroutine takes the place of the send, which has no end.
func TestBlockedSendPanics(t *testing.T) {
	if raceEnabled {
		t.Skip("a race of the user's, which the detector reports with and without probes")
	}
	ch, s := make(chan int), newSite(OpSend, KindChan, "ch <- 1")
	var text string
	b := block(t, s, func() {
		text = panicText(func() { To(s, ch).Send(1) })
		receive(newSite(OpRecv, KindChan, "<-ch"), ch)
	})
	close(ch)
	if sl := b.join(); sl.Depth != 0 {
		t.Errorf("depth %d after the panic and a receive", sl.Depth)
	}
	if want := panicText(func() { ch <- 1 }); text != want {
		t.Errorf("panic %q, want %q", text, want)
	}
}

// TestChannelInside sends and receives inside calls, as deep as there is room, and once more.
func TestChannelInside(t *testing.T) {
	io, snd, rcv := newSite(OpIO, KindConn, "f()"), newSite(OpSend, KindChan, "ch <- 1"),
		newSite(OpRecv, KindChan, "<-ch")
	ch := make(chan int, 3)
	var inside func(depth uint32)
	inside = func(depth uint32) {
		End1(IOFunc(io, func() bool {
			BeginSend(snd, ch) <- 1
			if sl := mine(t); sl.Depth != min(depth+1, WaitLen) || uintptr(sl.Waits[sl.Depth-1].Obj) != address(ch) ||
				sl.Waits[sl.Depth-1].Info != 3 {
				t.Errorf("depth %d, waits %+v in the send at depth %d", sl.Depth, sl.Waits, depth)
			}
			EndSend()
			if got := mine(t).Depth; got != min(depth, WaitLen-1) {
				t.Errorf("depth %d after the send at depth %d", got, depth)
			}
			BeginSend(snd, ch) // and panics
			if receive(rcv, ch); mine(t).Depth > min(depth, WaitLen-1) {
				t.Errorf("depth %d after a send that panicked, and a receive, at depth %d", mine(t).Depth, depth)
			}
			if depth <= WaitLen {
				inside(depth + 1)
			}
			return true
		})())
	}
	inside(1)
	if sl := mine(t); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
	o := known(address(ch))
	if o.Sent.Site != snd.id || o.Received.Site != rcv.id {
		t.Errorf("sent at %d, received at %d; want %d and %d", o.Sent.Site, o.Received.Site, snd.id, rcv.id)
	}
}

func TestPanics(t *testing.T) {
	s := newSite(OpSend, KindChan, "ch")
	var none chan int
	closed := make(chan int)
	close(closed)
	for _, c := range []struct {
		name         string
		probe, plain func()
	}{
		{"send on closed", func() { To(s, closed).Send(1) }, func() { closed <- 1 }},
		{"close of nil", func() { Close(s, none) }, func() { close(none) }},
		{"close of closed", func() { Close(s, closed) }, func() { close(closed) }},
		{"nil mutex", func() { Lock(s, nil) }, func() { nilMutex().Lock() }},
		{"nil Locker", func() { LockerLock(s, nil) }, func() { nilLocker().Lock() }},
		{"nil Locker unlocked", func() { LockerUnlock(s, nil) }, func() { nilLocker().Unlock() }},
		{"method value of nil Locker", func() { _ = Bind(s, LockerLock, nilLocker()) },
			func() { _ = nilLocker().Lock }},
		{"method value of nil mutex", func() { _ = Bind(s, Lock, nilMutex()) }, func() { _ = nilMutex().Lock }},
		{"negative WaitGroup", func() { WgDone(s, newWaitGroup()) }, func() { newWaitGroup().Done() }},
	} {
		if got, want := panicText(c.probe), panicText(c.plain); got != want {
			t.Errorf("%s: panic %q, want %q", c.name, got, want)
		}
	}
}

func TestNilChannelWaits(t *testing.T) {
	for _, send := range []bool{true, false} {
		var none chan int
		s := newSite(OpRecv, KindChan, "nil")
		b := block(t, s, func() {
			if send {
				To(s, none).Send(1)
			} else {
				receive(s, none)
			}
		})
		if w, _ := b.waits(); w.Obj != 0 {
			t.Errorf("waits for %#x, want no object", w.Obj)
		}
	}
}

// TestChannelTypes compiles and runs probes of many channel types: directions, named types, nil and constants.
func TestChannelTypes(t *testing.T) {
	s := newSite(OpSend, KindChan, "ch")
	errs := make(chan error, 2)
	To(s, errs).Send(nil)
	var sendOnly chan<- float64 = make(chan float64, 1)
	To(s, sendOnly).Send(1)
	Close(s, sendOnly)
	var recvOnly <-chan error = errs
	if err := receive(s, recvOnly); err != nil {
		t.Error(err)
	}
	if Made(s, make(<-chan int)) == nil || Made(s, make(chan<- int, 2)) == nil {
		t.Error("no channel")
	}
	big := make(chan [1000]int, 1)
	To(s, big).Send([1000]int{999: 9})
	if v := receive(s, big); v[999] != 9 {
		t.Error("a large value is changed")
	}
}
