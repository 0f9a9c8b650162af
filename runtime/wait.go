//go:build !(linux || darwin) || !amd64

package runtime

import "unsafe"

// waiting is the probe of an operation that is about to wait for a channel. It returns the slot for passed, or nil.
func waiting(s *Site, ch unsafe.Pointer, capacity uint32) *Slot { return waitingSlow(s, ch, capacity) }

// passed notes that the operation no longer waits, and its fact.
func passed(sl *Slot, s *Site, ch unsafe.Pointer, which uintptr) { passedSlow(sl, s, ch, which) }
