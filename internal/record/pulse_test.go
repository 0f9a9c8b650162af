package record

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestPulse checks that the pulse of a program changes with what a look would show, and with nothing else.
func TestPulse(t *testing.T) {
	const worker = `goroutine %d unknown
  wait recv/chan /src/main.go:30:3 main.work <-jobs 0xc0 %s
  step recv/chan /src/main.go:30:3 main.work <-jobs %s
`
	const locker = `goroutine %d unknown
  wait lock/mutex /src/main.go:31:2 main.ab b.mu.Lock() 0xb1 %s
  step lock/mutex /src/main.go:31:2 main.ab b.mu.Lock() %s
`
	const holder = `goroutine %d unknown
  wait recv/chan /src/main.go:30:3 main.work <-jobs 0xc0 %s
  hold lock/mutex /src/main.go:29:2 main.ab a.mu.Lock() 0xa1 %[2]s
  step recv/chan /src/main.go:30:3 main.work <-jobs %[2]s
`
	at := func(id int, text, wait string) string { return fmt.Sprintf(text, id, wait, wait) }
	const orphan = "orphan 9 lock/mutex /src/main.go:60:2 main.gone c.Lock() 0xd1 5s\n"
	base := at(7, worker, "20s") + at(8, worker, "55s")
	for _, test := range []struct {
		what, text    string
		stands        int
		moves, blocks bool
	}{
		{what: "the same", text: base, stands: 1},
		{what: "a step", text: at(7, worker, "20s") + strings.Replace(at(8, worker, "55s"), "goroutine 8 unknown\n",
			"goroutine 8 unknown\n  steps 100\n", 1), stands: 1, moves: true},
		{what: "one more", text: base + at(9, worker, "55s"), stands: 1, moves: true},
		{what: "a long wait more", text: at(7, worker, "20s") + at(8, worker, "15s"), stands: 2},
		{what: "a long wait for a lock", text: base + at(9, locker, "20s"), stands: 1, moves: true, blocks: true},
		{what: "a short wait for a lock", text: base + at(9, locker, "55s"), stands: 1, moves: true},
		{what: "a long wait with a lock", text: base + at(9, holder, "20s"), stands: 1, moves: true, blocks: true},
		{what: "an orphaned lock", text: base + orphan, stands: 1, blocks: true},
	} {
		t.Run(test.what, func(t *testing.T) {
			was, now := pulse(t, base), pulse(t, test.text)
			if moves := was.Steps != now.Steps; moves != test.moves {
				t.Errorf("moves: %v", moves)
			}
			if blocks := was.Blocked != now.Blocked; blocks != test.blocks {
				t.Errorf("blocks: %v", blocks)
			}
			stands := 0
			for n := range maps.Values(now.Standing) {
				stands += n
			}
			if stands != test.stands || now.Goroutines != strings.Count(test.text, "goroutine ") {
				t.Errorf("%d stand among %d", stands, now.Goroutines)
			}
		})
	}
}

// pulse returns the pulse of the program of a snapshot.
func pulse(t *testing.T, text string) *Pulse {
	t.Helper()
	snap := snaptext.MustParse("taken 1m0s\n" + text)
	r := &Record{src: Source{Data: bytes.NewReader(recordtest.Bytes(snap)), Size: 1 << 40}}
	p, err := r.pulse(snap.Taken, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPulseDamaged checks that any bytes give a pulse or an error.
func TestPulseDamaged(t *testing.T) {
	b := recordtest.Bytes(snaptext.MustParse(twoLocks))
	for at := 0; at < len(b); at += 101 {
		damaged := bytes.Clone(b)
		damaged[at] ^= 0xff
		r := &Record{src: Source{Data: bytes.NewReader(damaged), Size: int64(len(damaged))}}
		_, _ = r.pulse(1e12, time.Second)
		_, _ = r.WaitedAt([]uint32{1, 1 << 30})
		_, _ = r.Gs(map[int64]bool{7: true})
	}
}

// TestWaitedAt reads the lengths of waits by the numbers of their sites, which a snapshot has.
func TestWaitedAt(t *testing.T) {
	r := recordOf(t, recordtest.Bytes(snaptext.MustParse(twoLocks)))
	s, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var sites []uint32
	for _, w := range s.Waited {
		sites = append(sites, w.Site)
	}
	found, err := r.WaitedAt(append(sites, 1<<20))
	if err != nil || len(found) != len(sites)+1 || found[1<<20] != nil {
		t.Fatalf("%v %v", found, err)
	}
	for p, w := range s.Waited {
		if *found[w.Site] != *w {
			t.Errorf("%s:%d: %+v, want %+v", p.File, p.Line, found[w.Site], w)
		}
	}
}
