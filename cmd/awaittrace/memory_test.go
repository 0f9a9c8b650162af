//go:build !lite

package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestBoundRewriting checks that the first collection brings the usual bounds, and that no later one changes what was
// restored.
func TestBoundRewriting(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	percent := func() int {
		now := debug.SetGCPercent(-1)
		debug.SetGCPercent(now)
		return now
	}
	before, limit := percent(), debug.SetMemoryLimit(-1)
	restore := boundRewriting()
	if percent() != -1 || debug.SetMemoryLimit(-1) != rewriteFirst {
		t.Errorf("at first: %d %%, %d bytes", percent(), debug.SetMemoryLimit(-1))
	}
	runtime.GC()
	for end := time.Now().Add(time.Minute); percent() == -1 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if got := percent(); got != rewriteGC {
		t.Errorf("after a collection: %d %%", got)
	}
	restore()
	if percent() != before || debug.SetMemoryLimit(-1) != limit {
		t.Errorf("restored: %d %%, %d bytes, want %d %%, %d", percent(), debug.SetMemoryLimit(-1), before, limit)
	}
	again := boundRewriting()
	again()
	runtime.GC()
	time.Sleep(10 * time.Millisecond)
	if percent() != before || debug.SetMemoryLimit(-1) != limit {
		t.Errorf("after the end: %d %%, %d bytes, want %d %%, %d", percent(), debug.SetMemoryLimit(-1), before, limit)
	}
}
