//go:build linux || darwin

package runtime

import "unsafe"

// note is the probe of an operation that does not wait, or did not: it records a fact of its object. It calls noteFirst
// if enter returns nil, and noteFact if the goroutine has not noted the fact yet.
//
//go:noescape
func note(s *Site, obj unsafe.Pointer, kind Kind, which uintptr)

// noteFact is the rest of note after enter.
//
//go:norace
func noteFact(sl *Slot, obj unsafe.Pointer, kind Kind, which uintptr) {
	sl.fact(*sl.last(), uintptr(obj), kind, which, capacity(obj, kind))
}
