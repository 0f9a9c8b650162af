package runtime

import (
	"io"
	"sync"
	"testing"
	"time"
)

func TestWaitedBucket(t *testing.T) {
	ms := int64(time.Millisecond)
	for _, tt := range []struct {
		d    int64
		want int
	}{
		{0, 0}, {1, 0}, {4 * ms, 0}, {waitedOff + WaitedFirst - 1, 0}, {waitedOff + WaitedFirst, 1}, {8 * ms, 1},
		{12 * ms, 2}, {28 * ms, 3}, {32 * ms, 3},
		{1000 * ms, 8}, {1003 * ms, 9}, {3600e9, 20}, {36 * 3600e9, 25}, {37 * 3600e9, 26}, {1<<63 - 1, 26},
	} {
		if got := WaitedBucket(tt.d); got != tt.want {
			t.Errorf("%v: %d, want %d", time.Duration(tt.d), got, tt.want)
		}
	}
}

// waitedAtSite returns the Waited of s.
//
//go:norace
func waitedAtSite(s *Site) Waited {
	if n := waitedOf[s.id]; n != 0 {
		return *waitedAt(n - 1)
	}
	return Waited{}
}

func (h *Waited) count() (n uint32) {
	for _, c := range h.Waits {
		n += c
	}
	return n
}

// TestWaited makes a goroutine wait for 30 ms in each kind of operation.
func TestWaited(t *testing.T) {
	const least = 30 * time.Millisecond
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	var once sync.Once
	cond := sync.NewCond(&mu)
	ch, full := make(chan int), make(chan int, 1)
	full <- 1
	r, w := io.Pipe()
	b := make([]byte, 1)
	var g *gate
	for _, tt := range []struct {
		name    string
		op      Op
		kind    Kind
		prepare func()
		wait    func(s *Site)
		end     func() // the wait
		none    bool   // it is not counted
	}{
		{"Mutex", OpLock, KindMutex, mu.Lock, func(s *Site) { Lock(s, &mu); Unlock(s, &mu) }, mu.Unlock, false},
		{"RWMutex", OpLock, KindRWMutex, rw.Lock, func(s *Site) { RWLock(s, &rw); RWUnlock(s, &rw) }, rw.Unlock, false},
		{"RLock", OpRLock, KindRWMutex, rw.Lock, func(s *Site) { RLock(s, &rw); RUnlock(s, &rw) }, rw.Unlock, false},
		{"Locker", OpLock, KindOther, func() { g = &gate{opened: make(chan struct{})} },
			func(s *Site) { LockerLock(s, g); LockerUnlock(s, g) }, func() { close(g.opened) }, false},
		{"send", OpSend, KindChan, nil, func(s *Site) { Send(s, full, 1) }, func() { <-full }, false},
		{"receive", OpRecv, KindChan, nil, func(s *Site) { receive(s, ch) }, func() { ch <- 1 }, false},
		{"range", OpRange, KindChan, func() { ch = make(chan int) }, func(s *Site) { RecvOK(s, ch) },
			func() { close(ch) }, false},
		{"select", OpSelect, KindChan, func() { ch = make(chan int) }, func(s *Site) {
			s.Cases = 1
			select {
			case <-CaseRecv(s, 0, ch):
				Chose(s, 0)
			}
		}, func() { ch <- 1 }, false},
		{"WaitGroup", OpWait, KindWaitGroup, func() { wg.Add(1) }, func(s *Site) { WgWait(s, &wg) }, wg.Done, false},
		{"Cond", OpCond, KindCond, nil, func(s *Site) { mu.Lock(); CondWait(s, cond); mu.Unlock() }, cond.Broadcast,
			false},
		{"I/O", OpIO, KindOther, nil, func(s *Site) { End2(IO(s, r).Read(b)) }, func() { w.Write(b) }, false},
		{"I/O of an interface", OpIO, KindOther, nil, func(s *Site) { End2(IO[io.Reader](s, r).Read(b)) },
			func() { w.Write(b) }, false},
		{"deferred I/O", OpIO, KindOther, nil, func(s *Site) { defer IOEnd(s); defer r.Read(b); defer IOBegin(s) },
			func() { w.Write(b) }, false},
		{"Once", OpOnce, KindOnce, func() { once = sync.Once{} },
			func(s *Site) { OnceDo(s, &once, func() { receive(newSite(OpRecv, KindChan, "<-ch"), ch) }) },
			func() { ch <- 1 }, true},
		{"sleep", OpSleep, KindNone, nil, func(s *Site) { Sleep(s, least) }, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(tt.op, tt.kind, tt.name)
			if tt.prepare != nil {
				tt.prepare()
			}
			began := clock()
			slots := make(chan *Slot)
			done := make(chan struct{})
			go func() {
				defer close(done)
				Loop(s)
				slots <- own()
				tt.wait(s)
			}()
			if sl := <-slots; tt.end != nil {
				whenBlocked(sl, least)
				tt.end()
			}
			<-done
			most := uint64(clock() - began)
			const tick = 12e6
			h := waitedAtSite(s)
			switch {
			case tt.none:
				if h.Site != 0 {
					t.Errorf("it is counted: %+v", h)
				}
			case h.Site != s.id || h.count() != 1 || h.Max < uint64(least)-tick || h.Max > most ||
				h.Sum != h.Max || h.Waits[WaitedBucket(int64(h.Max))] != 1:
				t.Errorf("a wait of at least %v and at most %v is kept as %+v", least, time.Duration(most), h)
			}
		})
	}
}

// TestNotWaited ends operations at once. One of them may take long, on a busy machine.
func TestNotWaited(t *testing.T) {
	if cycles() == 0 {
		t.Skip("every wait is counted where no reading of the clock is recent")
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	full := make(chan int, 1)
	for name, f := range map[string]func(s *Site){
		"Mutex":     func(s *Site) { Lock(s, &mu); Unlock(s, &mu) },
		"channel":   func(s *Site) { Send(s, full, 1); receive(s, full) },
		"WaitGroup": func(s *Site) { WgWait(s, &wg) },
		"I/O":       func(s *Site) { End2(IO[io.Writer](s, io.Discard).Write(nil)) },
		"Locker":    func(s *Site) { LockerLock(s, &mu); LockerUnlock(s, &mu) },
	} {
		s := newSite(OpLock, KindMutex, name)
		const times = 200
		for i := 0; i < times; i++ {
			f(s)
		}
		if h := waitedAtSite(s); h.count() > times/2 {
			t.Errorf("%s: %d of %d are counted", name, h.count(), times)
		}
	}
}

// TestWaitedAtOnce adds to one count from many goroutines.
func TestWaitedAtOnce(t *testing.T) {
	s := newSite(OpLock, KindMutex, "mu.Lock()")
	Loop(s)
	var wg sync.WaitGroup
	for i := 1; i <= 8; i++ {
		d := int64(i) * 1e6
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := 0; k < 1000; k++ {
				countWait(siteID(s), d)
			}
		}()
	}
	wg.Wait()
	if h := waitedAtSite(s); h.count() != 8000 || h.Sum != 36e9 || h.Max != 8e6 {
		t.Errorf("%+v", h)
	}
}

// TestWaitedNoRoom waits at sites for which the record has no room.
func TestWaitedNoRoom(t *testing.T) {
	s, last := newSite(OpLock, KindMutex, "mu.Lock()"), newSite(OpLock, KindMutex, "mu.Lock()")
	Loop(s)
	Loop(last)
	full := setWaitedCap(hdr.Waited)
	countWait(s.id, 1e9)
	setWaitedCap(full)
	ended(siteCap, 1e9)
	countWait(last.id, 1e9)
	if h := waitedAtSite(s); h.Site != 0 {
		t.Errorf("without room: %+v", h)
	}
	if h := waitedAtSite(last); h.Site != last.id || h.count() != 1 {
		t.Errorf("with room again: %+v", h)
	}
	waitedAt(waitedOf[last.id] - 1).Waits[WaitedBucket(1e9)] = 1<<32 - 1
	countWait(last.id, 1e9)
	if h := waitedAtSite(last); h.Waits[WaitedBucket(1e9)] != 1<<32-1 {
		t.Errorf("a full count goes on to %+v", h)
	}
}

//go:norace
func setWaitedCap(n uint32) (was uint32) {
	was, hdr.WaitedCap = hdr.WaitedCap, n
	return was
}
