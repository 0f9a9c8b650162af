package runtime

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Two goroutines that take the same two locks in different orders may deadlock, though they seldom do. If OrderVar asks
// for it, the record keeps the orders in which locks are taken, so that a reader can find such pairs: see Order. A
// probe comes here only while its goroutine holds another lock.

// OrderVar is the environment variable that turns on recording the order of locks.
const OrderVar = "AWAITTRACE_LOCK_ORDER"

// orders is the table of orders; nil: they are not asked for. Entries change under mu.
var orders unsafe.Pointer

// orderRoom returns how many orders a record needs room for.
func orderRoom() uint32 {
	asked, _ := syscall.Getenv(OrderVar)
	if asked == "" {
		return 0
	}
	on, ok := onOff(asked)
	if on {
		return MaxOrders
	}
	if ok {
		return 0
	}
	complain("invalid " + OrderVar + " " + quoted(asked) + ": want on or off; the order of locks is not noted")
	return 0
}

// openOrders makes probes note orders, if they are asked for.
func openOrders() {
	start := uintptr(hdr.OrderOff) << pageShift
	if hdr.OrderCap == 0 {
		return
	}
	switch reserve(start, uintptr(hdr.OrderCap)*OrderSize) {
	case roomNone:
		hdr.OrderCap = 0
		return
	case roomOwn:
		hdr.Private++
	}
	orders, holdRoom = at(base, start), 1
	collections.ask()
}

// coming counts the goroutines whose go statement was counted and that have not reached a probe.
var coming uint32

// countSpawn counts a go statement just before it is executed.
//
//go:norace
func countSpawn() {
	raceDisable()
	atomic.AddUint32(&coming, 1)
	atomic.AddUint32(&hdr.Spawned, 1)
	raceEnable()
}

// beginning returns Slot.Begun for a goroutine at its first probe. It counts the go statement of a goroutine that was
// started where there are no probes. The race detector is disabled.
//
//go:norace
func beginning() uint32 {
	if orders == nil {
		return 0
	}
	for n := atomic.LoadUint32(&coming); n > 0; n = atomic.LoadUint32(&coming) {
		if atomic.CompareAndSwapUint32(&coming, n, n-1) {
			return atomic.LoadUint32(&hdr.Spawned)
		}
	}
	return atomic.AddUint32(&hdr.Spawned, 1)
}

// joined notes that a WaitGroup let the goroutine go on. What the goroutine does now follows what the goroutines did
// that it waited for, as if it had just been started.
//
//go:norace
func (sl *Slot) joined() {
	if orders == nil {
		return
	}
	raceDisable()
	sl.Begun = atomic.AddUint32(&hdr.Spawned, 1)
	raceEnable()
}

// An ordering is one pair of locks that a goroutine takes in order, with the locks that it holds besides.
type ordering struct {
	first, second         uint64
	firstSite, secondSite uint32
	gates                 [HeldLen]uint64 // the other held locks; with GateRead
	n                     int
}

// order notes that the goroutine took obj at a site (with HoldRead), after the locks that it holds.
//
//go:norace
func (sl *Slot) order(obj uintptr, site uint32) {
	if orders == nil || site&^HoldRead >= hdr.SiteCap || sl.Lost != 0 {
		return
	}
	for i := range sl.Locks[:min(sl.Held, HeldLen)] {
		h := &sl.Locks[i]
		again := h.Obj == uint64(obj)
		if again && h.Site&site&HoldRead == 0 || h.Site&^HoldRead >= hdr.SiteCap || h.released() {
			continue
		}
		o := ordering{first: h.Obj, second: uint64(obj), firstSite: h.Site, secondSite: site}
		for j := range sl.Locks[:min(sl.Held, HeldLen)] {
			if g := &sl.Locks[j]; g.Obj != h.Obj && g.Obj != uint64(obj) && !g.released() {
				o.gates[o.n] = g.Obj | uint64(g.Site>>31)*GateRead
				o.n++
			}
		}
		sl.note(&o)
	}
}

// released reports whether another goroutine has unlocked the lock since it was taken.
//
//go:norace
func (h *Hold) released() bool {
	o := object(uintptr(h.Obj))
	return o != nil && o.Received.Site != 0 && h.Time <= o.Received.Time
}

// note puts o into the table, unless the table has all of it already.
//
//go:norace
func (sl *Slot) note(o *ordering) {
	if e := findOrder(o); e != nil && e.tells(sl, o) {
		if spawned := hdr.Spawned; e.Last != spawned {
			e.Last = spawned
		}
		return
	}
	raceDisable()
	mu.Lock()
	if e := claimOrder(o); e != nil {
		atomic.AddUint32(&e.Seq, 1)
		e.add(sl, o)
		atomic.AddUint32(&e.Seq, 1)
	} else {
		hdr.DroppedOrders++
	}
	mu.Unlock()
	raceEnable()
}

//go:norace
func orderAt(i uint32) *Order { return (*Order)(at(orders, uintptr(i)*OrderSize)) }

// ways returns the index of the first entry that o may have.
//
//go:norace
func (o *ordering) ways() uint32 {
	x := (o.first>>3*HashFactor ^ o.second>>3) * HashFactor
	x = (x>>32 ^ uint64(o.firstSite)<<16 ^ uint64(o.secondSite)) * HashFactor
	return uint32(x>>40) & (hdr.OrderCap - OrderWays)
}

// is reports whether e is the entry of o.
//
//go:norace
func (e *Order) is(o *ordering) bool {
	return e.First == o.first && e.Second == o.second && e.FirstSite == o.firstSite && e.SecondSite == o.secondSite
}

// findOrder returns the entry of o, or nil.
//
//go:norace
func findOrder(o *ordering) *Order {
	for i, end := o.ways(), o.ways()+OrderWays; i < end; i++ {
		if e := orderAt(i); e.is(o) {
			return e
		}
	}
	return nil
}

// claimOrder returns an entry for o: its own, an empty one, or else the one of locks in the heap whose order was seen
// longest ago. It returns nil if there is none. mu is held.
//
//go:norace
func claimOrder(o *ordering) *Order {
	var oldest *Order
	for i, end := o.ways(), o.ways()+OrderWays; i < end; i++ {
		e := orderAt(i)
		if e.First == 0 || e.is(o) {
			return e
		}
		if e.Cycles != 0 && (oldest == nil || e.Cycle < oldest.Cycle) {
			oldest = e
		}
	}
	if oldest != nil {
		hdr.DroppedOrders++
		seq := oldest.Seq
		*oldest = Order{Seq: seq}
	}
	return oldest
}

// tells reports whether e has all that add would add.
//
//go:norace
func (e *Order) tells(sl *Slot, o *ordering) bool {
	if e.Begun > sl.Begun || !e.did(uint32(sl.Goid)) {
		return false
	}
	if !o.ofPackage() && (e.Cycle != collections.n || collections.at != now()) {
		return false
	}
	for _, g := range e.Gates {
		if g != 0 && o.gate(g) != g {
			return false
		}
	}
	return true
}

// did reports whether e names a goroutine, or is full.
//
//go:norace
func (e *Order) did(goid uint32) bool {
	for _, id := range e.Goids {
		if id == goid {
			return true
		}
	}
	return e.Goids[OrderGoids-1] != 0
}

// ofPackage reports whether both locks are package variables, whose addresses are never reused.
//
//go:norace
func (o *ordering) ofPackage() bool {
	return ofPackage(uintptr(o.first)) && ofPackage(uintptr(o.second))
}

// gate returns g if it is among the gates of o, and else zero. The result has GateRead if either of the two has.
//
//go:norace
func (o *ordering) gate(g uint64) uint64 {
	for _, h := range o.gates[:o.n] {
		if h&^GateRead == g&^GateRead {
			return g | h
		}
	}
	return 0
}

// add adds o, which goroutine sl does, to its entry, which may be new. mu is held.
//
//go:norace
func (e *Order) add(sl *Slot, o *ordering) {
	if e.First == 0 {
		e.Begun = sl.Begun
		copy(e.Gates[:], o.gates[:o.n])
		stack, n := str(callers(stackRoom, func(string) bool { return true }))
		e.Stack, e.StackLen = stack, uint32(n)
		e.First, e.Second, e.FirstSite, e.SecondSite = o.first, o.second, o.firstSite, o.secondSite
	}
	e.Begun, e.Last = min(e.Begun, sl.Begun), hdr.Spawned
	for i := range e.Goids {
		if e.Goids[i] == uint32(sl.Goid) {
			break
		} else if e.Goids[i] == 0 {
			e.Goids[i] = uint32(sl.Goid)
			break
		}
	}
	for i, g := range e.Gates {
		if g != 0 {
			e.Gates[i] = o.gate(g)
		}
	}
	if o.ofPackage() {
		return
	}
	n := collections.ask()
	e.Cycles = e.Cycles<<min(n-e.Cycle, 64) | 1
	e.Cycle = n
}

// stackRoom is the most bytes that the callers of a lock take in the record.
const stackRoom = 1 << 10

// packageOf returns the package of a function, from the runtime's name for it.
func packageOf(function string) string {
	end := 0
	for i := 0; i < len(function); i++ {
		switch {
		case function[i] == '/':
			end = 0
		case function[i] == '.' && end == 0:
			end = i
		}
	}
	if end != 0 {
		return function[:end]
	}
	return function
}

// collections counts the garbage collections. mu guards it.
var collections collectionCount

// A collectionCount is a reading of the number of garbage collections.
type collectionCount struct {
	n     uint32
	at    int64 // the time of the reading
	stats [515]uint64
}

// ask returns how many collections have finished.
//
//go:norace
func (c *collectionCount) ask() uint32 {
	t := now()
	stats := c.stats[:]
	readGCStats(&stats)
	c.n, c.at = uint32(stats[len(stats)-2]), t
	return c.n
}

// readGCStats is the function behind debug.ReadGCStats. It returns up to 256 lengths and ends of pauses, the time of
// the last collection, the number of collections, and the sum of the pauses. The slice must have room for all of it.
//
//go:linkname readGCStats runtime/debug.readGCStats
func readGCStats(*[]uint64)
