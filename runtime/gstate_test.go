//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import "testing"

// TestGThread finds the thread of this goroutine as a reader of the record does.
//
//go:nocheckptr
func TestGThread(t *testing.T) {
	m := uintptr(gword(GThread))
	g0 := *(*uintptr)(at(nil, m))
	if got := *(*uintptr)(at(nil, g0+GThread)); m == 0 || g0 == getg() || got != m {
		t.Errorf("the thread is at %#x, its g at %#x names the thread %#x", m, g0, got)
	}
}
