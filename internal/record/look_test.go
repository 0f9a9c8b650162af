package record

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
	"github.com/awaittrace/awaittrace/runtime"
)

// recordOf returns a record that has those bytes, in a file of its own.
func recordOf(t *testing.T, b []byte) *Record {
	t.Helper()
	path := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestLook checks that a report after the program's death has what a report on the live program saw, except of
// goroutines that have moved since.
func TestLook(t *testing.T) {
	whole := recordtest.Bytes(snaptext.MustParse(twoLocks))
	r := recordOf(t, whole)
	path := r.file.Name()
	read := func() *snapshot.Snapshot {
		t.Helper()
		s, err := r.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := read(); s.Process.Looked != 0 || s.Goroutines[1].State != "unknown" {
		t.Fatalf("before the look: %+v", s.Process)
	}

	alive := read()
	alive.Join(snapshot.Each([]snapshot.Goroutine{
		{ID: 1, State: "waiting", Reason: "select"},
		{ID: 7, State: "waiting", Reason: "sync.Mutex.Lock", Labels: map[string]string{"path": "/a"},
			Stack: []snapshot.Frame{{Func: "main.ab", File: "/src/main.go", Line: 31}}},
	}))
	alive.Objects[0xc0].Len = 3
	alive.Goroutines[1].Reach = &snapshot.Reach{Answer: snapshot.Proven}
	alive.Goroutines = append(alive.Goroutines,
		snapshot.Goroutine{ID: 12, State: "waiting", Reason: "chan receive",
			Reach: &snapshot.Reach{Answer: snapshot.Proven}})
	alive.Memory = &snapshot.Memory{KeptBytes: 4096}
	alive.Goroutines[0].Steps++ // as if it had moved between the look and the end
	r.Keep(alive, []Kept{{[]int64{12, 7}, 3000}})
	s := read()
	text := snaptext.Format(s)
	for _, want := range []string{"goroutine 1 unknown\n", "goroutine 7 waiting sync.Mutex.Lock\n",
		"frame main.ab /src/main.go:31\n", "chan jobs len=3 cap=4\n",
		"goroutine 12 waiting \"chan receive\"\n  reach proven\n", "1s running\n  label path /a\n  reach proven\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("after the look there is no %q in\n%s", want, text)
		}
	}
	if m := s.Memory; m == nil || m.KeptBytes != 4096 || m.Kept([]int64{7, 12}) != 3000 || m.Kept([]int64{7}) != 0 {
		t.Errorf("what is kept alive is lost: %+v", m)
	}
	if s.Process.Looked != alive.Taken {
		t.Errorf("looked at %d, want %d", s.Process.Looked, alive.Taken)
	}

	// For a running program, it is what was proven of goroutines that have not moved.
	for _, moved := range []uint32{0, 1} {
		s, err := readRecord(r.src, alive.Taken+1, partWhole)
		if err != nil {
			t.Fatal(err)
		}
		s.Goroutines[1].Steps += moved
		r.Recall(s)
		switch g := &s.Goroutines[1]; {
		case s.Goroutines[0].State != "unknown" || s.HasStates || len(s.Goroutines) != 3:
			t.Errorf("more is told than what was proven:\n%s", snaptext.Format(s))
		case moved == 0 &&
			(g.Reach == nil || len(g.Stack) != 1 || s.Process.Looked != alive.Taken || s.Memory == nil ||
				s.Memory.KeptBytes != 4096):
			t.Errorf("what was proven is not told:\n%s", snaptext.Format(s))
		case moved == 1 && (g.Reach != nil || s.Process.Looked != 0 || s.Memory != nil):
			t.Errorf("what was proven is told of one that has moved:\n%s", snaptext.Format(s))
		}
	}

	// A look without proofs keeps those of an earlier one.
	unread := read()
	for i := range unread.Goroutines {
		unread.Goroutines[i].Reach = nil
	}
	unread.Memory = &snapshot.Memory{NoProof: "not asked for"}
	r.Keep(unread, nil)
	if s := read(); s.Memory == nil || s.Memory.KeptBytes != 4096 || s.Goroutines[1].Reach == nil {
		t.Errorf("what was proven is lost with a look that proves nothing:\n%s", snaptext.Format(s))
	}

	os.Truncate(path, int64(len(whole))) // the looks differ in length
	r.Keep(alive, []Kept{{[]int64{12, 7}, 3000}})
	r.Keep(alive, []Kept{{[]int64{12, 7}, 3000}}) // a second look replaces the first
	b, _ := os.ReadFile(path)
	if !bytes.Equal(b[:len(whole)], whole) {
		t.Error("the record itself was changed")
	}
	for _, damage := range []int{0, 8, 16, 30, len(b) - len(whole) - 1} {
		bad := bytes.Clone(b)
		bad[len(whole)+damage] ^= 0x40
		os.WriteFile(path, bad, 0o600)
		if s := read(); s.Process.Looked != 0 || len(s.Goroutines) != 3 {
			t.Errorf("a look that is damaged at %d is believed", damage)
		}
	}
	os.WriteFile(path, append(whole, "something else"...), 0o600)
	r.Keep(alive, nil)
	if b, _ := os.ReadFile(path); !strings.HasSuffix(string(b), "something else") {
		t.Error("what is no look was overwritten")
	}
}

// TestLookShares checks that a look has what many goroutines have in common once, and that the reader shares it too.
func TestLookShares(t *testing.T) {
	const n = 5000
	s := snaptext.MustParse(twoLocks)
	probe := s.Goroutines[0].Last
	for id := int64(1000); id < 1000+n; id++ {
		s.Goroutines = append(s.Goroutines, snapshot.Goroutine{
			ID: id, Last: probe, State: "waiting", Reason: "chan receive",
			CreatedBy: &snapshot.Created{Goroutine: 1, Func: "main.main", File: "/src/main.go", Line: 3},
			Blocked: &snapshot.Blocked{On: []snapshot.Target{{Addr: 0xc0, Kind: runtime.KindChan, Type: "chan int",
				Len: -1, Cap: -1}}},
		})
	}
	whole := recordtest.Bytes(s)
	r := recordOf(t, whole)
	path := r.file.Name()
	r.Keep(s, nil)
	b, err := os.ReadFile(path)
	if got := len(b) - len(whole); err != nil || got < n || got > 60*n {
		t.Errorf("the look at %d goroutines takes %d bytes (%v)", n, got, err)
	}
	again, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	i, ok1 := again.Find(1000)
	k, ok2 := again.Find(1000 + n - 1)
	if a, b := &again.Goroutines[i], &again.Goroutines[k]; !ok1 || !ok2 || a.CreatedBy == nil ||
		a.CreatedBy != b.CreatedBy || a.Blocked == nil || a.Blocked != b.Blocked {
		t.Errorf("the goroutines share nothing: %+v, %+v", a, b)
	}
}

// TestKeepMemory bounds what keeping a look allocates. Most of it is short-lived: the text of one goroutine. The
// text of all must not be made in memory, and grown there.
func TestKeepMemory(t *testing.T) {
	const n = 20_000
	r := recordOf(t, recordtest.Bytes(snaptext.MustParse(twoLocks)))
	s, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	probe := s.Goroutines[0].Last
	s.Goroutines = nil
	for i := range int64(n) {
		addr := uint64(0xc000000000 + i*96)
		s.Goroutines = append(s.Goroutines, snapshot.Goroutine{
			ID: i + 1, State: "waiting", Reason: "chan receive", Last: probe,
			Blocked: &snapshot.Blocked{On: []snapshot.Target{{Addr: addr, Type: "chan int", Name: "jobs"}}, Since: i},
		})
		s.Objects[addr] = &snapshot.Object{Addr: addr, Count: -1}
	}
	if most := allocatedBy(func() { r.Keep(s, nil) }); most > n*1850 {
		t.Errorf("keeping allocates %d bytes for each of %d goroutines", most/n, n)
	}
	if !r.HasLook() {
		t.Error("no look was kept")
	}
}
