package record

import (
	"fmt"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestLoops looks at a goroutine that goes round, leaves its loop, and comes back, and at one that has only begun.
func TestLoops(t *testing.T) {
	const begun = "taken 60s\ngoroutine 1 unknown\n  step unlock/mutex /src/main.go:14 main.poll mu.Unlock() 59s\n" +
		"  step lock/mutex /src/main.go:12 main.poll mu.Lock() 59s\n"
	const text = begun + "goroutine 2 unknown\n  step unlock/mutex /src/main.go:14 main.poll mu.Unlock() 59s\n" +
		"  step lock/mutex /src/main.go:12 main.poll mu.Lock() 59s\n  times 8\n  steps %d\n"
	const elsewhere = begun + "goroutine 2 unknown\n  step sleep /src/main.go:20 main.poll time.Sleep(d) 59s\n" +
		"  times 16\n  steps 250\n"
	rec := &Record{}
	for i, look := range []struct {
		text  string
		looks int
		steps int64
	}{
		{fmt.Sprintf(text, 100), 1, 0},
		{fmt.Sprintf(text, 200), 2, 100},
		{fmt.Sprintf(text, 230), 3, 130},
		{elsewhere, 1, 0},
		{fmt.Sprintf(text, 300), 1, 0},
	} {
		rec.src = source(recordtest.Bytes(snaptext.MustParse(look.text)))
		loops := rec.Loops([]int64{1, 2}, time.Hour)
		if l := loops[2]; l == nil || l.Looks != look.looks || l.Steps != look.steps || len(loops) != 1 {
			t.Errorf("look %d: %+v of %d loops, want %d looks and %d steps of 1", i, l, len(loops), look.looks,
				look.steps)
		}
	}
	rec.looked = time.Now().Add(-time.Hour)
	if l := rec.Loops([]int64{2}, time.Minute)[2]; l == nil || l.Looks != 1 {
		t.Errorf("after a long pause: %+v, want a first look", l)
	}
}
