package testwatch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

const (
	// grace is how long the goroutines that a test leaves have to end, when they have settled.
	grace = time.Second
	// busyGrace is the same while one of them goes on.
	busyGrace = 5 * time.Second
	// settleTime bounds how long they have to settle where the process gets next to no processor time.
	settleTime = 20 * time.Second

	firstPause = 500 * time.Microsecond
	maxPause   = 50 * time.Millisecond
)

// judge returns what there is to say of the goroutines that test n, which has ended, leaves, or nothing. Only what is stuck, and stays so for as
// long as grace, counts: others may be on their way out, or are there for tests that come later.
func (p *process) judge(n int) string {
	asked := time.Now()
	var settled time.Time
	var turn settling
	calm := 0 // how many looks, one after the other, have seen nobody move
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		now := time.Now()
		turn.look(p.pid, now)
		s, err := p.snapshot()
		if err != nil {
			return ""
		}
		left, moving, away := scope(s, n)
		if len(left) == 0 {
			return ""
		}
		if calm++; moving || away && !turn.resting(now) {
			calm = 0
		}
		if settled.IsZero() {
			if calm < settledLooks && !turn.over() && now.Sub(asked) < settleTime {
				pause = min(pause, rest/3) // it is soon over, as a rule
				time.Sleep(pause)
				continue
			}
			settled = now
		}
		elapsed := now.Sub(settled)
		r, findings := leftBehind(s, left, elapsed, p.path())
		if len(findings) == 0 {
			return ""
		}
		if elapsed > grace && (calm > 0 || elapsed > busyGrace) {
			return sentence(r, findings)
		}
		time.Sleep(pause)
	}
}

// settledLooks is how many looks have to see nobody move: the record is read before the states are, and one that was about to wait in the first may
// wait in the others.
const settledLooks = 2

// scope takes the goroutine of test n, which has nothing left to do, out of s, and returns the others that belong to the test. Moving says that one of
// them is on a processor, or waits for one, and away that one is in a system call and has reached no probe.
func scope(s *snapshot.Snapshot, n int) (left map[int64]bool, moving, away bool) {
	left = make(map[int64]bool)
	runner := int64(0)
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		switch {
		case g.Test == nil || g.Test.Number != n:
		case g.ID == g.Test.Goroutine:
			runner = g.ID
		default:
			left[g.ID] = true
			moving = moving || g.State == "running" || g.State == "runnable"
			away = away || g.State == "syscall" && g.Last == nil
		}
	}
	s.Remove(runner)
	return left, moving, away
}

// leftBehind returns the findings that are more than a possibility and concern a goroutine of left, and the report that they are of. A wait
// that is not older than elapsed does not count.
func leftBehind(s *snapshot.Snapshot, left map[int64]bool, elapsed time.Duration, path func(string) string) (*diagnose.Report, []diagnose.Finding) {
	r := diagnose.Analyze(s, diagnose.Options{
		After: max(elapsed, 1),
		Scope: func(id int64) bool { return left[id] },
		Path:  path,
	})
	findings := slices.DeleteFunc(slices.Clone(r.Findings), func(f diagnose.Finding) bool {
		if f.Certainty == diagnose.Possible || f.Kind == diagnose.KindBusy {
			return true
		}
		certain := f.Kind == diagnose.KindDeadlock || f.Kind == diagnose.KindOrphanedLock
		return !slices.ContainsFunc(f.Goroutines, func(id int64) bool { return left[id] && (certain || !shared(s, id, left)) })
	})
	return r, findings
}

// shared reports whether what goroutine id waits for was made or used by a goroutine that is there and not in left, such as that of the test around
// the one that has ended, or made for the whole program: that goroutine, or a test that follows, may end the wait.
func shared(s *snapshot.Snapshot, id int64, left map[int64]bool) bool {
	outside := func(f *snapshot.Fact) bool { return f != nil && !f.Exited && !left[f.Goroutine] }
	known := func(obj uint64) bool {
		o := s.Objects[obj]
		return o != nil && (o.OfProgram || outside(o.Made) || outside(o.Sent) || outside(o.Received) || outside(o.Closed))
	}
	i, ok := s.Find(id)
	if !ok || len(s.Goroutines[i].Waits) == 0 {
		return false
	}
	w := &s.Goroutines[i].Waits[0]
	return known(w.Obj) || slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool { return known(c.Obj) })
}

// sentence is what a test says that fails because of findings.
func sentence(r *diagnose.Report, findings []diagnose.Finding) string {
	n := 0
	for _, f := range findings {
		n += len(f.Goroutines)
	}
	var b strings.Builder
	if n == 1 {
		b.WriteString("it leaves 1 goroutine stuck:")
	} else {
		fmt.Fprintf(&b, "it leaves %d goroutines stuck:", n)
	}
	b.WriteString("\n")
	// A write to a strings.Builder does not fail.
	_ = report.Findings(&b, r, findings, report.TextOptions{OneTest: true})
	return strings.TrimRight(b.String(), "\n")
}
