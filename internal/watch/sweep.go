package watch

import (
	"time"

	"github.com/awaittrace/awaittrace/internal/record"
)

// Sweep removes from dir the records of programs that were started since the time given, have ended, and left nothing
// stuck. It is for programs that others, such as go test, start for us. The other records stay for awaittrace report.
// s, which may be nil, has swept those of its test binaries.
func (s *TestService) Sweep(dir string, since time.Time) {
	list, err := record.Ended(dir)
	if err != nil {
		return // the collector of a later program sweeps what cannot be listed
	}
	for _, e := range list {
		if s == nil || !s.swept[e.Path] {
			sweep(e, since)
		}
	}
}

// sweep does what Sweep does with the record of a test binary that has ended. Go test has work left meanwhile.
func (p *testProcess) sweep() {
	e := record.Entry{Pid: p.rec.Pid, StartTicks: p.rec.StartTicks, Path: p.rec.Path, UID: p.rec.UID}
	if e.Path == "" {
		return
	}
	sweep(e, time.Time{})
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.swept[e.Path] = true
}

func sweep(e record.Entry, since time.Time) {
	rec, err := record.OpenEntry(e)
	if err != nil {
		return
	}
	defer rec.Close()
	if started, err := rec.Started(); err != nil || started.Before(since) {
		return
	}
	if answer, err := new(examiner).examine(rec, Question{}); err == nil && len(answer.Findings) == 0 {
		rec.Remove()
	}
}
