//go:build linux || darwin

package runtime

import "unsafe"

// A goroutine with a slot runs the probes of calls in one assembly function each.

// ioBegin notes that the caller is about to make a call. The receiver is at x, and has size bytes. ioEnd notes that the
// last call that the caller began has returned. The last parameter is room for the result of frame.
//
//go:noescape
func ioBegin(s *Site, x unsafe.Pointer, size uintptr, f uint32)
func ioEnd(f uint32)

// ioBeginSlow does what ioBegin does, in all cases, and ioBeginInside what remains of it after enter.
//
//go:norace
func ioBeginSlow(s *Site, x unsafe.Pointer, size uintptr, f uint32) {
	sl, _ := enter(s)
	if sl == nil {
		if sl, _ = reach(s); sl == nil {
			return
		}
	}
	sl.block(s, object1(x, size), f)
}

//go:norace
func ioBeginInside(s *Site, x unsafe.Pointer, size uintptr, f uint32) {
	current().block(s, object1(x, size), f)
}

// ioEndSlow does what ioEnd does, in all cases.
//
//go:norace
func ioEndSlow(f uint32) {
	if sl := own(); sl != nil && sl.Depth != 0 {
		sl.leave(f)
	}
}

// IO begins a call of a method that may wait: n, err := x.Read(b) is n, err := End2(IO(s, x).Read(b)). It returns x,
// the receiver.
//
// A call that panics never gets to its End. Its entry goes when the goroutine next makes a call that begins no further
// down its stack.
//
// IO and End are inlined, and find each other by the frame of the function that they are in. So the compiler sees the
// function that is called, and its arguments need not escape.
func IO[T any](s *Site, x T) T {
	if !off {
		ioBegin(s, unsafe.Pointer(&x), unsafe.Sizeof(x), 0)
	}
	return x
}

// IOFunc begins a call of a function that may wait, as IO does for a method. It returns f.
func IOFunc[F any](s *Site, f F) F {
	if !off {
		ioBegin(s, nil, 0, 0)
	}
	return f
}

// End1 ends a call with one result, which it returns.
func End1[A any](a A) A {
	if !off {
		ioEnd(0)
	}
	return a
}

// End2 ends a call with two results.
func End2[A, B any](a A, b B) (A, B) {
	if !off {
		ioEnd(0)
	}
	return a, b
}

// End3 ends a call with three results.
func End3[A, B, C any](a A, b B, c C) (A, B, C) {
	if !off {
		ioEnd(0)
	}
	return a, b, c
}

// End4 ends a call with four results.
func End4[A, B, C, D any](a A, b B, c C, d D) (A, B, C, D) {
	if !off {
		ioEnd(0)
	}
	return a, b, c, d
}

// End5 ends a call with five results, as End1 to End4 do one with fewer.
func End5[A, B, C, D, E any](a A, b B, c C, d D, e E) (A, B, C, D, E) {
	if !off {
		ioEnd(0)
	}
	return a, b, c, d, e
}
