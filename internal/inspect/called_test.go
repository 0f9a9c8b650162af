package inspect

import (
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// TestCalledSince has goroutines in C code whose threads have not run for two seconds: one that reached its last probe before, and one whose thread had waited for
// work until the goroutine came, a moment ago.
func TestCalledSince(t *testing.T) {
	const taken = int64(60 * time.Second)
	s := &snapshot.Snapshot{Taken: taken}
	for _, last := range []time.Duration{50 * time.Second, 59900 * time.Millisecond} {
		s.Goroutines = append(s.Goroutines, snapshot.Goroutine{State: "syscall", ThreadID: 7, LastAt: int64(last)})
	}
	calledSince(s, 0, map[int]procfs.Sleep{7: {For: 2 * time.Second}})
	for i, want := range []time.Duration{58 * time.Second, 59900 * time.Millisecond} {
		if got := s.Goroutines[i].Blocked; got == nil || got.Since != int64(want) {
			t.Errorf("goroutine %d: %+v, want since %v", i, got, want)
		}
	}
}
