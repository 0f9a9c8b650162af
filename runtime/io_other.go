//go:build !(linux || darwin) || !amd64

package runtime

import "unsafe"

// IO begins a call of a method that may wait: n, err := x.Read(b) is n, err := End2(IO(s, x).Read(b)). It returns x,
// the receiver.
//
// A call that panics never gets to its End. Its entry goes when the goroutine next makes a call that begins no further
// down its stack.
//
// IO and End are not inlined, so that they have the same caller, by which they find each other.
//
//go:noinline
func IO[T any](s *Site, x T) T {
	begin(s, object1(unsafe.Pointer(&x), unsafe.Sizeof(x)))
	return x
}

// IOFunc begins a call of a function that may wait, as IO does for a method. It returns f.
//
//go:noinline
func IOFunc[F any](s *Site, f F) F {
	begin(s, 0)
	return f
}

// end notes that the last call that the probe's caller began has returned.
//
//go:norace
//go:noinline
func end() {
	if sl := own(); sl != nil && sl.Depth != 0 {
		sl.leave(frame())
	}
}

// End1 ends a call with one result, which it returns.
//
//go:noinline
func End1[A any](a A) A {
	end()
	return a
}

// End2 ends a call with two results.
//
//go:noinline
func End2[A, B any](a A, b B) (A, B) {
	end()
	return a, b
}

// End3 ends a call with three results.
//
//go:noinline
func End3[A, B, C any](a A, b B, c C) (A, B, C) {
	end()
	return a, b, c
}

// End4 ends a call with four results.
//
//go:noinline
func End4[A, B, C, D any](a A, b B, c C, d D) (A, B, C, D) {
	end()
	return a, b, c, d
}

// End5 ends a call with five results.
//
//go:noinline
func End5[A, B, C, D, E any](a A, b B, c C, d D, e E) (A, B, C, D, E) {
	end()
	return a, b, c, d, e
}
