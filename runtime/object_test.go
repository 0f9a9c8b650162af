package runtime

import (
	"sync"
	"testing"
)

var evictions uintptr

// TestEviction fills the places of one address: the object whose newest fact is oldest goes first.
func TestEviction(t *testing.T) {
	s := newSite(OpMake, KindChan, "make")
	Loop(s)
	sl := own()
	evictions++
	first := 0x1100_0000 + evictions<<20 // another object in each run
	place := ObjHash(uint64(first)) % objCap
	same := []uintptr{first}
	for a := first + 8; len(same) < ObjWays+1; a += 8 {
		if ObjHash(uint64(a))%objCap == place {
			same = append(same, a)
		}
	}
	for n := uint32(0); n < ObjWays; n++ {
		*objWay(place, n) = Object{}
	}
	dropped := hdr.DroppedObjects
	clock := hdr.Clock
	for i, a := range same[:ObjWays] {
		when := clock + uint32(i)
		if i == 3 {
			when = clock - 100 // the oldest
		}
		sl.fact(Entry(s.id)|Entry(when)<<32, a, KindChan, factMade, 1)
	}
	sl.fact(Entry(s.id)|Entry(clock+ObjWays)<<32, same[ObjWays], KindChan, factMade, 1)
	for i, a := range same {
		if gone := known(a).Addr == 0; gone != (i == 3) {
			t.Errorf("object %d: gone %v", i, gone)
		}
	}
	if hdr.DroppedObjects != dropped+1 {
		t.Errorf("%d dropped, want 1", hdr.DroppedObjects-dropped)
	}
}

// TestKindChanges uses an address again for an object of another kind.
func TestKindChanges(t *testing.T) {
	s := newSite(OpMake, KindChan, "make")
	Loop(s)
	const a = 0x1200_0000
	own().fact(entry(s), a, KindChan, factSent, 2)
	own().fact(entry(s), a, KindCond, factSent, 0)
	if o := known(a); Kind(o.Kind) != KindCond || o.Cap != 0 || o.Made.Site != 0 {
		t.Errorf("object %+v", o)
	}
}

// TestUnchangedFact checks that a known fact is not written again: that would cost other processors their cached copy.
func TestUnchangedFact(t *testing.T) {
	s := newSite(OpSend, KindChan, "ch <- 1")
	Loop(s)
	sl := own()
	const a = 0x1300_0000
	e := entry(s)
	sl.fact(e, a, KindChan, factSent, 1)
	if got := testing.AllocsPerRun(100, func() { sl.fact(e, a, KindChan, factSent, 1) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if f := known(a).Sent; f != (Fact{uint32(sl.Goid), s.id, e.time()}) {
		t.Errorf("fact %+v", f)
	}
}

// TestClaims makes more channels at once than their addresses have places. Each channel that is kept has one place, and
// its own facts.
func TestClaims(t *testing.T) {
	s := newSite(OpMake, KindChan, "make")
	Loop(s)
	evictions++
	place := ObjHash(uint64(0x2000_0000+evictions<<24)) % objCap
	const each = 4 * ObjWays
	var wg sync.WaitGroup
	for n := uintptr(0); n < 4; n++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			Loop(s)
			sl := own()
			a := uintptr(0x2000_0000) * (n + 1)
			for i := 0; i < each; a += 8 {
				if ObjHash(uint64(a))%objCap == place {
					sl.fact(entryNow(s), a, KindChan, factMade, uint32(n))
					sl.fact(entryNow(s), a, KindChan, factSent, uint32(n))
					i++
				}
			}
		}()
	}
	wg.Wait()
	seen := map[uint64]bool{}
	for n := uint32(0); n < ObjWays; n++ {
		o := copyObject(objWay(place, n))
		if o.Addr <= ObjBusy || seen[o.Addr] || uint64(o.Cap)+1 != o.Addr>>29 || o.Made.Site != s.id || o.Made.Goid != o.Sent.Goid {
			t.Errorf("place %d: %+v", n, o)
		}
		seen[o.Addr] = true
	}
}

// TestMadeAmong makes, sends on and receives from a channel whose places other objects have, or an older channel at its
// address: it has its own facts only, and the others keep theirs while there is room.
func TestMadeAmong(t *testing.T) {
	first, mk := newSite(OpMake, KindChan, "make"), newSite(OpMake, KindChan, "make")
	snd, rcv := newSite(OpSend, KindChan, "ch <- 1"), newSite(OpRecv, KindChan, "<-ch")
	Loop(mk)
	for older := range ObjWays + 1 {
		for others := range ObjWays + 1 {
			ch := make(chan int, 2)
			h := ObjHash(uint64(address(ch))) % objCap
			Made(first, ch) // so that its page is there
			for n := range uint32(ObjWays) {
				*objWay(h, n) = Object{}
			}
			for n := range others {
				a := uint64(0x100 + n)
				if n == older {
					a = uint64(address(ch))
				}
				f := Fact{1, mk.id, hdr.Clock}
				*objWay(h, uint32(n)) = Object{Addr: a, Cap: 7, Kind: uint32(KindChan), Closed: f, Received: f}
			}
			dropped := hdr.DroppedObjects
			Made(mk, ch)
			To(snd, ch).Send(1)
			if o := known(address(ch)); o.Closed.Site != 0 || o.Received.Site != 0 || o.Made.Site != mk.id || o.Sent.Site != snd.id {
				t.Fatalf("the object after a send, with %d others: %+v", others, o)
			}
			To(snd, ch).Send(1)
			receive(rcv, ch)
			o, goid := known(address(ch)), uint32(own().Goid)
			for i, f := range []Fact{o.Made, o.Sent, o.Received} {
				if f.Goid != goid || f.Site != []uint32{mk.id, snd.id, rcv.id}[i] || f.Time == 0 {
					t.Fatalf("fact %d, with %d others: %+v", i, others, f)
				}
			}
			if o.Closed.Site != 0 || o.Cap != 2 || o.Kind != uint32(KindChan) {
				t.Fatalf("the object, with %d others: %+v", others, o)
			}
			kept := 0
			for n := range uint32(ObjWays) {
				if o := objWay(h, n); o.Addr >= 0x100 && o.Addr < 0x100+ObjWays && o.Cap == 7 && o.Closed.Goid == 1 {
					kept++
				}
			}
			want, gone := others, uint32(0)
			switch {
			case older < others:
				want--
			case others == ObjWays:
				want, gone = want-1, 1
			}
			if kept != want || hdr.DroppedObjects != dropped+gone {
				t.Fatalf("of %d others %d are left, want %d; %d dropped, want %d", others, kept, want, hdr.DroppedObjects-dropped, gone)
			}
		}
	}
}

// TestClaimsOfOne notes facts of one object, made without a probe, from many goroutines at once: it has one place.
func TestClaimsOfOne(t *testing.T) {
	s := newSite(OpWait, KindWaitGroup, "wg.Add(1)")
	Loop(s)
	evictions++
	first := uintptr(0x7000_0000 + evictions<<24)
	for a := first; a < first+1000*16; a += 16 {
		var wg sync.WaitGroup
		for n := 0; n < 2; n++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				Loop(s)
				own().fact(entryNow(s), a, KindWaitGroup, uintptr(1+n), 0)
			}()
		}
		wg.Wait()
		if o := known(a); o.Sent.Site != s.id || o.Received.Site != s.id {
			t.Fatalf("object %+v", o)
		}
	}
}

//go:norace
func copyObject(o *Object) Object { return *o }

//go:norace
func entryNow(s *Site) Entry { return entry(s) }
