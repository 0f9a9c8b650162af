package runtime

import "unsafe"

// hold notes that the goroutine holds obj since e.
//
//go:norace
func (sl *Slot) hold(obj uintptr, e Entry) {
	n := sl.Held
	if n >= holdRoom {
		sl.holdSlow(obj, e)
		return
	}
	h := (*Hold)(at(unsafe.Pointer(&sl.Locks), uintptr(n)*unsafe.Sizeof(Hold{})))
	h.Obj, h.Site, h.Time = uint64(obj), e.site(), e.time()
	sl.Held = n + 1
}

// holdRoom is how many locks hold notes before it leaves the rest to holdSlow: HeldLen, or one where the order of locks is asked for. It is written by open.
var holdRoom uint32 = HeldLen

// holdSlow is hold where the goroutine holds a lock already whose order with obj is asked for, or where there is no room.
//
//go:norace
//go:noinline
func (sl *Slot) holdSlow(obj uintptr, e Entry) {
	sl.order(obj, e.site())
	sl.keep(obj, e)
}

// keep is hold for a lock that was not waited for, or of which nobody knows what was: its order says nothing.
//
//go:norace
func (sl *Slot) keep(obj uintptr, e Entry) {
	n := sl.Held
	if n >= HeldLen {
		sl.Lost++
		hdr.DroppedHeld++
		return
	}
	sl.Locks[n] = Hold{uint64(obj), e.site(), e.time()}
	sl.Held = n + 1
}

// release notes that the goroutine is about to release obj: as a rule the lock that it took last.
//
//go:norace
func (sl *Slot) release(obj uintptr, e Entry, kind Kind) {
	if n := sl.Held - 1; n < HeldLen && sl.Locks[n].Obj == uint64(obj) {
		sl.Held = n
	} else {
		sl.drop(obj, e, kind)
	}
}

// drop is release for any lock, and returns where and when it was taken. A lock that another goroutine took is noted as an
// object, so that readers do not believe that one any more.
//
//go:norace
func (sl *Slot) drop(obj uintptr, e Entry, kind Kind) Hold {
	n := sl.Held
	for i := n; i > 0; i-- {
		if h := sl.Locks[i-1]; h.Obj == uint64(obj) {
			copy(sl.Locks[i-1:n], sl.Locks[i:n])
			sl.Held = n - 1
			return h
		}
	}
	if sl.Lost > 0 {
		sl.Lost--
		return Hold{}
	}
	sl.foreignUnlock(obj, e, kind)
	return Hold{}
}

// foreignUnlock notes an unlock by a goroutine that did not lock. Holds of the lock that are not newer than this are void; so
// the coarse clock moves on, for those that follow to be newer: but never far ahead of the time.
//
//go:norace
func (sl *Slot) foreignUnlock(obj uintptr, e Entry, kind Kind) {
	t := coarse(readClock())
	e = Entry(e.site()) | Entry(hdr.Clock)<<32
	sl.fact(e, obj, kind, factReceived, 0)
	if int32(hdr.Clock-t) < maxAhead {
		hdr.Clock++
	}
}

// maxAhead is how many milliseconds the coarse clock may be ahead of the time.
const maxAhead = 20
