package runtime

import (
	"sync"
	"testing"
)

// lastOf returns the site of the last fact about a WaitGroup with index which, and whether only this goroutine has it.
func lastOf(t *testing.T, wg uintptr, which int) (site uint32, here bool) {
	t.Helper()
	if n := mine(t).Noted[which&1]; n.Obj&^notedBits == uint64(wg) && n.Obj&NotedHere != 0 {
		return n.Entry.site(), true
	}
	o := known(wg)
	if o.Addr != 0 && Kind(o.Kind) != KindWaitGroup {
		t.Errorf("object %+v", o)
	}
	return o.facts()[which].Site, false
}

// groupSites returns sites of a WaitGroup that no other test uses.
func groupSites() (add, done, wait *Site) {
	site := func(expr string) *Site { return newSite(OpWait, KindWaitGroup, expr) }
	return site("wg.Add(1)"), site("wg.Done()"), site("wg.Wait()")
}

func TestWaitGroup(t *testing.T) {
	wg := newWaitGroup()
	add, done, wait := groupSites()
	WgAdd(add, wg, 2)
	b := block(t, wait, func() { WgWait(wait, wg) })
	if w, _ := b.waits(); uintptr(w.Obj) != addr(wg) {
		t.Errorf("waits for %#x, want %#x", w.Obj, addr(wg))
	}
	if site, here := lastOf(t, addr(wg), factSent); site != add.id || here != slotsKeep {
		t.Errorf("after Add: site %d, here %v; want %d, %v", site, here, add.id, slotsKeep)
	}
	WgDone(done, wg)
	WgAdd(done, wg, -1)
	if sl := b.join(); sl.Depth != 0 || sl.recent(1)[0] != wait.id {
		t.Errorf("depth %d at the end, last %d", sl.Depth, sl.recent(1)[0])
	}
	if site, here := lastOf(t, addr(wg), factReceived); site != done.id || here != slotsKeep {
		t.Errorf("after Done: site %d, here %v; want %d, %v", site, here, done.id, slotsKeep)
	}
}

func TestWaitGroupGo(t *testing.T) {
	for name, start := range map[string]func(s *Site, wg *sync.WaitGroup, f func()){
		"WgGo":    WgGo,
		"BeginGo": func(s *Site, wg *sync.WaitGroup, f func()) { BeginGo(s, wg).Go(f) },
	} {
		wg := newWaitGroup()
		s, ran := newSite(OpWait, KindWaitGroup, name), false
		start(s, wg, func() { ran = true })
		wg.Wait()
		if site, here := lastOf(t, addr(wg), factSent); !ran || site != s.id || here != slotsKeep {
			t.Errorf("%s: ran %v, site %d, here %v; want %d", name, ran, site, here, s.id)
		}
		if last := own().last().site(); last != s.id {
			t.Errorf("%s: last at site %d, want %d", name, last, s.id)
		}
	}
}

// TestWaitGroupFirst checks the probes of a WaitGroup as the first ones of a goroutine, on a g that has been used and
// on one that has not.
func TestWaitGroupFirst(t *testing.T) {
	started, wait := newSite(OpWait, KindWaitGroup, "wg.Go(f)"), newSite(OpWait, KindWaitGroup, "wg.Wait()")
	for range 100 {
		wg, ended := newWaitGroup(), make(chan Slot)
		go func() {
			BeginGo(started, wg)
			ended <- copySlot(own())
		}()
		sl := <-ended
		if n := sl.Noted[factSent&1]; sl.Head != 1 || sl.Depth != 0 ||
			slotsKeep && (n.Obj != uint64(addr(wg))|NotedHere || n.Entry.site() != started.id) {
			t.Fatalf("after Go: %+v", sl)
		}
		go func() {
			BeginWait(wait, wg).Wait()
			during := copySlot(own())
			EndWait()
			after := copySlot(own())
			during.Test = after.Depth // the rest is as it was
			ended <- during
		}()
		if sl := <-ended; sl.Head != 1 || sl.Depth != 1 || sl.Test != 0 || sl.Waits[0].Obj != uint64(addr(wg)) ||
			sl.Waits[0].Site != wait.id {
			t.Fatalf("in Wait: %+v", sl)
		}
	}
}

// TestWaitGroupInside waits for a WaitGroup inside another operation, and after a wait that has panicked.
func TestWaitGroupInside(t *testing.T) {
	once, wait := newSite(OpOnce, KindOnce, "once.Do(f)"), newSite(OpWait, KindWaitGroup, "wg.Wait()")
	var during, after Slot
	for _, panics := range []bool{false, true} {
		OnceDo(once, new(sync.Once), func() {
			if panics {
				BeginWait(wait, newWaitGroup()) // and then Wait panics
			}
			wg := BeginGo(wait, newWaitGroup())
			BeginWait(wait, wg).Wait()
			during = mine(t)
			EndWait()
			after = mine(t)
			if n := after.Noted[factSent&1]; slotsKeep && n.Obj != uint64(addr(wg))|NotedHere|NotedOver {
				t.Errorf("panics %v: after Wait: %+v", panics, n)
			}
		})
		if during.Depth != 2 || after.Depth != 1 || during.Waits[0].Site != once.id || during.Waits[1].Site != wait.id {
			t.Errorf("panics %v: in Wait %+v; then depth %d, want 1", panics, during, after.Depth)
		}
		if sl := mine(t); sl.Depth != 0 {
			t.Errorf("panics %v: depth %d at the end", panics, sl.Depth)
		}
	}
}

// TestFactMakesRoom checks that a fact that may be needed goes to the table when another one takes its place, whatever
// that is of.
func TestFactMakesRoom(t *testing.T) {
	for name, other := range map[string]func(s *Site){
		"WaitGroup": func(s *Site) { WgAdd(s, newWaitGroup(), 1); WgDone(s, owedTwo()) },
		"Go":        func(s *Site) { Loop(s); BeginGo(s, newWaitGroup()); WgDone(s, owedTwo()) },
		"Cond": func(s *Site) {
			CondSignal(s, sync.NewCond(nil))
			note(s, pointer(make(chan int)), KindChan, factReceived)
		},
		"make": func(s *Site) { Made(s, make(chan int)) },
	} {
		wg := newWaitGroup()
		add, done, _ := groupSites()
		WgAdd(add, wg, 2)
		WgDone(done, wg)
		other(newSite(OpWait, KindWaitGroup, name))
		if site, here := lastOf(t, addr(wg), factSent); site != add.id || here {
			t.Errorf("%s: Add: site %d, here %v; want %d, false", name, site, here, add.id)
		}
		if site, here := lastOf(t, addr(wg), factReceived); site != done.id || here {
			t.Errorf("%s: Done: site %d, here %v; want %d, false", name, site, here, done.id)
		}
	}
}

// owedTwo returns a WaitGroup that is owed two Dones.
func owedTwo() *sync.WaitGroup {
	wg := newWaitGroup()
	wg.Add(2)
	return wg
}

// TestFactsThatAreOver checks that the table does not get facts of WaitGroups for which nobody waits any more.
func TestFactsThatAreOver(t *testing.T) {
	if !slotsKeep {
		t.Skip("facts go to the table at once")
	}
	t.Run("Add", func(t *testing.T) { factsThatAreOver(t, func(s *Site, wg *sync.WaitGroup) { WgAdd(s, wg, 1) }) })
	t.Run("Go", func(t *testing.T) { factsThatAreOver(t, func(s *Site, wg *sync.WaitGroup) { BeginGo(s, wg) }) })
}

// factsThatAreOver makes the facts of another WaitGroup take the place of those that are over.
func factsThatAreOver(t *testing.T, more func(s *Site, wg *sync.WaitGroup)) {
	wg, other := newWaitGroup(), owedTwo()
	add, done, wait := groupSites()
	WgAdd(add, wg, 1)
	b := block(t, wait, func() { WgWait(wait, wg) })
	if !eventually(func() bool { return isLast(wg) }) {
		t.Fatal("nobody waits")
	}
	WgDone(done, wg)
	b.join()
	if n := mine(t).Noted[factReceived&1]; n.Obj != uint64(addr(wg))|NotedHere|NotedOver {
		t.Errorf("after the last Done: %+v", n)
	}
	WgWait(wait, newWaitGroup())
	if n := mine(t).Noted[factSent&1]; n.Obj != uint64(addr(wg))|NotedHere {
		t.Errorf("after Wait for another one: %+v", n)
	}
	WgWait(wait, wg)
	if n := mine(t).Noted[factSent&1]; n.Obj != uint64(addr(wg))|NotedHere|NotedOver {
		t.Errorf("after Wait: %+v", n)
	}
	more(add, other)
	WgDone(done, other)
	if o := known(addr(wg)); o.Addr != 0 {
		t.Errorf("in the table: %+v", o)
	}
}

// TestDoneWithoutWaiter checks that the table gets a Done that let nobody go on: somebody may still come to wait.
func TestDoneWithoutWaiter(t *testing.T) {
	wg := newWaitGroup()
	add, done, _ := groupSites()
	WgAdd(add, wg, 1)
	WgDone(done, wg)
	WgDone(done, owedTwo())
	if site, here := lastOf(t, addr(wg), factReceived); site != done.id || here {
		t.Errorf("site %d, here %v; want %d, false", site, here, done.id)
	}
}

// TestFactsOfPast checks that the slot of a goroutine that has exited gives its facts to the table before another
// goroutine gets it, and that these do not replace newer ones.
func TestFactsOfPast(t *testing.T) {
	wg := newWaitGroup()
	add, done, _ := groupSites()
	var sl Slot
	run := func(f func()) {
		ended := make(chan struct{})
		go func() { defer close(ended); f() }()
		<-ended
	}
	run(func() {
		WgAdd(add, wg, 2)
		WgDone(done, wg)
		sl = copySlot(own())
	})
	if !eventually(func() bool {
		reused := false
		run(func() { Loop(add); reused = copySlot(own()).G == sl.G })
		return reused || sl.G == 0
	}) {
		t.Fatal("the slot is not used again")
	}
	if o := known(addr(wg)); sl.G != 0 && (o.Sent.Goid != uint32(sl.Goid) || o.Received.Goid != uint32(sl.Goid)) {
		t.Errorf("after goroutine %d: %+v", sl.Goid, o)
	}
	if !slotsKeep {
		return
	}
	me := own()
	for _, c := range []struct {
		name  string
		ms    int32 // how much older the other fact in the table is
		kind  Kind
		taken bool
	}{
		{"older", 5, KindWaitGroup, true}, {"newer", -5, KindWaitGroup, false},
		{"older of another kind", 5, KindCond, true}, {"newer of another kind", -5, KindCond, false},
	} {
		other := newWaitGroup()
		me.fact(Entry(done.id)|Entry(hdr.Clock-uint32(c.ms))<<32, addr(other), c.kind, factSent, 0)
		me.Noted[factSent&1] = Noted{uint64(addr(other)) | NotedHere, Entry(add.id) | Entry(hdr.Clock)<<32}
		me.spill(factSent)
		me.Noted = [2]Noted{}
		site, kind := done.id, c.kind
		if c.taken {
			site, kind = add.id, KindWaitGroup
		}
		if o := known(addr(other)); o.Sent.Site != site || Kind(o.Kind) != kind {
			t.Errorf("%s: %+v", c.name, o)
		}
	}
}

func TestTryGroup(t *testing.T) {
	if !groupsTell {
		t.Error("the first word of a WaitGroup does not tell")
	}
	if isLast(nil) {
		t.Error("no WaitGroup is about to let anybody go on")
	}
}
