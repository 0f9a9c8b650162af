//go:build !lite

package main

import (
	"os"
	"runtime/debug"
)

// What a collection leaves is small until large packages come, and then it is a few hundred MB: with these, the heap grows to three
// times of that as long as it is small, and stays below the limit, at the price of more collections, when it is not.
const (
	rewriteGC    = 200       // percent
	rewriteLimit = 800 << 20 // bytes
)

// Serve takes little, but for the moments at which it looks at a large program.
const (
	serveGC    = 100
	serveLimit = 100 << 20
)

// reportGC is for report, which has most of what it makes in use to its end. What it reads of a program has few pointers: collecting more often costs little.
const reportGC = 25

// boundMemory sets how much memory this process may take, in percent of what a collection leaves and in bytes, unless GOGC or GOMEMLIMIT do. The result sets it back, and gives what is free to the
// system: run stays for as long as its program.
func boundMemory(percent int, limit int64) (restore func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent, limit = debug.SetGCPercent(percent), debug.SetMemoryLimit(limit)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		debug.FreeOSMemory()
	}
}
