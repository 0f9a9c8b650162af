package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// writeTime bounds how long go test may take to read what is written after the output of a test binary.
const writeTime = 5 * time.Second

// leastWait is the shortest wait that is reported of a test binary that has died.
const leastWait = 200 * time.Millisecond

// end reports what was stuck when the process ended in the middle of tests: they timed out, it panicked, called os.Exit
// or was killed. It writes that after the output of the process, in the format of go test, so that it belongs to the
// tests concerned.
func (p *testProcess) end() {
	p.mu.Lock()
	if now, err := p.rec.Now(); err == nil {
		p.rec.Gone(now)
	}
	p.mu.Unlock()
	// Most test binaries have come to the end of their tests. Of the others, proofs may name any object.
	s, err := p.used()
	if err == nil && (len(s.Orders) > 0 || len(runningTests(s)) > 0) {
		s, err = p.snapshot()
	}
	if err != nil { // a record in memory is gone with its program
		return
	}
	p.tellOrders(s)
	p.remember(s)
	running := runningTests(s)
	if len(running) == 0 {
		return
	}
	// What kept the first test from ending began soon after the test did.
	after := max(min(p.s.After, since(s, running[0])/2), leastWait)
	r := p.ofTests(s, after)
	of := make(map[*snapshot.Test][]diagnose.Finding)
	for _, f := range r.Findings {
		if t := latest(s, &f); t != nil && f.Certainty != diagnose.Possible {
			of[t] = append(of[t], f)
		}
	}
	var b strings.Builder
	for _, t := range running {
		if len(of[t]) > 0 {
			p.s.found.add(p, t.Name, r, of[t])
		}
		within := func(u *snapshot.Test) bool { return u == t || strings.HasPrefix(u.Name, t.Name+"/") }
		if slices.ContainsFunc(running, func(u *snapshot.Test) bool { return within(u) && len(of[u]) > 0 }) {
			p.died(&b, r, t, of[t])
		}
	}
	switch {
	case b.Len() == 0:
	case p.out == nil:
		p.s.log.Lock()
		defer p.s.log.Unlock()
		fmt.Fprintf(p.s.Log, "awaittrace: the tests of %s ended in the middle:\n%s", shown(p.dir),
			strings.ReplaceAll(b.String(), "\x16", ""))
	default:
		p.out.SetWriteDeadline(time.Now().Add(writeTime)) // of no effect on a file
		// If this fails, there is nobody left to tell.
		_, _ = p.out.WriteString(b.String())
	}
}

// remember adds to s, the rest of the process, what the last look at the process knew beyond the record: the goroutines
// without a probe, and that all goroutines are known. So the same finding is reported under the same name. A goroutine
// that has moved since is assumed to go on.
func (p *testProcess) remember(s *snapshot.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil || s.Process.Looked == 0 {
		return
	}
	for _, g := range p.seen.Goroutines {
		if _, ok := s.Find(g.ID); !ok && g.Last == nil {
			s.Goroutines = append(s.Goroutines, g)
		}
	}
	slices.SortFunc(s.Goroutines, func(a, b snapshot.Goroutine) int { return cmp.Compare(a.ID, b.ID) })
	s.HasStates = true
}

// tellOrders reports locks that the process took in orders that can deadlock. That was asked for, and fails no test.
func (p *testProcess) tellOrders(s *snapshot.Snapshot) {
	if len(s.Orders) == 0 {
		return
	}
	r := diagnose.Analyze(s, diagnose.Options{After: p.s.After, Path: p.path()})
	found := report.LockOrders(r)
	if len(found) == 0 {
		return
	}
	p.s.found.add(p, "", r, found)
	p.s.log.Lock()
	defer p.s.log.Unlock()
	fmt.Fprintf(p.s.Log, "awaittrace: the tests of %s took locks in orders that can deadlock:\n", shown(p.dir))
	// If this fails, there is nobody left to tell.
	_ = report.Findings(p.s.Log, r, found, report.ForWriter(p.s.Log))
}

// runningTests returns the tests that had not ended, in the order in which they began.
func runningTests(s *snapshot.Snapshot) []*snapshot.Test {
	var running []*snapshot.Test
	for i := range s.Goroutines {
		if t := s.Goroutines[i].Test; t != nil && t.Running && !slices.Contains(running, t) {
			running = append(running, t)
		}
	}
	slices.SortFunc(running, func(a, b *snapshot.Test) int {
		return cmp.Or(cmp.Compare(a.Started, b.Started), cmp.Compare(a.Number, b.Number))
	})
	return running
}

// latest returns the running test that began last and has a goroutine in f, or nil.
func latest(s *snapshot.Snapshot, f *diagnose.Finding) *snapshot.Test {
	var last *snapshot.Test
	for _, id := range f.Goroutines {
		i, ok := s.Find(id)
		if !ok {
			continue
		}
		if t := s.Goroutines[i].Test; t != nil && t.Running && (last == nil || t.Number > last.Number) {
			last = t
		}
	}
	return last
}

// died writes that a test did not end, with its own findings, as package testing would.
func (p *testProcess) died(b *strings.Builder, r *diagnose.Report, t *snapshot.Test, findings []diagnose.Finding) {
	indent := strings.Repeat("    ", strings.Count(t.Name, "/"))
	mark := ""
	if slices.Contains(p.args, "-test.v=test2json") {
		mark = "\x16" // distinguishes lines of package testing from output: GOROOT/src/cmd/internal/test2json
	}
	fmt.Fprintf(b, "%s%s--- FAIL: %s (%.2fs)\n", mark, indent, t.Name, since(r.Snapshot, t).Seconds())
	if len(findings) == 0 {
		return
	}
	fmt.Fprintf(b, "%s    it did not end, with goroutines stuck:\n", indent)
	var text strings.Builder
	_ = report.Findings(&text, r, findings, report.TextOptions{OneTest: true})
	for line := range strings.Lines(text.String()) {
		if strings.TrimSpace(line) != "" {
			fmt.Fprintf(b, "%s        %s", indent, line)
		}
	}
}
