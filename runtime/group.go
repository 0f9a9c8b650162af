package runtime

import (
	"sync"
	"unsafe"
)

// WgWait is wg.Wait(). All that it needs of the slot for its stores is read before the wait. After it the slot is
// rarely in the processor's cache, and a store does not wait for that.
//
//go:norace
func WgWait(s *Site, wg *sync.WaitGroup) {
	sl, _ := enter(s)
	if sl == nil {
		if sl, _ = reach(s); sl == nil {
			wg.Wait()
			return
		}
	}
	depth := sl.block(s, addr(wg), 0)
	last, since := sl.last(), sl.Waits[depth%WaitLen].Since
	wg.Wait()
	if state == stateLog {
		logPassed(sl, s, since)
	}
	sl.Depth = depth
	ended(s.id, now()-since)
	*last = entry(s)
	sl.joined()
	// All that was added has been done. A wait from now on is for what others add.
	if n := &sl.Noted[factSent&1]; n.Obj == uint64(addr(wg))|NotedHere {
		n.Obj |= NotedOver
	}
}

// WgAdd is wg.Add(n).
//
//go:norace
func WgAdd(s *Site, wg *sync.WaitGroup, n int) {
	if n < 0 {
		noteGroup(s, wg, factReceived)
	} else {
		noteGroup(s, wg, factSent)
	}
	wg.Add(n)
}

// WgDone is wg.Done().
//
//go:norace
func WgDone(s *Site, wg *sync.WaitGroup) {
	noteGroup(s, wg, factReceived)
	wg.Done()
}

// noteGroup is the probe of Add, Go and Done. The fact stays in the slot: see Noted.
//
//go:norace
func noteGroup(s *Site, wg *sync.WaitGroup, which uintptr) {
	if !slotsKeep {
		note(s, unsafe.Pointer(wg), KindWaitGroup, which)
		return
	}
	sl, e := enter(s)
	if sl == nil {
		if sl, e = reach(s); sl == nil {
			return
		}
	}
	obj := uint64(addr(wg)) | NotedHere
	n := &sl.Noted[which&1]
	if n.Obj&notedBits == NotedHere && n.Obj != obj {
		sl.writeBack(which)
	}
	if which == factReceived && isLast(wg) {
		obj |= NotedOver
	}
	n.Obj, n.Entry = obj, e
}

// groupsTell reports whether the first word of a WaitGroup is its counter and, in the lower half, the number of those
// that wait for it, as in every version of Go so far.
var groupsTell = tryGroup()

func tryGroup() bool {
	var wg sync.WaitGroup
	if unsafe.Sizeof(wg) < 8 {
		return false
	}
	word := func() uint64 { return *(*uint64)(unsafe.Pointer(&wg)) }
	ok := word() == 0
	wg.Add(3)
	ok = ok && word() == 3<<32
	wg.Add(-2)
	ok = ok && word() == 1<<32
	wg.Done()
	return ok && word() == 0
}

// isLast reports whether a call of Done for wg now lets those go on that wait for it.
//
//go:norace
func isLast(wg *sync.WaitGroup) bool {
	if !groupsTell || wg == nil {
		return false
	}
	w := *(*uint64)(unsafe.Pointer(wg))
	const bubble = 1 << 31 // it belongs to a bubble of testing/synctest
	return w>>32 == 1 && uint32(w)&^bubble != 0
}

// spill makes room for a fact in the Noted that has facts with index which.
//
//go:norace
func (sl *Slot) spill(which uintptr) {
	if sl.Noted[which&1].Obj&notedBits == NotedHere {
		sl.writeBack(which)
	}
}

// writeBack writes a fact of a WaitGroup to the object table, unless that has a newer one of the address.
//
//go:norace
//go:noinline
func (sl *Slot) writeBack(which uintptr) {
	n := sl.Noted[which&1]
	if which&1 == factSent&1 {
		which = factSent
	} else {
		which = factReceived
	}
	obj, e := uintptr(n.Obj&^notedBits), n.Entry
	o := object(obj)
	if o == nil || Kind(o.Kind) != KindWaitGroup {
		if o != nil && o.age() <= age(e.time()) {
			return
		}
		if o = otherObject(obj, KindWaitGroup, 0, o != nil); o == nil {
			return
		}
	}
	if f := &o.facts()[which]; f.Site == 0 || age(f.Time) >= age(e.time()) {
		*f = Fact{uint32(sl.Goid), e.site(), e.time()}
	}
}
