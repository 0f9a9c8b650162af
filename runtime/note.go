//go:build !(linux || darwin) || !amd64

package runtime

import "unsafe"

// note is the probe of an operation that does not wait, or did not: it records a fact of its object.
//
//go:norace
func note(s *Site, obj unsafe.Pointer, kind Kind, which uintptr) {
	sl, e := enter(s)
	if sl == nil {
		noteFirst(s, obj, kind, which)
	} else if sl.Noted[which&1] != (Noted{uint64(uintptr(obj)), e}) {
		sl.fact(e, uintptr(obj), kind, which, capacity(obj, kind))
	}
}
