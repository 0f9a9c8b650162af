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

// Calls begins a call of a method of x, an interface, unless its value is in memory.
//
//go:noinline
func Calls[T any](s *Site, x T) Call {
	w := (*[2]unsafe.Pointer)(unsafe.Pointer(&x))
	if uintptr(w[0]) == s.memory || s.inMemory(w[0]) {
		return false
	}
	begin(s, uintptr(w[1]))
	return true
}

// Through begins a call of a method of x, a struct, unless the interface that its word with that number begins has a
// value in memory.
//
//go:noinline
func Through[T any](s *Site, x *T, word uintptr) Call {
	if x == nil || s.throughMemory(unsafe.Pointer(x), word) {
		return false
	}
	begin(s, uintptr(unsafe.Pointer(x)))
	return true
}

// Served is Through for a call that needs no probe if served: then the buffer of x serves it alone, or x is nil.
//
//go:noinline
func Served[T any](s *Site, x *T, word uintptr, served bool) Call {
	if served || s.throughMemory(unsafe.Pointer(x), word) {
		return false
	}
	begin(s, uintptr(unsafe.Pointer(x)))
	return true
}

// throughMemory reports whether the interface that a word of x begins has a value in memory.
func (s *Site) throughMemory(x unsafe.Pointer, word uintptr) bool {
	tab := firstWord(at(x, word*unsafe.Sizeof(x)))
	return uintptr(tab) == s.memory || s.inMemory(tab)
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

// The methods of a Call note the end of one with these results.

//go:noinline
func (c Call) Int(n int, err error) (int, error) {
	if c {
		end()
	}
	return n, err
}

//go:noinline
func (c Call) Byte(b byte, err error) (byte, error) {
	if c {
		end()
	}
	return b, err
}

//go:noinline
func (c Call) Rune(r rune, size int, err error) (rune, int, error) {
	if c {
		end()
	}
	return r, size, err
}

//go:noinline
func (c Call) Bytes(b []byte, err error) ([]byte, error) {
	if c {
		end()
	}
	return b, err
}

//go:noinline
func (c Call) Line(b []byte, more bool, err error) ([]byte, bool, error) {
	if c {
		end()
	}
	return b, more, err
}

//go:noinline
func (c Call) Text(s string, err error) (string, error) {
	if c {
		end()
	}
	return s, err
}

//go:noinline
func (c Call) Err(err error) error {
	if c {
		end()
	}
	return err
}

//go:noinline
func (c Call) Bool(ok bool) bool {
	if c {
		end()
	}
	return ok
}
