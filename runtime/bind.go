package runtime

import (
	"sync"
	"unsafe"
)

// Bind is the method value of a method with a probe: mu.Lock is Bind(s, Lock, &mu).
//
// It is not inlined, nor are the functions like it below: inlined, the function literal would bear the name of the
// user's function in stack traces.
//
//go:noinline
func Bind[M any](s *Site, probe func(*Site, M), m M) func() {
	check(m)
	return func() { probe(s, m) }
}

// BindLocker is Bind for another interface type or a type parameter, for which type inference fails.
func BindLocker(s *Site, probe func(*Site, sync.Locker), l sync.Locker) func() {
	return Bind(s, probe, l)
}

// BindR is Bind for a method with a result.
//
//go:noinline
func BindR[M, R any](s *Site, probe func(*Site, M) R, m M) func() R {
	check(m)
	return func() R { return probe(s, m) }
}

// Bind1 is Bind for a method with an argument.
//
//go:noinline
func Bind1[M, A any](s *Site, probe func(*Site, M, A), m M) func(A) {
	check(m)
	return func(a A) { probe(s, m, a) }
}

// check panics at once if m is a nil interface, as the method value would. The method value of a nil pointer panics
// only when called.
func check[M any](m M) {
	if any(m) == nil && unsafe.Sizeof(m) == 2*unsafe.Sizeof(uintptr(0)) {
		var l sync.Locker
		_ = l.Lock
	}
}

// Expr is the method expression of a method with a probe: (*sync.Mutex).Lock is Expr(s, Lock).
//
//go:noinline
func Expr[M any](s *Site, probe func(*Site, M)) func(M) {
	return func(m M) { probe(s, m) }
}

// ExprR is Expr for a method with a result.
//
//go:noinline
func ExprR[M, R any](s *Site, probe func(*Site, M) R) func(M) R {
	return func(m M) R { return probe(s, m) }
}

// Expr1 is Expr for a method with an argument.
//
//go:noinline
func Expr1[M, A any](s *Site, probe func(*Site, M, A)) func(M, A) {
	return func(m M, a A) { probe(s, m, a) }
}
