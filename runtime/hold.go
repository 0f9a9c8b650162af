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

// holdRoom is how many locks hold notes before it calls holdSlow: HeldLen, or one if the order of locks is asked for.
// Open writes it.
var holdRoom uint32 = HeldLen

// holdSlow is hold for a goroutine that already holds a lock whose order with obj is asked for, or has no room.
//
//go:norace
//go:noinline
func (sl *Slot) holdSlow(obj uintptr, e Entry) {
	sl.order(obj, e.site())
	sl.keep(obj, e)
}

// keep is hold for a lock that was not waited for, or may not have been: its order says nothing.
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

// release notes that the goroutine is about to release obj, which is usually the lock that it took last.
//
//go:norace
func (sl *Slot) release(obj uintptr, e Entry, kind Kind) {
	if n := sl.Held - 1; n < HeldLen && sl.Locks[n].Obj == uint64(obj) {
		sl.Held = n
	} else {
		sl.drop(obj, e, kind)
	}
}

// drop is release for any lock. It returns where and when the lock was taken. It notes the unlock of a lock that
// another goroutine took as a fact of the object, so that readers no longer believe that goroutine's hold.
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

// foreignUnlock notes an unlock by a goroutine that did not lock. It voids the holds of the lock that are not newer. So
// it moves the coarse clock on, which makes later holds newer, but never far ahead of the time.
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
