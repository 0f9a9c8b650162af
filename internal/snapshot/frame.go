package snapshot

import (
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// Package returns the import path of a function, given its name in a stack trace: "net/http" for
// "net/http.(*conn).serve". The linker writes a dot in the last element of the path as "%2e".
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

// Collector reports whether a function belongs to the collector: in a build by awaittrace (the standard library has no
// package of that name), in an instrumented tree, or in this module.
func Collector(fn string) bool {
	pkg := Package(fn)
	return pkg == runtime.Path || strings.HasSuffix(pkg, "/"+runtime.Folder) ||
		strings.HasSuffix(pkg, "awaittrace/runtime")
}

// DoSlow is the function of package sync that waits for a Once, and then runs the function.
const DoSlow = "sync.(*Once).doSlow"

// OnceFunc reports whether a file has sync.OnceFunc, OnceValue and OnceValues. They are inlined, and the functions that
// they return have the name of the user's function on a stack.
func OnceFunc(file string) bool { return strings.HasSuffix("/"+file, "/sync/oncefunc.go") }
