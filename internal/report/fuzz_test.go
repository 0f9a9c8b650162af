package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// seeds are the snapshots of the diagnosis' own tests.
func seeds(tb testing.TB) (list []string) {
	names, err := filepath.Glob("../diagnose/testdata/*.txtar")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no snapshots: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "-- snapshot --\n")
		snap, _, _ := strings.Cut(rest, "-- report --\n")
		list = append(list, snap)
	}
	return list
}

// FuzzContradictions makes snapshots contradict themselves, and asks for a report: there is one, it is sound JSON,
// and it says if anything was left out.
func FuzzContradictions(f *testing.F) {
	list := seeds(f)
	for i := range list {
		f.Add(uint8(i), []byte{0, 1, 2, 1, 2, 3, 2, 0, 1, 3, 1, 0, 4, 2, 2, 5, 0, 0, 6, 1, 1, 7, 0, 1, 8, 1, 0, 9, 0,
			0})
		f.Add(uint8(i), []byte{12, 0, 1, 13, 1, 2})
	}
	f.Fuzz(func(t *testing.T, seed uint8, changes []byte) {
		s, err := snaptext.Parse(list[int(seed)%len(list)])
		if err != nil {
			t.Fatal(err)
		}
		if len(changes) > 60 { // some changes double what there is
			changes = changes[:60]
		}
		for len(changes) >= 3 {
			contradict(s, changes[0], int(changes[1]), int(changes[2]))
			changes = changes[3:]
		}
		before := len(s.Dropped)
		r := diagnose.Analyze(s, diagnose.Options{After: time.Second})
		if len(s.Dropped) != before {
			t.Error("the snapshot was changed")
		}
		if len(r.Verdicts) != len(r.Snapshot.Goroutines) {
			t.Fatalf("%d verdicts for %d goroutines", len(r.Verdicts), len(r.Snapshot.Goroutines))
		}
		var b bytes.Buffer
		if err := Text(&b, r, TextOptions{All: true}); err != nil {
			t.Fatal(err)
		}
		b.Reset()
		if err := JSON(&b, r); err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Complete bool
			Dropped  map[string]int
		}
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Complete != (len(doc.Dropped) == 0) {
			t.Errorf("complete is %v, dropped %v", doc.Complete, doc.Dropped)
		}
	})
}

// contradict makes one change to s: what of i and j says of what, kind says which.
func contradict(s *snapshot.Snapshot, kind byte, i, j int) {
	if len(s.Goroutines) == 0 {
		return
	}
	a, b := &s.Goroutines[i%len(s.Goroutines)], &s.Goroutines[j%len(s.Goroutines)]
	switch kind % 16 {
	case 0: // an id is reused
		a.ID = b.ID
	case 1: // a lock has two holders
		a.Holds = append(slices.Clone(a.Holds), b.Holds...)
	case 2: // who holds a lock has exited, and is there
		for _, h := range b.Holds {
			h.Exited, h.Goroutine = true, a.ID
			s.Orphans = append(s.Orphans, h)
		}
	case 3: // an object is gone
		for _, w := range a.Waits {
			delete(s.Objects, w.Obj)
		}
	case 4: // a wait is of another goroutine
		a.Waits = append(slices.Clone(b.Waits), a.Waits...)
	case 5: // times that cannot be
		for n := range a.Waits {
			a.Waits[n].Since = s.Taken + int64(j-128)*int64(time.Hour)
		}
		a.LastAt = -int64(j)
	case 6: // a wait without a probe
		a.Waits = append([]snapshot.Wait{{Obj: uint64(i)}}, a.Waits...)
	case 7:
		a.State, a.Reason = []string{"running", "exited", "", "waiting"}[j%4], ""
	case 8: // facts of goroutines that are not there, or are and have exited
		for _, o := range s.Objects {
			o.Sent = &snapshot.Fact{Goroutine: int64(j), Probe: a.Last, At: int64(i), Exited: j%2 == 0}
		}
	case 9:
		a.Last, a.History = nil, nil
	case 10: // an object of another kind
		for _, w := range a.Waits {
			if o := s.Objects[w.Obj]; o != nil {
				o.Kind, o.Len, o.Cap = o.Kind+1, j, i
			}
		}
	case 11: // a case of a select is the lock of another
		for n := range a.Waits {
			for _, h := range b.Holds {
				a.Waits[n].Cases = append(slices.Clone(a.Waits[n].Cases), snapshot.Case{Obj: h.Obj, Send: j%2 == 0})
			}
		}
	case 12: // another one could end every wait
		for n := range s.Goroutines {
			s.Goroutines[n].Reach = &snapshot.Reach{Answer: snapshot.Live,
				CouldEnd: []snapshot.Waker{{Kind: snapshot.WakerGoroutine, Goroutine: b.ID}}}
		}
	case 13: // a goroutine has done what another one did
		a.History = append(slices.Clone(a.History), b.History...)
		a.Holds = append(slices.Clone(a.Holds), b.Holds...)
	case 14: // it wants a processor, or has one
		a.State, a.Reason = []string{"runnable", "running"}[j%2], ""
		a.Starved, a.Ran = int64(j%3)*int64(time.Minute), int64(j%5-1)*int64(time.Minute)
	case 15: // it was started by another one, or stands for a server
		a.CreatedBy = b.CreatedBy
		a.Owner, a.Ends = uint64(j%3), uint64(j%4)
	}
}
