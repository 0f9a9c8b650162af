//go:build !lite

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// While rewriting, the live heap is small until large packages come, and then a few hundred MB. Twice that is allocated
// at most; of a very large heap, less. Garbage is first collected once there is rewriteFirst: most edits need no more.
const (
	rewriteGC    = 100       // percent
	rewriteLimit = 800 << 20 // bytes
	rewriteFirst = 200 << 20 // bytes
)

// Serve needs little, except while it looks at a large program.
const (
	serveGC    = 100
	serveLimit = 100 << 20
)

// reportGC is for report, which keeps most of what it allocates. Its heap has few pointers, so collecting often costs
// little.
const reportGC = 25

// boundMemory bounds the memory of this process, by GC percent and in bytes, unless GOGC or GOMEMLIMIT do. The result
// undoes that and returns free memory to the system, because run lasts as long as its program.
func boundMemory(percent int, limit int64) (restore func()) {
	if memoryBound() {
		return func() {}
	}
	percent, limit = debug.SetGCPercent(percent), debug.SetMemoryLimit(limit)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		debug.FreeOSMemory()
	}
}

// memoryBound reports whether the environment bounds the memory of this process.
func memoryBound() bool { return os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" }

// boundRewriting is boundMemory for the rewriter.
func boundRewriting() (restore func()) {
	if memoryBound() {
		return func() {}
	}
	undo := boundMemory(-1, rewriteFirst)
	var lock sync.Mutex
	over := false
	runtime.AddCleanup(new([64]byte), func(over *bool) { // after the first collection
		lock.Lock()
		defer lock.Unlock()
		if !*over {
			debug.SetGCPercent(rewriteGC)
			debug.SetMemoryLimit(rewriteLimit)
		}
	}, &over)
	return func() {
		lock.Lock()
		defer lock.Unlock()
		over = true
		undo()
	}
}
