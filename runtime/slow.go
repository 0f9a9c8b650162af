//go:build !linux || !(amd64 || arm64)

package runtime

import "runtime"

// This file is how a probe finds its slot where there is no assembly for it: by the goroutine id in the text that runtime.Stack prints. It
// takes microseconds.

var (
	byGoid = make(map[uint64]*Slot) // guarded by mu, as is free
	free   []*Slot                  // of goroutines that have exited
)

func enter(s *Site) (sl *Slot, e Entry) { return nil, 0 }

func current() *Slot { return nil }

func cycles() uint64 { return 0 }

func openSlots(logging bool) uint32 { return OffNot }

// find returns the slot of this goroutine, which it may have to be given first, or nil if there is no room. The race
// detector is disabled.
//
//go:norace
func find() *Slot {
	goid := stackGoid()
	mu.Lock()
	defer mu.Unlock()
	if sl := byGoid[goid]; sl != nil {
		return sl
	}
	if hdr.Slots == hdr.SlotCap && len(free) == 0 {
		collect()
	}
	sl := newSlotOrFree(goid)
	if sl != nil {
		byGoid[goid] = sl
	}
	return sl
}

//go:norace
func newSlotOrFree(goid uint64) *Slot {
	if n := len(free); n > 0 {
		sl := free[n-1]
		free = free[:n-1]
		sl.recycle(goid)
		return sl
	}
	return newSlot(0, goid)
}

// collect frees the slots of goroutines that have exited: those that are in no list of all goroutines. mu is held.
//
//go:norace
func collect() {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) && n < 1<<28 {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	if n == len(buf) {
		return // the list is not complete
	}
	live := make(map[uint64]bool)
	for start := 0; start < n; start++ {
		if start == 0 || buf[start-1] == '\n' && buf[start] == 'g' {
			id, _ := parseGoid(buf[start:n])
			live[id] = true
		}
	}
	for goid, sl := range byGoid {
		if !live[goid] {
			delete(byGoid, goid)
			sl.bury()
			free = append(free, sl)
		}
	}
}
