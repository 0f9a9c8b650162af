package record

import (
	"maps"
	"testing"

	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestLeft asks whether goroutines are still in their waits, in three cases: all are, one has gone on, one is in the
// same operation again.
func TestLeft(t *testing.T) {
	snap := snaptext.MustParse(twoLocks)
	since := make(map[int64]int64)
	for _, g := range snap.Goroutines {
		if len(g.Waits) > 0 {
			since[g.ID] = g.Waits[0].Since
		}
	}
	if len(since) < 2 {
		t.Fatal("nobody waits: the test shows nothing")
	}
	left := func(want ...int64) {
		t.Helper()
		got, err := (&Record{src: source(recordtest.Bytes(snap))}).Left(since)
		all := make(map[int64]bool)
		for _, id := range want {
			all[id] = true
		}
		if err != nil || !maps.Equal(got, all) {
			t.Errorf("%v have left, %v, want %v", got, err, want)
		}
	}
	left()
	var gone []int64
	for i := range snap.Goroutines {
		g := &snap.Goroutines[i]
		switch {
		case len(g.Waits) == 0:
		case len(gone) == 0:
			g.Waits, gone = nil, append(gone, g.ID)
			left(gone...)
		case len(gone) == 1:
			g.Waits[0].Since++
			gone = append(gone, g.ID)
			left(gone...)
		}
	}
	since[1<<40] = 1
	left(append(gone, 1<<40)...)
}
