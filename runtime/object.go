package runtime

import (
	"sync/atomic"
	"unsafe"
)

// The object table. Its pages are reserved when they are first written.
var (
	objBase  unsafe.Pointer
	objPages [objCap * ObjSize >> pageShift]bool
)

// objWay returns the entry that the search for an object with hash h reaches after n others.
//
//go:norace
func objWay(h, n uint32) *Object {
	return (*Object)(at(objBase, uintptr(h&^(ObjWays-1)|(h+n)%ObjWays)*ObjSize))
}

// objPage returns the index in objPages of the page with the entries for hash h.
func objPage(h uint32) uint32 { return h >> (pageShift - objShift) }

func (o *Object) facts() *[factLen]Fact { return (*[factLen]Fact)(unsafe.Pointer(&o.Made)) }

// object returns what is known of addr, or nil.
//
//go:norace
func object(addr uintptr) *Object {
	h := ObjHash(uint64(addr)) % objCap
	if !objPages[objPage(h)] {
		return nil
	}
	for n := uint32(0); n < ObjWays; n++ {
		switch o := objWay(h, n); o.Addr {
		case uint64(addr):
			return o
		case 0:
			return nil
		}
	}
	return nil
}

// knownClosed reports whether a probe has seen the close of a channel.
//
//go:norace
func knownClosed(addr uintptr) bool {
	o := object(addr)
	return o != nil && o.Closed.Site != 0
}

// noteFirst is note where enter returned nil.
//
//go:norace
func noteFirst(s *Site, obj unsafe.Pointer, kind Kind, which uintptr) {
	if sl, e := reach(s); sl != nil {
		sl.fact(e, uintptr(obj), kind, which, capacity(obj, kind))
	}
}

// fact notes that the goroutine did something with the object at addr. Facts have no lock: of two goroutines at once,
// one comes last. A goroutine does not note the same fact again in the same millisecond, so that goroutines that share
// a channel need not pass a cache line to and fro. capacity is that of a channel, or 0 if it is unknown.
//
//go:norace
//go:noinline
func (sl *Slot) fact(e Entry, addr uintptr, kind Kind, which uintptr, capacity uint32) {
	var o *Object
	if which == factMade {
		sl.spill(factReceived)
		sl.spill(factSent)
		sl.Noted = [2]Noted{}
		o = newObject(addr, kind, capacity)
	} else if o = object(addr); o == nil || o.isOther(kind, which, capacity) {
		o = otherObject(addr, kind, capacity, o != nil)
	}
	sl.spill(which)
	sl.Noted[which&1] = Noted{uint64(addr), e}
	if o == nil {
		return
	}
	if which == factMade && watched && madeForProgram(sl) {
		o.Kind |= ObjOfProgram
	}
	f := &o.facts()[which%factLen]
	if is := (Fact{uint32(sl.Goid), e.site(), e.time()}); *f != is {
		*f = is
	}
}

// isOther reports whether o is of an older object at the address of the one that has a new fact: it has another kind or
// capacity, or is a channel that was closed and is sent on.
//
//go:norace
func (o *Object) isOther(kind Kind, which uintptr, capacity uint32) bool {
	return o.Kind&^ObjOfProgram != uint32(kind) || capacity != 0 && capacity != o.Cap ||
		which == factSent && o.Closed.Site != 0
}

// newObject returns the entry of addr, a channel that was just made, without facts. It takes no lock, because nobody
// else knows the channel yet. It returns nil if there is no room.
//
//go:norace
//go:noinline
func newObject(addr uintptr, kind Kind, capacity uint32) *Object {
	h := ObjHash(uint64(addr)) % objCap
	if !objPages[objPage(h)] {
		return otherObject(addr, kind, capacity, true)
	}
	raceDisable()
	o := claim(h, addr, kind, capacity, true)
	raceEnable()
	return o
}

// otherObject returns the entry of an object that others may know. It finds or makes the entry; if fresh is set, it
// clears its facts. It returns nil if there is no room, or no object.
//
//go:norace
//go:noinline
func otherObject(addr uintptr, kind Kind, capacity uint32, fresh bool) *Object {
	if addr == 0 {
		return nil
	}
	h := ObjHash(uint64(addr)) % objCap
	raceDisable()
	mu.Lock()
	var o *Object
	if hasObjects(objPage(h)) {
		o = claim(h, addr, kind, capacity, fresh)
	}
	mu.Unlock()
	raceEnable()
	return o
}

// hasObjects makes sure that a page of the table may be written. mu is held.
//
//go:norace
func hasObjects(page uint32) bool {
	if !objPages[page] {
		switch reserve((uintptr(hdr.ObjOff)+uintptr(page))<<pageShift, pageSize) {
		case roomNone:
			return false
		case roomOwn:
			hdr.Private++
		}
		objPages[page] = true
	}
	return true
}

// claim returns an entry for addr: its own, an empty one, or else the one whose newest fact is oldest. It clears the
// facts, except those of addr's own entry if fresh is not set. A goroutine has an entry alone while the entry's address
// is ObjBusy. Claims of one address must not run at once, or it might get two entries.
//
//go:norace
func claim(h uint32, addr uintptr, kind Kind, capacity uint32, fresh bool) *Object {
	for {
		var o *Object
		was, age := uint64(0), uint32(0)
		for n := uint32(0); n < ObjWays; n++ {
			next := objWay(h, n)
			a := atomic.LoadUint64(&next.Addr)
			if a == uint64(addr) && !fresh {
				return next
			}
			if a == uint64(addr) || a == 0 {
				o, was = next, a
				break
			}
			if old := next.age(); a != ObjBusy && old >= age {
				o, was, age = next, a, old
			}
		}
		if o == nil {
			return nil
		}
		if atomic.CompareAndSwapUint64(&o.Addr, was, ObjBusy) {
			if was != 0 && was != uint64(addr) {
				atomic.AddUint32(&hdr.DroppedObjects, 1)
			}
			*o = Object{Addr: ObjBusy, Kind: uint32(kind), Cap: capacity}
			atomic.StoreUint64(&o.Addr, uint64(addr))
			return o
		}
	}
}

// age returns how long ago the newest fact is, as the function age does. Without facts it is the age of the record.
//
//go:norace
func (o *Object) age() uint32 {
	return min(age(o.Made.Time), age(o.Sent.Time), age(o.Received.Time), age(o.Closed.Time))
}

// age returns how long ago a coarse time is, in milliseconds, plus ahead: a fact of another processor may be that much
// newer than this processor's clock.
//
//go:norace
func age(t uint32) uint32 {
	const ahead = 1 << 20
	return hdr.Clock + ahead - t
}
