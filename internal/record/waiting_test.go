package record

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestWaiting compares the first look at a record with what the snapshot says.
func TestWaiting(t *testing.T) {
	snap := snaptext.MustParse(twoLocks)
	rec := &Record{src: source(recordtest.Bytes(snap))}
	sums := map[uint64]int{}
	for before := int64(0); before < int64(time.Minute); before += int64(time.Second) / 2 {
		want, operations := 0, 0
		for _, g := range snap.Goroutines {
			n := 0
			for _, w := range g.Waits {
				if w.Since <= before {
					n++
				}
			}
			operations += n
			if n > 0 {
				want++
			}
		}
		got, err := rec.Waiting(before)
		if err != nil || got.Long != want {
			t.Errorf("at %v: %d goroutines, %v, want %d", time.Duration(before), got.Long, err, want)
		}
		if n, ok := sums[got.Sum]; ok && n != operations {
			t.Errorf("at %v: %d operations have the sum of %d", time.Duration(before), operations, n)
		}
		sums[got.Sum] = operations
	}
	if len(sums) < 2 {
		t.Error("nobody ever waits: the test shows nothing")
	}
}

func TestExitStatus(t *testing.T) {
	for status, want := range map[uint32]int{0: 0, 2 << 8: 2, 9: -1} {
		b := recordtest.Bytes(snaptext.MustParse(twoLocks))
		rec := &Record{src: source(b)}
		if _, ok := rec.ExitStatus(); ok {
			t.Error("a program whose end nobody saw has an exit status")
		}
		f := fileOf(t, b)
		f.Ended(5, status)
		got, ok := f.ExitStatus()
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("wait status %#x is exit status %d, want %d", status, got, want)
		}
	}
}

// fileOf returns an open Record of a file that holds b. It is closed with the test.
func fileOf(t *testing.T, b []byte) *Record {
	t.Helper()
	path := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &Record{Entry: Entry{Path: path}}
	if err := r.openFile(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}
