//go:build linux || darwin

package runtime

import "unsafe"

// The assembly functions handle a goroutine that is in no other operation, while the last reading of the clock is
// recent.

// waiting is the probe of an operation that is about to wait for a channel. It returns the slot for passed, or nil.
//
//go:noescape
func waiting(s *Site, ch unsafe.Pointer, capacity uint32) (sl *Slot)

// passed notes that the operation no longer waits, and its fact.
//
//go:noescape
func passed(sl *Slot, s *Site, ch unsafe.Pointer, which uintptr)

// waitingInside is the rest of waiting after enter, for a goroutine in another operation.
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
