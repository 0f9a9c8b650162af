package record

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
	"github.com/awaittrace/awaittrace/runtime"
)

var update = flag.Bool("u", false, "renew the golden files")

// TestPrevious reads the record that each earlier version has left of testdata/stuckways. CONTRIBUTING.md says where
// such a record comes from.
func TestPrevious(t *testing.T) {
	if _, ok := moves[runtime.Version-1]; !ok {
		t.Errorf("records of version %d cannot be read: see \"A change of the record\" in CONTRIBUTING.md",
			runtime.Version-1)
	}
	for version := range moves {
		if version == runtime.Version {
			continue
		}
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			r, err := OpenFile(unpacked(t, version))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			s, err := r.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, f := range diagnose.Analyze(s, diagnose.Options{After: 100 * time.Millisecond}).Findings {
				fmt.Fprintf(&b, "%s, %s: goroutines %d\n", f.Kind, f.Certainty, f.Goroutines)
			}
			b.WriteString("\n" + snaptext.Format(s))
			golden := filepath.Join("testdata", fmt.Sprintf("version-%d.txt", version))
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || b.String() != string(want) {
				t.Errorf("error %v, got:\n%s\nwant:\n%s", err, b.String(), want)
			}
		})
	}
}

// unpacked returns the file of the record that a version of awaittrace has left.
func unpacked(t *testing.T, version uint32) string {
	packed := filepath.Join("testdata", fmt.Sprintf("version-%d.gz", version))
	in, err := os.Open(packed)
	if err != nil {
		t.Fatalf("%v: see \"A change of the record\" in CONTRIBUTING.md", err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(packed, err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "record"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, z); err != nil {
		t.Fatal(packed, err)
	}
	return out.Name()
}

// TestReaders reads a record of each version by all the ways that there are: they tell the same as of today's.
func TestReaders(t *testing.T) {
	today := recordtest.Bytes(snaptext.MustParse(twoLocks))
	read := func(b []byte) string {
		r := &Record{src: source(b)}
		now := int64(time.Minute)
		whole, err1 := readRecord(r.src, now, partWhole)
		locks, err2 := readRecord(r.src, now, partLocks)
		waits, err3 := r.Waiting(now)
		pulse, err4 := r.pulse(now, time.Second)
		suspect, n, err5 := r.LocksSuspect()
		gs, err6 := r.Gs(map[int64]bool{7: true, 8: true})
		left, err7 := r.Left(map[int64]int64{7: whole.Goroutines[1].Waits[0].Since, 8: 1})
		return fmt.Sprintln(snaptext.Format(whole), snaptext.Format(locks), waits, *pulse, suspect, n, gs, left,
			err1, err2, err3, err4, err5, err6, err7)
	}
	want := read(today)
	for version, parts := range moves {
		b := append([]byte(nil), today...)
		h := (*runtime.Header)(unsafe.Pointer(&b[0]))
		h.Version = version
		for i := range h.Slots {
			at := int(h.SlotOff)*pageSize + int(i)*runtime.SlotSize
			older(b[at:at+runtime.SlotSize], parts)
		}
		if got := read(b); got != want {
			t.Errorf("version %d: got:\n%s\nwant:\n%s", version, got, want)
		}
	}
}

// older makes a slot of today, in place, one of the version with these moves.
func older(slot []byte, parts []move) {
	if parts == nil {
		return
	}
	today := append([]byte(nil), slot...)
	clear(slot)
	for _, m := range parts {
		copy(slot[m.from:], today[m.to:m.to+m.n])
	}
}
