package runtime

import (
	"runtime"
	"slices"
	"sync"
	"testing"
)

// TestLocks takes and releases every kind of lock: it is held in between, and not after.
func TestLocks(t *testing.T) {
	var mu sync.Mutex
	var rw sync.RWMutex
	ls, us := newSite(OpLock, KindMutex, "Lock"), newSite(OpUnlock, KindMutex, "Unlock")
	for _, c := range []struct {
		name         string
		lock, unlock func()
		free         func() bool
		obj          uintptr
		read         uint32
	}{
		{"Mutex", func() { Lock(ls, &mu) }, func() { Unlock(us, &mu) }, mu.TryLock, addr(&mu), 0},
		{"TryLock", func() { TryLock(ls, &mu) }, func() { Unlock(us, &mu) }, mu.TryLock, addr(&mu), 0},
		{"RWMutex", func() { RWLock(ls, &rw) }, func() { RWUnlock(us, &rw) }, rw.TryLock, addr(&rw), 0},
		{"RWTryLock", func() { RWTryLock(ls, &rw) }, func() { RWUnlock(us, &rw) }, rw.TryLock, addr(&rw), 0},
		{"RLock", func() { RLock(ls, &rw) }, func() { RUnlock(us, &rw) }, rw.TryLock, addr(&rw), HoldRead},
		{"TryRLock", func() { TryRLock(ls, &rw) }, func() { RUnlock(us, &rw) }, rw.TryLock, addr(&rw), HoldRead},
		{"Locker of Mutex", func() { LockerLock(ls, &mu) }, func() { LockerUnlock(us, &mu) }, mu.TryLock, addr(&mu), 0},
		{"Locker of Mutex, beside", func() { Locking(ls, &mu).Lock(); Locked(ls) },
			func() { Releasing(us, &mu).Unlock() }, mu.TryLock, addr(&mu), 0},
		{"Locker of RWMutex", func() { LockerLock(ls, &rw) }, func() { LockerUnlock(us, &rw) }, rw.TryLock, addr(&rw),
			0},
		{"RLocker", func() { LockerLock(ls, rw.RLocker()) }, func() { LockerUnlock(us, rw.RLocker()) }, rw.TryLock,
			addr(&rw), HoldRead},
	} {
		c.lock()
		if c.free() {
			t.Fatalf("%s: it is not locked", c.name)
		}
		sl := mine(t)
		if !slices.Equal(sl.holds(), []uintptr{c.obj}) || sl.Locks[0].Site != ls.id|c.read || sl.Locks[0].Time == 0 {
			t.Errorf("%s: the slot holds %+v, want %#x at site %d", c.name, sl.Locks[:sl.Held], c.obj, ls.id)
		}
		c.unlock()
		sl = mine(t)
		if sl.Held != 0 {
			t.Errorf("%s: the slot still holds %+v", c.name, sl.Locks[:sl.Held])
		}
		if want := []uint32{us.id, ls.id}; !slices.Equal(sl.recent(2), want) {
			t.Errorf("%s: history %v, want %v", c.name, sl.recent(2), want)
		}
		if o := known(c.obj); o.Received.Site != 0 {
			t.Errorf("%s: taken for the unlock of a lock that another goroutine holds", c.name)
		}
	}
}

func TestTryLockFails(t *testing.T) {
	var mu sync.Mutex
	var rw sync.RWMutex
	s := newSite(OpTryLock, KindMutex, "TryLock")
	mu.Lock()
	rw.Lock()
	if TryLock(s, &mu) || RWTryLock(s, &rw) || TryRLock(s, &rw) {
		t.Error("a lock that is taken was taken")
	}
	if sl := mine(t); sl.Held != 0 {
		t.Errorf("the slot holds %+v", sl.Locks[:sl.Held])
	}
}

func TestLockBlocked(t *testing.T) {
	var mu sync.Mutex
	var rw sync.RWMutex
	for _, c := range []struct {
		name         string
		lock, unlock func()
		probe        func(*Site)
		obj          uintptr
	}{
		{"Mutex", mu.Lock, mu.Unlock, func(s *Site) { Lock(s, &mu) }, addr(&mu)},
		{"RWMutex", rw.RLock, rw.RUnlock, func(s *Site) { RWLock(s, &rw) }, addr(&rw)},
		{"RLock", rw.Lock, rw.Unlock, func(s *Site) { RLock(s, &rw) }, addr(&rw)},
		{"RLocker", rw.Lock, rw.Unlock, func(s *Site) { LockerLock(s, rw.RLocker()) }, addr(&rw)},
	} {
		mu, rw = sync.Mutex{}, sync.RWMutex{}
		s := newSite(OpLock, KindMutex, "Lock")
		c.lock()
		before := clock()
		b := block(t, s, func() { c.probe(s) })
		w, _ := b.waits()
		if uintptr(w.Obj) != c.obj || w.Since < before || w.Since > nanotime() {
			t.Errorf("%s: waits %+v, want the object %#x and a time since %d", c.name, w, c.obj, before)
		}
		c.unlock()
		if sl := b.join(); sl.Depth != 0 || !slices.Equal(sl.holds(), []uintptr{c.obj}) {
			t.Errorf("%s: after the wait: depth %d, holds %#x", c.name, sl.Depth, sl.holds())
		}
	}
}

// TestRWContended has readers and writers that keep each other waiting: no writer shares the lock with anybody.
func TestRWContended(t *testing.T) {
	var rw sync.RWMutex
	var wg sync.WaitGroup
	lock, unlock := newSite(OpLock, KindRWMutex, "Lock"), newSite(OpUnlock, KindRWMutex, "Unlock")
	rlock, runlock := newSite(OpRLock, KindRWMutex, "RLock"), newSite(OpRUnlock, KindRWMutex, "RUnlock")
	const each = 1000
	sum := 0
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func(reads bool) {
			defer wg.Done()
			for n := 0; n < each; n++ {
				if reads {
					RLock(rlock, &rw)
					was := sum
					runtime.Gosched()
					if sum != was {
						t.Error("a writer has the lock beside a reader")
					}
					RUnlock(runlock, &rw)
					continue
				}
				RWLock(lock, &rw)
				was := sum
				runtime.Gosched()
				sum = was + 1
				RWUnlock(unlock, &rw)
			}
			if sl := mine(t); sl.Held != 0 || sl.Depth != 0 {
				t.Errorf("held %d, depth %d at the end", sl.Held, sl.Depth)
			}
		}(i%2 == 0)
	}
	wg.Wait()
	if sum != 2*each {
		t.Errorf("%d writes, want %d", sum, 2*each)
	}
	if !rw.TryLock() {
		t.Error("the lock is taken at the end")
	}
}

// TestReaders has readers who meet at the lock, and a writer who waits for them now and then.
func TestReaders(t *testing.T) {
	var rw sync.RWMutex
	var wg sync.WaitGroup
	rlock, runlock := newSite(OpRLock, KindRWMutex, "RLock"), newSite(OpRUnlock, KindRWMutex, "RUnlock")
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := 0; n < 1_000_000; n++ {
				RLock(rlock, &rw)
				RUnlock(runlock, &rw)
			}
		}()
	}
	for n := 0; n < 1000; n++ {
		rw.Lock()
		rw.Unlock()
	}
	wg.Wait()
	if !rw.TryLock() {
		t.Error("the lock is taken at the end")
	}
}

// TestHoldsOrder takes more locks than there is room for, and releases them in another order.
func TestHoldsOrder(t *testing.T) {
	var mus [HeldLen + 2]sync.Mutex
	l, u := newSite(OpLock, KindMutex, "Lock"), newSite(OpUnlock, KindMutex, "Unlock")
	for i := range mus {
		Lock(l, &mus[i])
	}
	if sl := mine(t); sl.Held != HeldLen || sl.Lost != 2 {
		t.Errorf("held %d, lost %d; want %d and 2", sl.Held, sl.Lost, HeldLen)
	}
	Unlock(u, &mus[3])
	Unlock(u, &mus[0])
	sl := mine(t)
	want := []uintptr{addr(&mus[1]), addr(&mus[2]), addr(&mus[4]), addr(&mus[5]), addr(&mus[6]), addr(&mus[7])}
	if !slices.Equal(sl.holds(), want) {
		t.Errorf("holds %#x, want %#x", sl.holds(), want)
	}
	for _, i := range []int{1, 2, 4, 5, 6, 7, 8, 9} {
		Unlock(u, &mus[i])
	}
	if sl := mine(t); sl.Held != 0 || sl.Lost != 0 {
		t.Errorf("held %d, lost %d after all were released", sl.Held, sl.Lost)
	}
}

// TestForeignUnlock unlocks in another goroutine. The hold that stays behind is not newer than the unlock, but the next
// one is.
func TestForeignUnlock(t *testing.T) {
	var mu sync.Mutex
	l, u := newSite(OpLock, KindMutex, "Lock"), newSite(OpUnlock, KindMutex, "Unlock")
	Lock(l, &mu)
	done := make(chan uint64)
	go func() {
		Unlock(u, &mu)
		done <- own().Goid
	}()
	goid := <-done
	stale := mine(t).Locks[0]
	f := known(addr(&mu)).Received
	if f.Goid != uint32(goid) || f.Site != u.id || f.Time < stale.Time {
		t.Errorf("fact %+v; want goroutine %d, site %d, a time from %d", f, goid, u.id, stale.Time)
	}
	Lock(l, &mu)
	sl := mine(t)
	if h := sl.Locks[sl.Held-1]; h.Time <= f.Time {
		t.Errorf("the new hold, at %d, is not newer than the unlock, at %d", h.Time, f.Time)
	}
	Unlock(u, &mu)
	mu.Lock()
	Unlock(u, &mu) // finds the stale hold, and drops it, too
	if sl := mine(t); sl.Held != 0 {
		t.Errorf("holds %+v at the end", sl.Locks[:sl.Held])
	}
}

// A gate is a Locker of the user's own, and not just a pointer to a lock of package sync.
type gate struct {
	sync.Mutex
	opened chan struct{}
}

func (g *gate) Lock() { <-g.opened; g.Mutex.Lock() }

func TestOwnLocker(t *testing.T) {
	s, u := newSite(OpLock, KindOther, "g.Lock()"), newSite(OpUnlock, KindOther, "g.Unlock()")
	for name, of := range map[string]struct{ lock, unlock func(sync.Locker) }{
		"in the probe": {func(l sync.Locker) { LockerLock(s, l) }, func(l sync.Locker) { LockerUnlock(u, l) }},
		"beside the probe": {func(l sync.Locker) { Locking(s, l).Lock(); Locked(s) },
			func(l sync.Locker) { Releasing(u, l).Unlock() }},
		"deferred, beside one": {func(l sync.Locker) { Locking(s, l).Lock(); Locked(s) },
			func(l sync.Locker) { defer l.Unlock(); defer Releasing(u, l) }},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gate{opened: make(chan struct{})}
			b := block(t, s, func() {
				of.lock(g)
				if sl := mine(t); sl.Depth != 0 || !slices.Equal(sl.holds(), []uintptr{addr(g)}) {
					t.Errorf("depth %d, holds %#x, want %#x", sl.Depth, sl.holds(), addr(g))
				}
				of.unlock(g)
			})
			close(g.opened)
			if sl := b.join(); sl.Depth != 0 || sl.Held != 0 {
				t.Errorf("depth %d, held %d at the end", sl.Depth, sl.Held)
			}
		})
	}
}

// TestNilLock locks and unlocks nil pointers: the panics are those of package sync.
func TestNilLock(t *testing.T) {
	s := newSite(OpLock, KindMutex, "mu.Lock()")
	var mu *sync.Mutex
	var rw *sync.RWMutex
	for name, f := range map[string][2]func(){
		"Lock":      {func() { mu.Lock() }, func() { Lock(s, mu) }},
		"Unlock":    {func() { mu.Unlock() }, func() { Unlock(s, mu) }},
		"RLock":     {func() { rw.RLock() }, func() { RLock(s, rw) }},
		"RUnlock":   {func() { rw.RUnlock() }, func() { RUnlock(s, rw) }},
		"RW Lock":   {func() { rw.Lock() }, func() { RWLock(s, rw) }},
		"RW Unlock": {func() { rw.Unlock() }, func() { RWUnlock(s, rw) }},
	} {
		for i := 0; i < 2; i++ { // the first time, the site is new
			if plain, probed := panicText(f[0]), panicText(f[1]); plain != probed || plain == "" {
				t.Errorf("%s: %q, want %q", name, probed, plain)
			}
		}
	}
}
