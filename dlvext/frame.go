package dlvext

import (
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Trim returns stack from the first frame that is neither the runtime's, nor inside a synchronization or system call primitive of the
// standard library, nor the collector's: the place that a reader knows. A stack that has no other frames is returned whole. The
// result shares stack's memory.
func Trim(stack []snapshot.Frame) []snapshot.Frame {
	for i, f := range stack {
		if !internal(Package(f.Func)) && f.Func != "time.Sleep" {
			return stack[i:]
		}
	}
	return stack
}

// internal reports whether pkg is one whose frames tell a reader nothing on top of a stack.
func internal(pkg string) bool {
	switch pkg {
	case "runtime", "sync", "sync/atomic", "syscall":
		return true
	}
	return strings.HasPrefix(pkg, "internal/") || strings.HasPrefix(pkg, "runtime/internal/") || isCollector(pkg)
}

// Package returns the import path of the package of a function, given the function's name in a stack trace: "net/http" for
// "net/http.(*conn).serve". A dot in the last element of the path is there as "%2e", as the linker writes it.
func Package(fn string) string {
	// Type arguments have paths of their own.
	if i := strings.IndexByte(fn, '['); i >= 0 {
		fn = fn[:i]
	}
	slash := strings.LastIndexByte(fn, '/')
	dot := strings.IndexByte(fn[slash+1:], '.')
	if dot < 0 {
		return ""
	}
	return fn[:slash+1+dot]
}
