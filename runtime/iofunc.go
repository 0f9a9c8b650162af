package runtime

import (
	"sync/atomic"
	"unsafe"
)

// IOBegin begins a deferred call whose receiver must not be evaluated twice: defer f(b) becomes
//
//	defer IOEnd(s); defer f(b); defer IOBegin(s)
//
// The deferred call stays the user's own, so that it can recover from a panic.
//
//go:noinline
func IOBegin(s *Site) {
	begin(s, 0)
}

// IOEnd ends a call without results, or a deferred one. It does nothing unless the innermost operation is at s: a defer
// statement that panicked has deferred the end of a call, but neither the call nor its beginning.
//
//go:noinline
func IOEnd(s *Site) { endAt(s) }

// endAt is end for a call at s. The call may end nearer to the beginning of the stack than it began, or further from
// it: after a panic the runtime calls deferred functions from elsewhere. It returns the goroutine's slot and the call's
// object, or nil if there was no such call.
//
//go:norace
//go:noinline
func endAt(s *Site) (sl *Slot, obj uintptr) {
	sl = own()
	if sl == nil || sl.Depth == 0 {
		return nil, 0
	}
	f := frame()
	for d := sl.Depth; d > 0; d-- {
		w := &sl.Waits[(d-1)%WaitLen]
		if w.Site == s.id {
			sl.Depth = d - 1
			sl.over(w)
			return sl, uintptr(w.Obj)
		}
		if w.Info >= InfoFrame && w.Info <= f {
			break
		}
	}
	return nil, 0
}

// The functions below wrap a function that may wait in one with a probe, for a go statement or for use as a value.
// FuncPR is for P parameters and R results, FuncVPR for P parameters of which the last is variadic. They are not
// inlined, so that the function literals do not bear the name of the user's function in stack traces.

// wrapperOf returns what wrap has kept for f at s, or nil.
//
//go:norace
func wrapperOf[F any](s *Site, f F) (w F) {
	if p := *(*uintptr)(unsafe.Pointer(&f)); p != 0 && atomic.LoadUintptr(&s.memory) == p {
		*(*unsafe.Pointer)(unsafe.Pointer(&w)) = *(*unsafe.Pointer)(unsafe.Pointer(&s.other))
	}
	return w
}

// A kept is a function and what wraps it, in a list of all that sites have kept. A site has only numbers, so it is the
// list that holds both in memory. mu guards it.
type kept struct {
	next   *kept
	of, by unsafe.Pointer
}

var allKept *kept

// wrap returns w, which wraps f. The first time, it keeps w for s if f is a function of a package, which never changes,
// so that the next use there allocates nothing. The race detector would see that goroutines share w.
//
//go:norace
func wrap[F any](s *Site, f, w F) F {
	of, by := *(*unsafe.Pointer)(unsafe.Pointer(&f)), *(*unsafe.Pointer)(unsafe.Pointer(&w))
	if raceOn || !ofPackage(uintptr(of)) || atomic.LoadUintptr(&s.memory) != 0 {
		return w
	}
	mu.Lock()
	if s.memory == 0 {
		allKept = &kept{allKept, of, by}
		s.other = uintptr(by)
		atomic.StoreUintptr(&s.memory, uintptr(of))
	}
	mu.Unlock()
	return w
}

// Func00 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func00(s *Site, f func()) func() {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func() {
		IOFunc(s, f)()
		IOEnd(s)
	})
}

// Func01 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func01[X any](s *Site, f func() X) func() X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func() X { return End1(IOFunc(s, f)()) })
}

// Func02 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func02[X, Y any](s *Site, f func() (X, Y)) func() (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func() (X, Y) { return End2(IOFunc(s, f)()) })
}

// Func10 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func10[A any](s *Site, f func(A)) func(A) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A) {
		IOFunc(s, f)(a)
		IOEnd(s)
	})
}

// Func11 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func11[A, X any](s *Site, f func(A) X) func(A) X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A) X { return End1(IOFunc(s, f)(a)) })
}

// Func12 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func12[A, X, Y any](s *Site, f func(A) (X, Y)) func(A) (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A) (X, Y) { return End2(IOFunc(s, f)(a)) })
}

// Func20 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func20[A, B any](s *Site, f func(A, B)) func(A, B) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B) {
		IOFunc(s, f)(a, b)
		IOEnd(s)
	})
}

// Func21 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func21[A, B, X any](s *Site, f func(A, B) X) func(A, B) X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B) X { return End1(IOFunc(s, f)(a, b)) })
}

// Func22 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func22[A, B, X, Y any](s *Site, f func(A, B) (X, Y)) func(A, B) (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B) (X, Y) { return End2(IOFunc(s, f)(a, b)) })
}

// Func30 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func30[A, B, C any](s *Site, f func(A, B, C)) func(A, B, C) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C) {
		IOFunc(s, f)(a, b, c)
		IOEnd(s)
	})
}

// Func31 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func31[A, B, C, X any](s *Site, f func(A, B, C) X) func(A, B, C) X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C) X { return End1(IOFunc(s, f)(a, b, c)) })
}

// Func32 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func32[A, B, C, X, Y any](s *Site, f func(A, B, C) (X, Y)) func(A, B, C) (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C) (X, Y) { return End2(IOFunc(s, f)(a, b, c)) })
}

// Func40 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func40[A, B, C, D any](s *Site, f func(A, B, C, D)) func(A, B, C, D) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C, d D) {
		IOFunc(s, f)(a, b, c, d)
		IOEnd(s)
	})
}

// Func41 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func41[A, B, C, D, X any](s *Site, f func(A, B, C, D) X) func(A, B, C, D) X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C, d D) X { return End1(IOFunc(s, f)(a, b, c, d)) })
}

// Func42 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func Func42[A, B, C, D, X, Y any](s *Site, f func(A, B, C, D) (X, Y)) func(A, B, C, D) (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C, d D) (X, Y) { return End2(IOFunc(s, f)(a, b, c, d)) })
}

// FuncV10 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV10[A any](s *Site, f func(...A)) func(...A) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a ...A) {
		IOFunc(s, f)(a...)
		IOEnd(s)
	})
}

// FuncV11 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV11[A, X any](s *Site, f func(...A) X) func(...A) X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a ...A) X { return End1(IOFunc(s, f)(a...)) })
}

// FuncV12 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV12[A, X, Y any](s *Site, f func(...A) (X, Y)) func(...A) (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a ...A) (X, Y) { return End2(IOFunc(s, f)(a...)) })
}

// FuncV20 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV20[A, B any](s *Site, f func(A, ...B)) func(A, ...B) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b ...B) {
		IOFunc(s, f)(a, b...)
		IOEnd(s)
	})
}

// FuncV21 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV21[A, B, X any](s *Site, f func(A, ...B) X) func(A, ...B) X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b ...B) X { return End1(IOFunc(s, f)(a, b...)) })
}

// FuncV22 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV22[A, B, X, Y any](s *Site, f func(A, ...B) (X, Y)) func(A, ...B) (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b ...B) (X, Y) { return End2(IOFunc(s, f)(a, b...)) })
}

// FuncV30 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV30[A, B, C any](s *Site, f func(A, B, ...C)) func(A, B, ...C) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c ...C) {
		IOFunc(s, f)(a, b, c...)
		IOEnd(s)
	})
}

// FuncV31 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV31[A, B, C, X any](s *Site, f func(A, B, ...C) X) func(A, B, ...C) X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c ...C) X { return End1(IOFunc(s, f)(a, b, c...)) })
}

// FuncV32 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV32[A, B, C, X, Y any](s *Site, f func(A, B, ...C) (X, Y)) func(A, B, ...C) (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c ...C) (X, Y) { return End2(IOFunc(s, f)(a, b, c...)) })
}

// FuncV40 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV40[A, B, C, D any](s *Site, f func(A, B, C, ...D)) func(A, B, C, ...D) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C, d ...D) {
		IOFunc(s, f)(a, b, c, d...)
		IOEnd(s)
	})
}

// FuncV41 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV41[A, B, C, D, X any](s *Site, f func(A, B, C, ...D) X) func(A, B, C, ...D) X {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C, d ...D) X { return End1(IOFunc(s, f)(a, b, c, d...)) })
}

// FuncV42 is IOFunc for a function that is called elsewhere.
//
//go:noinline
func FuncV42[A, B, C, D, X, Y any](s *Site, f func(A, B, C, ...D) (X, Y)) func(A, B, C, ...D) (X, Y) {
	if w := wrapperOf(s, f); w != nil {
		return w
	}
	return wrap(s, f, func(a A, b B, c C, d ...D) (X, Y) { return End2(IOFunc(s, f)(a, b, c, d...)) })
}
