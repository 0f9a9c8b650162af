package runtime

import "unsafe"

// The facts of an Object, as an index into them.
const (
	factMade = iota
	factSent
	factReceived
	factClosed
	factLen
)

// The object table. Its pages are reserved when they are first written.
var (
	objBase  unsafe.Pointer
	objMask  uint32 // ObjCap - 1, without the bits of the way
	objPages [objCap * ObjSize >> pageShift]bool
)

//go:norace
func objAt(i uint32) *Object { return (*Object)(at(objBase, uintptr(i)*ObjSize)) }

func (o *Object) facts() *[factLen]Fact { return (*[factLen]Fact)(unsafe.Pointer(&o.Made)) }

// object returns what is known of addr, or nil.
//
//go:norace
func object(addr uintptr) *Object {
	i := ObjHash(uint64(addr)) & objMask
	if !objPages[i>>(pageShift-objShift)%uint32(len(objPages))] {
		return nil
	}
	for end := i + ObjWays; i < end; i++ {
		switch o := objAt(i); o.Addr {
		case uint64(addr):
			return o
		case 0:
			return nil
		}
	}
	return nil
}

// noteFirst is note where enter has no answer.
//
//go:norace
func noteFirst(s *Site, obj unsafe.Pointer, kind Kind, which uintptr) {
	if sl, e := reach(s); sl != nil {
		sl.fact(e, uintptr(obj), kind, which, capacity(obj, kind))
	}
}

// fact notes that the goroutine did something with the object at addr. Facts have no lock: of two goroutines at once, one comes
// last. What the goroutine has noted before is not noted again in the same millisecond, so that goroutines that share a channel need not pass a
// cache line to and fro. capacity is that of a channel, or 0 if it is not known.
//
//go:norace
//go:noinline
func (sl *Slot) fact(e Entry, addr uintptr, kind Kind, which uintptr, capacity uint32) {
	if which == factMade {
		sl.Noted = [2]Noted{}
	}
	sl.Noted[which&1] = Noted{uint64(addr), e}
	o := object(addr)
	if fresh := which == factMade || o.isOther(kind, which, capacity); fresh || o == nil {
		if o = newObject(addr, kind, capacity, fresh); o == nil {
			return
		}
	}
	if which == factMade && watched && madeForProgram(sl) {
		o.Kind |= ObjOfProgram
	}
	f := &o.facts()[which%factLen]
	if is := (Fact{uint32(sl.Goid), e.site(), e.time()}); *f != is {
		*f = is
	}
}

// isOther says whether o tells of an older object at the same address than the one of which a fact is to be noted: one of another kind or
// capacity, or a channel that was closed and is sent on.
//
//go:norace
func (o *Object) isOther(kind Kind, which uintptr, capacity uint32) bool {
	return o != nil && (o.Kind&^ObjOfProgram != uint32(kind) || capacity != 0 && capacity != o.Cap || which == factSent && o.Closed.Site != 0)
}

// newObject returns the entry of addr, made or found, without facts if it is fresh. It returns nil if there is no room.
//
//go:norace
//go:noinline
func newObject(addr uintptr, kind Kind, capacity uint32, fresh bool) *Object {
	if addr == 0 {
		return nil
	}
	raceDisable()
	mu.Lock()
	o := claim(addr)
	if o != nil && (fresh || o.Addr != uint64(addr)) {
		*o = Object{Addr: uint64(addr), Kind: uint32(kind), Cap: capacity}
	}
	mu.Unlock()
	raceEnable()
	return o
}

// claim returns the entry of addr: its own, an empty one, or the one of which nothing was heard for longest. It returns nil if the table's
// page cannot be had. mu is held.
//
//go:norace
func claim(addr uintptr) *Object {
	i := ObjHash(uint64(addr)) & objMask
	if page := i >> (pageShift - objShift); !objPages[page] {
		switch reserve((uintptr(hdr.ObjOff)+uintptr(page))<<pageShift, pageSize) {
		case roomNone:
			return nil
		case roomOwn:
			hdr.Private++
		}
		objPages[page] = true
	}
	oldest, age := objAt(i), int32(-1)
	for end := i + ObjWays; i < end; i++ {
		o := objAt(i)
		if o.Addr == uint64(addr) || o.Addr == 0 {
			return o
		}
		if a := o.age(); a > age {
			oldest, age = o, a
		}
	}
	hdr.DroppedObjects++
	return oldest
}

// age returns how long ago the newest fact is, in milliseconds.
//
//go:norace
func (o *Object) age() int32 {
	age := int32(1<<31 - 1)
	for _, f := range o.facts() {
		if a := int32(hdr.Clock - f.Time); f.Site != 0 && a < age {
			age = max(a, 0)
		}
	}
	return age
}
