package runtime

import "unsafe"

// IO begins a call of a method that may wait: n, err := x.Read(b) is n, err := End2(IO(s, x).Read(b)). It returns x, the receiver.
//
// A call that panics never gets to its End. What it leaves behind goes when the goroutine is next at the same site.
func IO[T any](s *Site, x T) T {
	begin(s, object1(unsafe.Pointer(&x), unsafe.Sizeof(x)))
	return x
}

// IOFunc begins a call of a function that may wait, as IO does for a method. It returns f.
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
func begin(s *Site, obj uintptr) {
	sl, _ := enter(s)
	if sl == nil {
		if sl, _ = reach(s); sl == nil {
			return
		}
	}
	sl.block(s, obj, 0)
}

// end notes that the innermost call has returned.
//
//go:norace
func end() {
	sl := own()
	if sl == nil || sl.Depth == 0 {
		return
	}
	d := sl.Depth - 1
	w := &sl.Waits[d]
	if state == stateLog {
		logEnd(sl, w)
	}
	sl.Depth = d
	now()
	if l := sl.last(); l.site() == w.Site {
		*l = Entry(w.Site) | Entry(hdr.Clock)<<32
	}
}

// End1 ends a call with one result, which it returns.
func End1[A any](a A) A {
	end()
	return a
}

// End2 ends a call with two results.
func End2[A, B any](a A, b B) (A, B) {
	end()
	return a, b
}

// End3 ends a call with three results.
func End3[A, B, C any](a A, b B, c C) (A, B, C) {
	end()
	return a, b, c
}

// End4 ends a call with four results.
func End4[A, B, C, D any](a A, b B, c C, d D) (A, B, C, D) {
	end()
	return a, b, c, d
}
