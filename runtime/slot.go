package runtime

import (
	"sync/atomic"
	"unsafe"
)

// entry returns the history entry for s at the present time.
//
//go:norace
func entry(s *Site) Entry { return Entry(s.id) | Entry(hdr.Clock)<<32 }

func (e Entry) site() uint32 { return uint32(e) }
func (e Entry) time() uint32 { return uint32(e >> 32) }

// record adds e to the history.
//
//go:norace
func (sl *Slot) record(e Entry) {
	sl.Ring[sl.Head%RingLen] = e
	sl.Head++
}

// last returns the last entry of the history. The slot of the goroutine that runs has one.
//
//go:norace
func (sl *Slot) last() *Entry { return &sl.Ring[(sl.Head-1)%RingLen] }

// block notes that the operation at s, the last probe reached, is about to wait for obj, with that Wait.Info. It
// returns the depth to which pass goes back. It does nothing if sl is nil.
//
//go:norace
func (sl *Slot) block(s *Site, obj uintptr, info uint32) (depth uint32) {
	if sl == nil {
		return 0
	}
	t := recent()
	if t == 0 {
		t = readClock()
	}
	if sl.Depth != 0 {
		sl.unwind(s.id, info)
	}
	d := sl.Depth
	w := &sl.Waits[d%WaitLen]
	w.Obj, w.Since, w.Site, w.Info = uint64(obj), t, s.id, info
	sl.Depth = d + 1
	*sl.last() = entry(s)
	if state == stateLog {
		logWaiting(sl, s)
	}
	return d
}

// pass notes that the operation at s no longer waits, and returns its entry with the present time.
//
//go:norace
func (sl *Slot) pass(s *Site, depth uint32) Entry {
	if sl == nil {
		return 0
	}
	w := &sl.Waits[depth%WaitLen]
	if state == stateLog {
		logPassed(sl, s, w.Since)
	}
	sl.Depth = depth
	ended(w.Site, now()-w.Since) // perhaps nobody has read the clock since the wait began
	e := entry(s)
	if l := sl.last(); l.site() == s.id {
		*l = e
	}
	return e
}

// newSlot gives a slot to a goroutine whose g has none. It returns nil if there is no room. mu is held.
//
//go:norace
func newSlot(g uintptr, goid uint64) *Slot {
	n := hdr.Slots
	if n >= hdr.SlotCap {
		noSlot(goid)
		return nil
	}
	if n%ChunkSlots == 0 && !reserveChunk(n/ChunkSlots) {
		noSlot(goid)
		return nil
	}
	sl := slotAt(n)
	sl.G = uint64(g)
	sl.Born, sl.Begun = hdr.Clock, beginning()
	sl.Test = testOfGoroutine()
	sl.Goid = goid
	atomic.StoreUint32(&hdr.Slots, n+1)
	return sl
}

// slotAt returns slot n.
//
//go:norace
func slotAt(n uint32) *Slot { return (*Slot)(at(slotBase, uintptr(n)*SlotSize)) }

// recycle gives the slot of a goroutine that has exited, and is buried, to goroutine goid.
//
//go:norace
func (sl *Slot) recycle(goid uint64) {
	atomic.AddUint32(&sl.Seq, 1)
	sl.Head, sl.Depth, sl.Held, sl.Lost = 0, 0, 0, 0 // so nobody reads the old Waits, Locks and Ring
	sl.CaseSite, sl.CaseSend, sl.CaseNext = 0, 0, 0  // nor Cases
	sl.Noted = [2]Noted{}
	sl.Born, sl.Begun = hdr.Clock, beginning()
	sl.Test, sl.Detached = testOfGoroutine(), 0
	sl.Goid = goid
	atomic.AddUint32(&sl.Seq, 1)
}

// bury saves the locks that a goroutine held when it exited. mu is held.
//
//go:norace
func (sl *Slot) bury() {
	for i := uint32(0); i < sl.Held; i++ {
		orphan(sl, &sl.Locks[i])
	}
	sl.Held = 0
}

// orphan adds a lock to the graveyard. mu is held.
//
//go:norace
func orphan(sl *Slot, h *Hold) {
	n := hdr.Orphans
	off := uintptr(hdr.OrphanOff)<<pageShift + uintptr(n%hdr.OrphanCap)*OrphanSize
	if !graves.has(off + OrphanSize) {
		return
	}
	*(*Orphan)(at(base, off)) = Orphan{
		Goid: sl.Goid, Obj: h.Obj, Site: h.Site, Time: h.Time,
		Last: sl.last().site(), Died: hdr.Clock,
	}
	atomic.StoreUint32(&hdr.Orphans, n+1)
}

// full has the goroutines that found no slot, by the low bits of the id, so that each is counted about once.
var full [1 << 12]uint32

//go:norace
func noSlot(goid uint64) {
	if p := &full[goid%uint64(len(full))]; *p != uint32(goid) {
		*p = uint32(goid)
		hdr.DroppedGoroutines++
	}
}

// slotBase is the address of slot 0.
var slotBase unsafe.Pointer
