package runtime

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func nilMutex() *sync.Mutex         { return nil }
func nilLocker() (l sync.Locker)    { return nil }
func newWaitGroup() *sync.WaitGroup { return new(sync.WaitGroup) }

// TestCond checks that a lock is not held during Wait, and afterwards is held from where it was first taken.
func TestCond(t *testing.T) {
	var mu sync.Mutex
	var rw sync.RWMutex
	for name, c := range map[string]struct {
		l         sync.Locker
		obj       uintptr
		broadcast bool
	}{
		"Mutex": {&mu, addr(&mu), false}, "RWMutex": {&rw, addr(&rw), true}, "RLocker": {rw.RLocker(), addr(&rw), true},
	} {
		cond := sync.NewCond(c.l)
		lock, wait, wake := newSite(OpLock, KindMutex, "Lock"), newSite(OpCond, KindCond, "Wait"),
			newSite(OpCond, KindCond, "Signal")
		b := block(t, wait, func() {
			LockerLock(lock, c.l)
			CondWait(wait, cond)
		})
		if sl := copySlot(b.slot); sl.Held != 0 {
			t.Errorf("%s: holds %#x while it waits", name, sl.holds())
		}
		if w, _ := b.waits(); uintptr(w.Obj) != addr(cond) {
			t.Errorf("%s: waits for %#x, want %#x", name, w.Obj, addr(cond))
		}
		LockerLock(wake, c.l) // Wait has released it, so this also waits for a signal
		LockerUnlock(wake, c.l)
		for ended := false; !ended; {
			if c.broadcast {
				CondBroadcast(wake, cond)
			} else {
				CondSignal(wake, cond)
			}
			select {
			case <-b.done:
				ended = true
			case <-time.After(time.Millisecond):
			}
		}
		sl := b.join()
		if sl.Depth != 0 || !slices.Equal(sl.holds(), []uintptr{c.obj}) || sl.Locks[0].Site&^HoldRead != lock.id ||
			(sl.Locks[0].Site&HoldRead != 0) != (name == "RLocker") {
			t.Errorf("%s: afterwards depth %d, holds %+v", name, sl.Depth, sl.Locks[:sl.Held])
		}
		if o := known(addr(cond)); o.Sent.Site != wake.id || Kind(o.Kind) != KindCond {
			t.Errorf("%s: %+v", name, o)
		}
		if o := known(c.obj); o.Received.Site != 0 {
			t.Errorf("%s: taken for the unlock of a lock that another goroutine holds", name)
		}
		c.l.Unlock()
	}
}

func TestOnce(t *testing.T) {
	var once sync.Once
	s, inner := newSite(OpOnce, KindOnce, "once.Do(f)"), newSite(OpLoop, KindNone, "in f")
	OnceDo(s, &once, func() {
		Loop(inner)
		if sl := mine(t); sl.Depth != 1 || sl.Waits[0].Site != s.id || uintptr(sl.Waits[0].Obj) != addr(&once) {
			t.Errorf("inside f: depth %d, %+v", sl.Depth, sl.Waits[0])
		}
	})
	OnceDo(s, &once, func() { t.Error("done twice") })
	if sl := mine(t); sl.Depth != 0 || sl.recent(1)[0] != inner.id {
		t.Errorf("depth %d, last %d: a Once that is done is noted", sl.Depth, sl.recent(1)[0])
	}
	if !tryOnce() || !onceTells {
		t.Error("a Once does not tell whether it is done")
	}
	if text := panicText(func() { OnceDo(s, new(sync.Once), func() { panic("boom") }) }); text != "boom" {
		t.Errorf("panic %q, want boom", text)
	}
	if sl := mine(t); sl.Depth != 0 {
		t.Errorf("depth %d after a panic", sl.Depth)
	}
}

func TestSleep(t *testing.T) {
	s := newSite(OpSleep, KindNone, "time.Sleep")
	b := block(t, s, func() { Sleep(s, time.Hour) }) // and there it stays
	if sl := copySlot(b.slot); sl.recent(1)[0] != s.id {
		t.Errorf("last %d", sl.recent(1)[0])
	}
	for _, d := range []time.Duration{time.Millisecond, -1} {
		Sleep(s, d)
		if sl := mine(t); sl.Depth != 0 || sl.recent(1)[0] != s.id {
			t.Errorf("after %v: depth %d, last %d", d, sl.Depth, sl.recent(1)[0])
		}
	}
}

func TestMethodValues(t *testing.T) {
	s := newSite(OpLock, KindMutex, "mu.Lock")
	var mu sync.Mutex
	var wg sync.WaitGroup
	var once sync.Once
	lock, try, unlock := Bind(s, Lock, &mu), BindR(s, TryLock, &mu), Expr(s, Unlock)
	lock()
	if try() {
		t.Error("TryLock of a lock that is held")
	}
	unlock(&mu)
	if !ExprR(s, TryLock)(&mu) {
		t.Error("the lock is still held")
	}
	Bind(s, Unlock, &mu)()
	Bind1(s, WgAdd, &wg)(1)
	Expr1(s, WgAdd)(&wg, -1)
	wg.Wait()
	ran := false
	Bind1(s, OnceDo, &once)(func() { ran = true })
	if !ran {
		t.Error("the function of the Once did not run")
	}
	if sl := mine(t); sl.Held != 0 || sl.Depth != 0 {
		t.Errorf("held %d, depth %d", sl.Held, sl.Depth)
	}
}
