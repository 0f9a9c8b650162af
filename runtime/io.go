package runtime

import "unsafe"

// IO begins a call of a method that may wait: n, err := x.Read(b) is n, err := End2(IO(s, x).Read(b)). It returns x, the receiver.
//
// A call that panics never gets to its End. What it leaves behind goes when the goroutine is next at a call that began no further down its stack.
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

// object1 returns the address of the object that a receiver of size bytes at p stands for: a pointer, or what an interface holds.
// Of other values (a number, a struct) it is 0.
func object1(p unsafe.Pointer, size uintptr) uintptr {
	switch size {
	case unsafe.Sizeof(p):
		return *(*uintptr)(p)
	case 2 * unsafe.Sizeof(p):
		return (*[2]uintptr)(p)[1]
	}
	return 0
}

// begin notes that a call is about to be made.
//
//go:norace
//go:noinline
func begin(s *Site, obj uintptr) {
	sl, _ := enter(s)
	if sl == nil {
		if sl, _ = reach(s); sl == nil {
			return
		}
	}
	sl.block(s, obj, frame())
}

// end notes that the call that the caller of the probe began last has returned.
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
