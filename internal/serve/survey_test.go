package serve

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestUrgency: a look is urgent where it may show a finding more or less, and needless where it would show the same.
func TestUrgency(t *testing.T) {
	at := time.Now()
	base := record.Pulse{Started: 1, Goroutines: 10, Steps: 7, Blocked: 3, Standing: map[uint32]int{4: 5}}
	for _, test := range []struct {
		what  string
		now   func(*record.Pulse)
		after time.Duration
		want  urgency
	}{
		{"the same", func(*record.Pulse) {}, time.Second, idle},
		{"the same, later", func(*record.Pulse) {}, again, quiet},
		{"the clock was set back", func(*record.Pulse) {}, -time.Hour, quiet},
		{"steps", func(p *record.Pulse) { p.Steps++ }, time.Second, quiet},
		{"a lock", func(p *record.Pulse) { p.Blocked++ }, time.Second, urgent},
		{"fewer wait", func(p *record.Pulse) { p.Standing = nil }, time.Second, idle},
		{"some more wait", func(p *record.Pulse) { p.Standing = map[uint32]int{4: 10} }, time.Second, idle},
		{"many more wait", func(p *record.Pulse) { p.Standing = map[uint32]int{4: 11} }, time.Second, urgent},
		{"another place", func(p *record.Pulse) { p.Standing = map[uint32]int{4: 5, 5: 1} }, time.Second, urgent},
		{"exec", func(p *record.Pulse) { p.Started++ }, time.Second, unknown},
	} {
		now := base
		test.now(&now)
		p := &program{last: &look{at: at}, pulse: &base, now: &now, peak: map[uint32]int{4: 5}}
		if got := newSurvey(Options{}).urgency(p, at.Add(test.after)); got != test.want {
			t.Errorf("%s: %d, want %d", test.what, got, test.want)
		}
	}
}

// TestCredit: looks cost credit, which grows with time and no further than its bound; what is new is looked at in any
// case.
func TestCredit(t *testing.T) {
	s := newSurvey(Options{})
	at := time.Now()
	s.earn(at)
	if !s.affords(quiet) || s.credit != maxCredit {
		t.Errorf("to begin with: %v", s.credit)
	}
	s.credit = maxCredit / 2
	if s.affords(quiet) || !s.affords(urgent) {
		t.Error("half: want urgent looks only")
	}
	s.credit = -1000
	if s.affords(urgent) || !s.affords(unknown) {
		t.Error("none: want looks at new programs only")
	}
	s.earn(at.Add(-time.Hour)) // the clock was set back
	s.earn(at.Add(-time.Hour + 4*time.Second))
	if s.credit != 4*creditPerSecond-1000 {
		t.Errorf("after four seconds: %v", s.credit)
	}
	s.earn(at.Add(100 * time.Hour))
	if s.credit != maxCredit {
		t.Errorf("after days: %v", s.credit)
	}
}

// churned is a program in a deadlock that has a record.
func churned(t *testing.T, id int, path string) record.Entry {
	t.Helper()
	return record.Entry{Pid: id, StartTicks: uint64(id), Live: true, Path: path, Container: fmt.Sprint("pod", id)}
}

// TestReplaced: of programs that come and go nothing is left: no series, no open file, no memory of them. Each tells
// its findings once when they appear and once when they are gone.
func TestReplaced(t *testing.T) {
	const programs = 500
	path := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(path, recordtest.Bytes(snaptext.MustParse(twoLocks)), 0o600); err != nil {
		t.Fatal(err)
	}
	files := openFiles()
	s := newSurvey(Options{After: time.Second})
	appeared, gone := 0, 0
	tell := func(changes []change, _ *diagnose.Report) {
		for _, c := range changes {
			if c.gone {
				gone++
			} else {
				appeared++
			}
		}
	}
	for i := 1; i <= programs; i++ {
		s.list = func() ([]record.Entry, error) { return []record.Entry{churned(t, i, path)}, nil }
		if err := s.refresh(t.Context(), tell); err != nil {
			t.Fatal(err)
		}
	}
	if appeared != programs || gone != programs-1 {
		t.Errorf("%d findings appeared and %d are gone", appeared, gone)
	}
	if r := s.rows(); len(r) != 1 || r[0].look.fault != "" {
		t.Errorf("%d programs are left: %+v", len(r), r)
	}
	containers := make(map[string]bool)
	for _, v := range s.samples() {
		containers[v.labels[1]] = true
	}
	if len(containers) != 1 {
		t.Errorf("series of %d containers", len(containers))
	}
	if now := openFiles(); now > files+10 {
		t.Errorf("%d files are open, %d before", now, files)
	}
}

// openFiles counts the files that this process has open; zero: the system does not tell.
func openFiles() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}
