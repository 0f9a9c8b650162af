package watch

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// follow reports what has been stuck in running tests for longer than TestOptions.After.
func (p *testProcess) follow(ended <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-ended:
		case <-p.left:
		}
	}()
	New(p.pid, Options{After: p.s.After, Log: &locked{s: p.s}, Examine: p.examine}).Watch(done)
}

// A locked is a writer to the log of a service.
type locked struct{ s *TestService }

func (l *locked) Write(b []byte) (int, error) {
	l.s.log.Lock()
	defer l.s.log.Unlock()
	return l.s.Log.Write(b)
}

// examine looks at the process for its watcher.
func (p *testProcess) examine(_ *record.Record, q Question) (*Answer, error) {
	s, done, err := p.look(q)
	if err != nil {
		return nil, err
	}
	defer done()
	p.keep(s)
	r := p.ofTests(s, q.After)
	r.Findings = slices.DeleteFunc(r.Findings, func(f diagnose.Finding) bool { return !p.ofRunning(s, &f) })
	return NewAnswer(r, func(w io.Writer) error {
		p.s.found.add(p, "", r, r.Findings)
		fmt.Fprintf(w, "in the tests of %s:\n", shown(p.dir))
		return report.Findings(w, r, r.Findings, report.TextOptions{})
	}), nil
}

// look looks at the process, including its memory if it may be stopped for that. done releases that memory.
func (p *testProcess) look(q Question) (s *snapshot.Snapshot, done func(), err error) {
	if q.Stacks {
		if s, done, err = p.prove(); err == nil {
			_, parents := idleTests(s)
			for i := range s.Goroutines {
				if g := &s.Goroutines[i]; parents[g.ID] { // package testing's wait, rather than the user's
					g.Reach, g.Blocked = nil, nil
				}
			}
			return s, done, nil
		}
	}
	if s, err = p.used(); err == nil {
		p.mu.Lock()
		p.rec.Recall(s)
		p.mu.Unlock()
	}
	return s, func() {}, err
}

// keep keeps what s knows beyond the record, in case the process dies.
func (p *testProcess) keep(s *snapshot.Snapshot) {
	if !s.HasStates {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rec.Keep(s, nil)
	p.seen = s
}

// mainGoroutine is the goroutine that runs func main.
const mainGoroutine = 1

// ofTests returns the diagnosis of a process in which tests run.
func (p *testProcess) ofTests(s *snapshot.Snapshot, after time.Duration) *diagnose.Report {
	ended, parents := idleTests(s)
	return diagnose.Analyze(s, diagnose.Options{
		After:   after,
		Scope:   func(id int64) bool { return !ended[id] },
		Blocked: func(id int64) bool { return parents[id] },
		Path:    p.path(),
	})
}

// idleTests returns the goroutines that do nothing for the running tests: those that ended tests have left behind, and
// those of tests that wait for their subtests, or for all tests.
func idleTests(s *snapshot.Snapshot) (ended, parents map[int64]bool) {
	ended, parents = make(map[int64]bool), make(map[int64]bool)
	running := runningTests(s)
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		t := g.Test
		if t == nil {
			// The main goroutine is in testing.M.Run, and a TestMain has probes.
			parents[g.ID] = g.ID == mainGoroutine && len(running) > 0
			continue
		}
		ended[g.ID] = !t.Running
		parents[g.ID] = g.ID == t.Goroutine &&
			slices.ContainsFunc(running, func(u *snapshot.Test) bool { return strings.HasPrefix(u.Name, t.Name+"/") })
	}
	return ended, parents
}

// ofRunning reports whether f is more than possible, and about more than goroutines that wait in package testing, or
// that tests have left behind. The latter fail their own tests.
func (p *testProcess) ofRunning(s *snapshot.Snapshot, f *diagnose.Finding) bool {
	_, parents := idleTests(s)
	inTesting := len(f.Goroutines) > 0 &&
		!slices.ContainsFunc(f.Goroutines, func(id int64) bool { return !parents[id] })
	if f.Certainty == diagnose.Possible || inTesting {
		return false
	}
	ofTest := false
	for _, id := range f.Goroutines {
		i, ok := s.Find(id)
		if !ok || s.Goroutines[i].Test == nil {
			continue
		}
		ofTest = true
		if s.Goroutines[i].Test.Running {
			return true
		}
	}
	return !ofTest
}

// shown returns a folder as people see it from the working directory.
func shown(dir string) string {
	cwd, err := os.Getwd()
	if err != nil {
		return dir
	}
	rel, err := filepath.Rel(cwd, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return dir
	}
	if rel == "." {
		return rel
	}
	return "." + string(filepath.Separator) + rel
}
