//go:build !(linux || darwin) || !(amd64 || arm64)

package runtime

import "testing"

// TestSlotsAreFreed starts more goroutines, one after the other, than there is room for: those that have exited make
// room.
func TestSlotsAreFreed(t *testing.T) {
	s := newSite(OpLoop, KindNone, "loop")
	for i := 0; i < 2*defaultSlots+10; i++ {
		done := make(chan uint64)
		go func() {
			Loop(s)
			done <- own().Goid
		}()
		if <-done == 0 {
			t.Fatal("no slot")
		}
	}
	if hdr.DroppedGoroutines != 0 {
		t.Errorf("%d goroutines dropped", hdr.DroppedGoroutines)
	}
}
