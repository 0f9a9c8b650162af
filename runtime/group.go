package runtime

import (
	"sync"
	"unsafe"
)

// A call of Wait or Go stays in the user's function, as a channel operation does:
//
//	BeginWait(s, wg).Wait(); EndWait()
//	BeginGo(s, wg).Go(f)

// BeginWait is about to wait for wg, which it returns.
func BeginWait(s *Site, wg *sync.WaitGroup) *sync.WaitGroup {
	if !off {
		beginWait(s, unsafe.Pointer(wg))
	}
	return wg
}

// EndWait notes that a wait for a WaitGroup is over.
func EndWait() {
	if !off {
		endWait()
	}
}

// BeginGo is about to call wg.Go, and returns wg.
func BeginGo(s *Site, wg *sync.WaitGroup) *sync.WaitGroup {
	if !off {
		beginGo(s, unsafe.Pointer(wg))
	}
	return wg
}

// beginWaitSlow does what beginWait does, in all cases, and endWaitSlow what endWait does.
//
//go:norace
func beginWaitSlow(s *Site, wg unsafe.Pointer) {
	sl, _ := enter(s)
	if sl == nil {
		sl, _ = reach(s)
	}
	sl.block(s, uintptr(wg), 0)
}

//go:norace
func endWaitSlow() {
	sl := own()
	if sl == nil || sl.Depth == 0 {
		return
	}
	sl.Depth--
	w := &sl.Waits[sl.Depth%WaitLen]
	sl.over(w)
	sl.joined()
	// All that was added has been done. A wait from now on is for what others add.
	if n := &sl.Noted[factSent&1]; n.Obj == w.Obj|NotedHere {
		n.Obj |= NotedOver
	}
}

// beginGoSlow does what beginGo does, in all cases.
//
//go:norace
func beginGoSlow(s *Site, wg unsafe.Pointer) {
	noteGroup(s, (*sync.WaitGroup)(wg), factSent)
	if orders != nil {
		countSpawn()
	}
}

// WgWait is wg.Wait(), where the call cannot stay in the user's function.
//
//go:norace
func WgWait(s *Site, wg *sync.WaitGroup) {
	BeginWait(s, wg).Wait()
	EndWait()
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
	sl.noteGroup(e, wg, which)
}

// noteGroup is the rest of the function noteGroup after enter.
//
//go:norace
func (sl *Slot) noteGroup(e Entry, wg *sync.WaitGroup, which uintptr) {
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
