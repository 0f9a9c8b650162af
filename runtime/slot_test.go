package runtime

import (
	goruntime "runtime"
	"sync"
	"testing"
	"time"
)

// TestGoid compares the id in a slot with that in a stack trace, in goroutines that live at once and one after the
// other.
func TestGoid(t *testing.T) {
	s := newSite(OpLoop, KindNone, "loop")
	var wg sync.WaitGroup
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			Loop(s)
			if got, want := own().Goid, stackGoid(); got != want {
				t.Errorf("slot of goroutine %d in goroutine %d", got, want)
			}
		}()
		if i%3 == 0 {
			wg.Wait()
		}
	}
	wg.Wait()
}

// TestOrphan lets a goroutine exit with a lock held. When another goroutine gets its slot, the lock becomes an orphan.
func TestOrphan(t *testing.T) {
	var mu sync.Mutex
	l, last := newSite(OpLock, KindMutex, "mu.Lock()"), newSite(OpLoop, KindNone, "last")
	var dead uint64
	done := make(chan bool)
	go func() {
		Lock(l, &mu)
		Loop(last)
		dead = own().Goid
		close(done)
	}()
	<-done
	var orphan Orphan
	buried := eventually(func() bool { // once its processor (the runtime's P) has started another goroutine
		for range 100 {
			recycled := make(chan bool)
			go func() { Loop(last); close(recycled) }()
			<-recycled
		}
		for _, o := range orphans() {
			if o.Goid == dead {
				orphan = o
			}
		}
		return orphan != Orphan{}
	})
	if o := orphan; !buried || uintptr(o.Obj) != addr(&mu) || o.Site != l.id || o.Last != last.id || o.Died < o.Time {
		t.Errorf("the lock that a goroutine left behind is in the graveyard: %v, as %+v", buried, o)
	}
}

// TestGraveyardWraps buries more locks than there is room for.
func TestGraveyardWraps(t *testing.T) {
	s := newSite(OpLock, KindMutex, "mu.Lock()")
	Loop(s)
	sl := &Slot{Goid: 1 << 40, Held: 1, Head: 1}
	sl.Ring[0] = entry(s)
	mu.Lock()
	for i := 1; i <= orphanCap+5; i++ {
		sl.Held, sl.Locks[0] = 1, Hold{Obj: uint64(i), Site: s.id}
		sl.bury()
	}
	mu.Unlock()
	all := orphans()
	if len(all) != orphanCap || all[0].Obj+orphanCap-1 != all[len(all)-1].Obj || all[len(all)-1].Obj != orphanCap+5 {
		t.Errorf("%d orphans, %+v to %+v", len(all), all[0], all[len(all)-1])
	}
}

// TestRecycle checks that a goroutine inherits nothing from the one whose slot it gets.
func TestRecycle(t *testing.T) {
	s := newSite(OpLoop, KindNone, "loop")
	Loop(s)
	sl := &Slot{Goid: 5, Head: 9, Depth: 2, Lost: 1, Seq: 4, CaseSite: 3}
	sl.recycle(6)
	if sl.Goid != 6 || sl.Seq != 6 || sl.Head != 0 || sl.Depth != 0 || sl.Lost != 0 || sl.CaseSite != 0 {
		t.Errorf("slot %+v", sl)
	}
}

// TestManyGoroutines blocks 100,000 goroutines. Each has a slot of its own, of 512 bytes.
func TestManyGoroutines(t *testing.T) {
	n := 100_000
	if testing.Short() || raceEnabled {
		n = 5_000 // the race detector has room for 8,128
	}
	if defaultSlots < n {
		t.Skip("there is no room for as many")
	}
	s := newSite(OpRecv, KindChan, "<-ch")
	ch := make(chan int)
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			receive(s, ch)
		}()
	}
	ids := make(map[uint64]bool)
	for tries := 0; len(ids) < n && tries < 3000; tries++ {
		time.Sleep(10 * time.Millisecond)
		clear(ids)
		for i := uint32(0); i < hdr.Slots; i++ {
			if sl := copySlot(slotAt(i)); sl.Depth == 1 && sl.Waits[0].Site == siteID(s) && uintptr(sl.Waits[0].Obj) == address(ch) {
				ids[sl.Goid] = true
			}
		}
	}
	if len(ids) != n {
		t.Errorf("%d goroutines wait, want %d", len(ids), n)
	}
	if hdr.DroppedGoroutines != 0 {
		t.Errorf("%d goroutines dropped", hdr.DroppedGoroutines)
	}
	if live := uint32(goruntime.NumGoroutine()); hdr.Slots > live+ChunkSlots {
		t.Errorf("%d slots for %d goroutines", hdr.Slots, live)
	}
	close(ch)
	wg.Wait()
}

// TestSlotMoves checks that a slot stays with its goroutine across threads and a growing stack.
func TestSlotMoves(t *testing.T) {
	s := newSite(OpLoop, KindNone, "loop")
	var deep func(n int) [64]int
	deep = func(n int) (big [64]int) {
		Loop(s)
		if n > 0 {
			big = deep(n - 1)
		}
		big[n%64]++
		return big
	}
	Loop(s)
	before := own()
	goruntime.LockOSThread()
	deep(1000)
	goruntime.UnlockOSThread()
	goruntime.Gosched()
	goruntime.GC()
	Loop(s)
	if own() != before {
		t.Error("the goroutine has another slot")
	}
}

// TestClockMoves checks that time goes on in the record after a long wait, and when nothing waits.
func TestClockMoves(t *testing.T) {
	loop, recv := newSite(OpLoop, KindNone, "loop"), newSite(OpRecv, KindChan, "<-ch")
	Loop(loop)
	ch := make(chan int)
	start, sl := hdr.Clock, own()
	go func() {
		whenBlocked(sl, 30*time.Millisecond)
		ch <- 1
	}()
	receive(recv, ch)
	if sl := mine(t); sl.last().time()-start < 20 {
		t.Errorf("a wait of 30ms ended at %d, after %d", sl.last().time(), start)
	}
	start = hdr.Clock
	time.Sleep(30 * time.Millisecond)
	for i := 0; i <= tickEvery; i++ {
		Loop(loop)
	}
	if sl := mine(t); sl.last().time()-start < 20 {
		t.Errorf("30ms and %d probes later it is %d, after %d", tickEvery, sl.last().time(), start)
	}
	s := newSelect(1, SiteDefault)
	start = hdr.Clock
	time.Sleep(30 * time.Millisecond)
	for i := 0; i <= tickEvery; i++ {
		select {
		case <-CaseRecv(s, 0, ch):
		default:
			Chose(s, -1)
		}
	}
	if sl := mine(t); sl.last().time()-start < 20 {
		t.Errorf("30ms and %d selects with a default later it is %d, after %d", tickEvery, sl.last().time(), start)
	}
}
