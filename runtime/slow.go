//go:build !(linux || darwin) || !(amd64 || arm64)

package runtime

import "runtime"

// On systems without the assembly, a probe finds its slot by the goroutine id in the text that runtime.Stack prints.
// That takes microseconds.

// mu guards these. None of them grows: the race detector would see what the runtime does for maps and append, but not
// the order of our goroutines.
var (
	// 1 + the number of a slot at the hash of its goroutine's id, or in a later entry; 0 ends the search.
	byGoid []uint32
	free   []uint32 // slots of goroutines that have exited, as many as frees
	frees  int
)

// slotsKeep reports whether the facts of WaitGroups stay in slots. Here a probe takes longer than the object table.
const slotsKeep = false

func enter(s *Site) (sl *Slot, e Entry) { return nil, 0 }

func current() *Slot { return nil }

func cycles() uint64 { return 0 }

func isClosed(ch uintptr) bool { return knownClosed(ch) }

func recent() int64 { return 0 }

// frame returns InfoFrame plus the number of active functions.
func frame() uint32 {
	var pcs [512]uintptr
	return InfoFrame | uint32(runtime.Callers(2, pcs[:]))
}

func openSlots(logging bool) uint16 {
	byGoid = make([]uint32, 4*hdr.SlotCap)
	free = make([]uint32, hdr.SlotCap)
	return OffNot
}

// find returns the slot of this goroutine, and gives it one if need be. It returns nil if there is no room. The race
// detector is disabled.
//
//go:norace
func find() *Slot {
	goid := stackGoid()
	mu.Lock()
	sl, _ := lookup(goid)
	if sl == nil {
		if hdr.Slots == hdr.SlotCap && frees == 0 {
			collect()
		}
		sl = newGoroutine(goid)
	}
	mu.Unlock()
	return sl
}

// lookup returns the slot of goroutine goid, or else the entry of byGoid where it belongs. mu is held.
//
//go:norace
func lookup(goid uint64) (*Slot, *uint32) {
	for i := goid; ; i++ {
		n := &byGoid[i%uint64(len(byGoid))]
		if *n == 0 {
			return nil, n
		}
		if sl := slotAt(*n - 1); sl.Goid == goid {
			return sl, nil
		}
	}
}

// newGoroutine gives goroutine goid a slot. It returns nil if there is no room. mu is held.
//
//go:norace
func newGoroutine(goid uint64) *Slot {
	_, entry := lookup(goid)
	if frees > 0 {
		frees--
		sl := slotAt(free[frees])
		sl.recycle(goid)
		*entry = free[frees] + 1
		return sl
	}
	sl := newSlot(0, goid)
	if sl != nil {
		*entry = hdr.Slots
	}
	return sl
}

// collect frees the slots of goroutines that have exited, which the list of all goroutines lacks. mu is held.
//
//go:norace
func collect() {
	live := liveGoroutines()
	if live == nil {
		return
	}
	clear(byGoid)
	for n := uint32(0); n < hdr.Slots; n++ {
		sl := slotAt(n)
		if live[sl.Goid] {
			_, entry := lookup(sl.Goid)
			*entry = n + 1
			continue
		}
		sl.bury()
		free[frees] = n
		frees++
	}
}

// liveGoroutines returns the ids of all goroutines, or nil if their stacks take 256 MB or more.
func liveGoroutines() map[uint64]bool {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		if n >= 1<<28 {
			return nil
		}
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	live := make(map[uint64]bool)
	for start := 0; start < n; start++ {
		if start == 0 || buf[start-1] == '\n' && buf[start] == 'g' {
			id, _ := parseGoid(buf[start:n])
			live[id] = true
		}
	}
	return live
}
