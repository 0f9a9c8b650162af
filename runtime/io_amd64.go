//go:build linux || darwin

package runtime

import "unsafe"

// A goroutine with a slot runs the probes of calls in one assembly function each.

// ioBegin notes that the caller is about to make a call. The receiver is at x, and has size bytes. callBegin is ioBegin
// for an interface at x whose value may be in memory, and throughBegin for a struct at x with an interface in the word
// with that number. They report whether they have noted it. ioEnd notes that the last call that the caller began has
// returned. The last parameter is room for the result of frame; for throughBeginSlow, the word is above that.
//
//go:noescape
func ioBegin(s *Site, x unsafe.Pointer, size uintptr, f uint32)

//go:noescape
func callBegin(s *Site, x unsafe.Pointer, f uint32) Call

//go:noescape
func throughBegin(s *Site, x unsafe.Pointer, word uint64) Call
func ioEnd(f uint32)

// ioBeginSlow does what ioBegin does, in all cases, and ioBeginInside what remains of it after enter.
//
//go:norace
func ioBeginSlow(s *Site, x unsafe.Pointer, size uintptr, f uint32) {
	noteCall(s, object1(x, size), nil, f)
}

//go:norace
func ioBeginInside(s *Site, x unsafe.Pointer, size uintptr, f uint32) {
	current().block(s, object1(x, size), f)
}

//go:norace
func callBeginSlow(s *Site, x unsafe.Pointer, f uint32) Call {
	w := (*[2]unsafe.Pointer)(x)
	return noteCall(s, uintptr(w[1]), w[0], f)
}

//go:norace
func callBeginInside(s *Site, x unsafe.Pointer, f uint32) Call {
	current().block(s, uintptr((*[2]unsafe.Pointer)(x)[1]), f)
	return true
}

//go:norace
func throughBeginSlow(s *Site, x unsafe.Pointer, word uint64) Call {
	return noteCall(s, uintptr(x), firstWord(at(x, uintptr(word>>32)*unsafe.Sizeof(x))), uint32(word))
}

//go:norace
func throughBeginInside(s *Site, x unsafe.Pointer, word uint64) Call {
	current().block(s, uintptr(x), uint32(word))
	return true
}

// noteCall notes that a call on obj is about to be made, unless the interface whose first word is tab has a value in
// memory. It reports whether it has noted it.
//
//go:norace
func noteCall(s *Site, obj uintptr, tab unsafe.Pointer, f uint32) Call {
	sl, _ := enter(s)
	if sl == nil {
		if s.inMemory(tab) {
			return false
		}
		if sl, _ = reach(s); sl == nil {
			return false
		}
	}
	sl.block(s, obj, f)
	return true
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

// Calls begins a call of a method of x, an interface, unless its value is in memory. Like IO it is inlined, and so is
// Through.
func Calls[T any](s *Site, x T) Call {
	if off || *(*uintptr)(unsafe.Pointer(&x)) == s.memory {
		return false
	}
	return callBegin(s, unsafe.Pointer(&x), 0)
}

// Through begins a call of a method of x, a struct, unless the interface that its word with that number begins has a
// value in memory. The race detector would see that the word is read.
func Through[T any](s *Site, x *T, word uint64) Call {
	if off || x == nil || !raceOn && (*[8]uintptr)(unsafe.Pointer(x))[word] == s.memory {
		return false
	}
	return throughBegin(s, unsafe.Pointer(x), word)
}

// Served is Through for a call that needs no probe if served: then the buffer of x serves it alone, or x is nil.
func Served[T any](s *Site, x *T, word uint64, served bool) Call {
	if served || off || !raceOn && (*[8]uintptr)(unsafe.Pointer(x))[word] == s.memory {
		return false
	}
	return throughBegin(s, unsafe.Pointer(x), word)
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

// The methods of a Call note the end of one with these results.

func (c Call) Int(n int, err error) (int, error) {
	if c {
		ioEnd(0)
	}
	return n, err
}

func (c Call) Byte(b byte, err error) (byte, error) {
	if c {
		ioEnd(0)
	}
	return b, err
}

func (c Call) Rune(r rune, size int, err error) (rune, int, error) {
	if c {
		ioEnd(0)
	}
	return r, size, err
}

func (c Call) Bytes(b []byte, err error) ([]byte, error) {
	if c {
		ioEnd(0)
	}
	return b, err
}

func (c Call) Line(b []byte, more bool, err error) ([]byte, bool, error) {
	if c {
		ioEnd(0)
	}
	return b, more, err
}

func (c Call) Text(s string, err error) (string, error) {
	if c {
		ioEnd(0)
	}
	return s, err
}

func (c Call) Err(err error) error {
	if c {
		ioEnd(0)
	}
	return err
}

func (c Call) Bool(ok bool) bool {
	if c {
		ioEnd(0)
	}
	return ok
}
