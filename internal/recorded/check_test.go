package recorded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

var locks = []diagnose.Kind{diagnose.KindDeadlock, diagnose.KindOrphanedLock}

// openTest writes a record of the snapshot in text, and opens it.
func openTest(t *testing.T, text string) *record.Record {
	t.Helper()
	path := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(path, recordtest.Bytes(snaptext.MustParse(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	rec, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rec.Close() })
	return rec
}

const deadlocked = `taken 1m
goroutine 7 unknown
  wait lock/mutex main.go:31 main.ab b.mu.Lock() 0xb1 12s
  hold lock/mutex main.go:30 main.ab a.mu.Lock() 0xa1 12s
goroutine 8 unknown
  wait lock/mutex main.go:41 main.ba a.mu.Lock() 0xa1 12s
  hold lock/mutex main.go:40 main.ba b.mu.Lock() 0xb1 12s
`

const contended = `taken 1m
goroutine 7 unknown
  wait lock/mutex main.go:31 main.ab b.mu.Lock() 0xb1 12s
goroutine 8 unknown
  hold lock/mutex main.go:40 main.ba b.mu.Lock() 0xb1 12s
  wait send/chan main.go:41 main.ba "c <- 1" 0xc1 12s cap=0
  step send/chan main.go:41 main.ba "c <- 1" 12s
`

func TestProgram(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.json")
	kept := filepath.Join(filepath.Dir(report), "kept")
	if err := errors.Join(os.WriteFile(kept, nil, 0o600), os.Chmod(kept, 0o604),
		os.Symlink("kept", report)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		o          CheckOptions
		status     int
		line       string
	}{
		{"deadlock", deadlocked, CheckOptions{Kinds: locks, Certainty: diagnose.Certain, Write: report}, StatusStuck,
			"stuck: pid "},
		{"contended", contended, CheckOptions{Kinds: locks, Certainty: diagnose.Certain}, StatusOK, "ok: pid "},
		{"contended, all kinds", contended, CheckOptions{Kinds: diagnose.Kinds(), Certainty: diagnose.Likely},
			StatusStuck, "stuck: pid "},
		{"nothing", "taken 1m\n", CheckOptions{Kinds: locks, Certainty: diagnose.Certain}, StatusOK, "ok: pid "},
	}
	for _, tt := range tests {
		line, status, err := Check(openTest(t, tt.text), tt.o)
		if err != nil || status != tt.status || !strings.HasPrefix(line, tt.line) || strings.Contains(line, "\n") {
			t.Errorf("%s: %q, %d, %v; want %d", tt.name, line, status, err, tt.status)
		}
	}
	if b, err := os.ReadFile(kept); err != nil || !strings.Contains(string(b), `"deadlock"`) {
		t.Errorf("the report: %v, %s", err, b)
	}
	if fi, err := os.Stat(kept); err != nil || fi.Mode() != 0o604 {
		t.Errorf("the file of the report: %v, mode %v", err, fi.Mode())
	}
	if left, _ := filepath.Glob(filepath.Dir(report) + "/.*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestGlance checks, with the cases of the diagnosis, that a look at the used part finds what the whole diagnosis does,
// and that a look at locks alone finds the same about locks. The quick look must not clear a program of which the
// diagnosis is certain that it is in a deadlock, or waits for a lock whose holder has exited.
func TestGlance(t *testing.T) {
	files, _ := filepath.Glob("../diagnose/testdata/*.txtar")
	certain, forgotten := 0, 0
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, f := range ar.Files {
			if f.Name == "snapshot" {
				text = string(f.Data)
			}
		}
		snap, err := snaptext.Parse(text)
		if text == "" || err != nil || !fits(func() { recordtest.Bytes(snap) }) {
			continue
		}
		rec := openTest(t, text)
		r, err := Diagnose(rec, diagnose.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		used, err := rec.UsedSnapshot()
		if err != nil {
			t.Fatal(err)
		}
		whole, _ := rec.Snapshot()
		if got := diagnose.Analyze(used, diagnose.Options{}); !reflect.DeepEqual(got.Findings,
			diagnose.Analyze(whole, diagnose.Options{}).Findings) {
			t.Errorf("%s: without the objects that are not used, it finds %+v", name, got.Findings)
		}
		forgotten += len(whole.Objects) - len(used.Objects)
		suspect, _, err := rec.LocksSuspect()
		sure := certainLocks(r)
		if certain += len(sure); len(sure) > 0 && !suspect || err != nil {
			t.Errorf("%s: suspect %v, %v, and yet: %q", name, suspect, err, sure)
		}
		some, err := rec.LockSnapshot()
		if err != nil {
			t.Fatal(err)
		}
		if got := diagnose.Analyze(some, diagnose.Options{OnlyLocks: true}); !slices.Equal(roots(got), roots(r)) {
			t.Errorf("%s: by the goroutines that have to do with locks: %q, want %q", name, certainLocks(got), sure)
		}
		r, err = Diagnose(rec, diagnose.Options{OnlyLocks: true})
		if err != nil || !slices.Equal(certainLocks(r), sure) {
			t.Errorf("%s: %v, of locks only: %q, want %q", name, err, certainLocks(r), sure)
		}
	}
	if certain < 5 || forgotten == 0 {
		t.Errorf("only %d certain findings of %d cases, and %d objects left out: the test tests nothing", certain,
			len(files), forgotten)
	}
	rec := openTest(t, contended)
	if suspect, n, err := rec.LocksSuspect(); suspect || n != 2 || err != nil {
		t.Errorf("contended: suspect %v, %d goroutines, %v", suspect, n, err)
	}
}

// certainLocks returns the titles of the findings that count by default.
func certainLocks(r *diagnose.Report) (titles []string) {
	for _, f := range r.Findings {
		if f.Certainty == diagnose.Certain && slices.Contains(locks, f.Kind) {
			titles = append(titles, f.Title)
		}
	}
	return titles
}

// roots returns the kinds and roots of the findings that count by default.
func roots(r *diagnose.Report) (list []string) {
	for _, f := range r.Findings {
		if f.Certainty == diagnose.Certain && slices.Contains(locks, f.Kind) {
			list = append(list, fmt.Sprint(f.Kind, f.Root))
		}
	}
	return list
}

// fits reports whether f does not panic. recordtest.Bytes panics if a record has no room.
func fits(f func()) (ok bool) {
	defer func() { ok = recover() == nil }()
	f()
	return true
}

func TestParse(t *testing.T) {
	if k, err := ParseKinds("leak, stuck"); err != nil || len(k) != 2 {
		t.Errorf("%v, %v", k, err)
	}
	for _, bad := range []string{"", "leek", "leak,,"} {
		if k, err := ParseKinds(bad); err == nil {
			t.Errorf("ParseKinds(%q) = %v", bad, k)
		}
	}
	if _, err := ParseCertainty("possible"); err == nil {
		t.Error("-certainty possible is taken")
	}
}
