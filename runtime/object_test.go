package runtime

import "testing"

var evictions uintptr

// TestEviction fills the places of one address: the object of which nothing was heard for longest goes first.
func TestEviction(t *testing.T) {
	s := newSite(OpMake, KindChan, "make")
	Loop(s)
	sl := own()
	evictions++
	first := 0x1100_0000 + evictions<<20 // another object in each run
	place := ObjHash(uint64(first)) & objMask
	same := []uintptr{first}
	for a := first + 8; len(same) < ObjWays+1; a += 8 {
		if ObjHash(uint64(a))&objMask == place {
			same = append(same, a)
		}
	}
	for i := place; i < place+ObjWays; i++ {
		*objAt(i) = Object{}
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

// TestUnchangedFact checks that a fact that is known already is not written again: it would cost other processors their copy of it.
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
