package watch

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// waiting is a program with a goroutine that has long waited.
const waiting = `taken 1m0s
object 0xc0 chan jobs cap=0
goroutine 1 unknown
  wait recv/chan /src/main.go:30:3 main.work <-jobs 0xc0 1ms
`

// TestShare checks that all looks together take no more than their share of the time, whatever each costs and finds.
// The first look comes at once.
func TestShare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(path, recordtest.Bytes(snaptext.MustParse(waiting)), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name        string
		look, close time.Duration // the cost of examining, without stacks and with them
		answer      func(n int, stacks bool) *Answer
		percent     int // of a processor, at most
	}{
		{"nothing", time.Second / 2, 0, func(int, bool) *Answer { return answer("nothing") }, 2},
		{"nothing, at a low cost", 10 * time.Millisecond, 0, func(int, bool) *Answer { return answer("nothing") }, 2},
		{"always something possible", time.Second / 2, 3 * time.Second, func(n int, _ bool) *Answer {
			return &Answer{Possible: [][]diagnose.Symptom{{{What: "stuck", Goroutine: int64(n), Steps: 1}}}}
		}, 4},
		{"always something that turns out to be nothing", 10 * time.Millisecond, time.Second,
			func(n int, stacks bool) *Answer {
				if stacks {
					return answer("nothing")
				}
				return answer("stuck", []diagnose.Symptom{{What: "stuck", Goroutine: int64(n), Steps: 1}})
			}, 6},
	}
	for _, test := range tests {
		rec, err := record.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer rec.Close()
		var used time.Duration // processor time
		n := 0
		w := newWatcher(Options{After: 2 * time.Second, Log: io.Discard,
			Examine: func(_ *record.Record, q Question) (*Answer, error) {
				n++
				if q.Stacks {
					used += test.close
				} else {
					used += test.look
				}
				return test.answer(n, q.Stacks), nil
			}}, time.Now())
		w.rec, w.clock = rec, func() time.Duration { return used }
		const minute, run = time.Minute, 10 * time.Minute
		for at := time.Duration(0); at < run; at += interval {
			w.tick(w.started.Add(at))
			if at == interval && n == 0 {
				t.Errorf("%s: not looked at in the first %v", test.name, interval)
			}
			if at == minute {
				used = 0
			}
		}
		if most := (run - minute) * time.Duration(test.percent) / 100; used > most || used < most/20 {
			t.Errorf("%s: %v in %v, want at most %v and not much less", test.name, used, run-minute, most)
		}
	}
}
