//go:build linux || darwin

package runtime

import "unsafe"

// The functions in assembly do what a goroutine needs that is in no other operation, while the last reading of the clock is recent.

// waiting is the probe of an operation that is about to wait for a channel. It returns the slot for passed, or nil.
//
//go:noescape
func waiting(s *Site, ch unsafe.Pointer, capacity uint32) (sl *Slot)

// passed notes that the operation waits no longer, and what it has done.
//
//go:noescape
func passed(sl *Slot, s *Site, ch unsafe.Pointer, which uintptr)

// waitingInside is waiting after enter.
//
//go:norace
func waitingInside(s *Site, ch unsafe.Pointer, capacity uint32) *Slot {
	sl := current()
	sl.block(s, uintptr(ch), capacity&^InfoFrame)
	return sl
}

// passedFact is the rest of passed where the goroutine has not noted the fact yet.
//
//go:norace
func passedFact(sl *Slot, s *Site, ch unsafe.Pointer, which uintptr) {
	sl.fact(*sl.last(), uintptr(ch), KindChan, which, capacity(ch, KindChan))
}
