package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

const (
	// grace is how long the goroutines that a test leaves may take to end, after they have settled.
	grace = time.Second
	// busyGrace is the same while one of them goes on.
	busyGrace = 5 * time.Second
	// settleTime bounds how long they may take to settle if the process gets hardly any processor time.
	settleTime = 20 * time.Second

	// mostAsks is how often the program's memory is asked within grace. What is proven then needs no more time.
	mostAsks   = 4
	firstPause = 500 * time.Microsecond
	maxPause   = 50 * time.Millisecond
)

// judge returns what to say about the goroutines that test n, which has ended, leaves, or nothing. Only what is stuck,
// and stays so for as long as grace, counts. Others may be on their way out, or serve later tests.
func (p *testProcess) judge(n int) string {
	asked := time.Now()
	var settled time.Time
	var turn settling
	calm := 0 // how many looks in a row have seen no goroutine move
	asks := 0 // how often the program's memory has been asked
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		now := time.Now()
		turn.look(p.pid, now)
		s, err := p.used()
		if err != nil {
			return ""
		}
		l := leftBy(s, n)
		if len(l.ids) == 0 {
			return ""
		}
		if calm++; l.moving || l.away && !turn.resting(now) {
			calm = 0
		}
		if settled.IsZero() {
			if calm < settledLooks && !turn.over() && now.Sub(asked) < settleTime {
				pause = min(pause, rest/3) // it is usually over soon
				time.Sleep(pause)
				continue
			}
			settled = now
		}
		elapsed := now.Sub(settled)
		over := elapsed > grace && (calm > 0 || elapsed > busyGrace)
		r, findings := p.leftBehind(s, l, elapsed)
		switch {
		case !l.moving && p.s.known.excuses(p.dir, s, l.ids, findings):
			return ""
		case len(findings) == 0 && l.asleep && turn.dozes(now, elapsed) && p.mayDoze():
			p.dozed.Add(int64(pause))
		case len(findings) == 0:
			return p.proven(n)
		case over:
			return p.confirmed(n, r, findings, elapsed)
		case asks < mostAsks && elapsed >= time.Duration(asks)*grace/mostAsks:
			asks++
			if text, ok := p.decided(n, elapsed); ok {
				return text
			}
		}
		time.Sleep(pause)
	}
}

const (
	// doze is how long a sleeping goroutine is waited for, because it may get stuck when it wakes up. On a busy machine
	// it may have no turn by then.
	doze = 300 * time.Millisecond
	// mostDozing bounds these waits for all tests of a process together.
	mostDozing = 5 * time.Second
)

// mayDoze reports whether there is time left to wait for sleeping goroutines.
func (p *testProcess) mayDoze() bool { return time.Duration(p.dozed.Load()) < mostDozing }

// decided returns what test n says if the program's memory leaves nothing to wait for: nothing can ever wake what is
// left, or what could is a timer or a variable of the program.
func (p *testProcess) decided(n int, elapsed time.Duration) (text string, ok bool) {
	s, done, err := p.prove()
	if err != nil {
		return "", false
	}
	defer done()
	l := leftBy(s, n)
	for id := range l.ids {
		i, _ := s.Find(id)
		g := &s.Goroutines[i]
		if len(g.Waits) > 0 && g.Reach != nil && !final(g.Reach) || l.moving {
			return "", false
		}
	}
	r, findings := p.leftBehind(s, l, elapsed)
	if len(findings) == 0 {
		return "", true
	}
	proven := func(id int64) bool { return !l.ids[id] || reachOf(s, id) == snapshot.Proven }
	for _, f := range findings {
		for _, id := range f.Goroutines {
			if !proven(id) {
				return "", false
			}
		}
	}
	return p.told(n, r, findings), true
}

// final reports whether the answer of a program's memory cannot change, whatever goroutines on their way out do.
func final(r *snapshot.Reach) bool {
	return r.Answer == snapshot.Proven ||
		r.Answer == snapshot.Live && slices.ContainsFunc(r.CouldEnd, func(w snapshot.Waker) bool {
			return w.Kind == snapshot.WakerTimer || w.Kind == snapshot.WakerGlobal
		})
}

// confirmed returns what test n says if it fails because of findings. It fails unless the program's memory shows that
// their waits can end.
func (p *testProcess) confirmed(n int, r *diagnose.Report, findings []diagnose.Finding, elapsed time.Duration) string {
	s, done, err := p.prove()
	if err != nil {
		return p.told(n, r, findings)
	}
	defer done()
	l := leftBy(s, n)
	if r, findings = p.leftBehind(s, l, elapsed); len(findings) == 0 {
		return ""
	}
	return p.told(n, r, findings)
}

// proven returns what test n says if the record alone says nothing about the goroutines that it leaves, and the
// program's memory shows that nothing can wake them.
func (p *testProcess) proven(n int) string {
	if time.Duration(p.proving.Load()) > mostProving {
		return ""
	}
	start := time.Now()
	defer func() { p.proving.Add(int64(time.Since(start))) }()
	s, done, err := p.prove()
	if err != nil {
		return ""
	}
	defer done()
	l := leftBy(s, n)
	r, findings := p.leftBehind(s, l, 0)
	findings = slices.DeleteFunc(findings, func(f diagnose.Finding) bool {
		return !slices.ContainsFunc(f.Goroutines,
			func(id int64) bool { return l.ids[id] && reachOf(s, id) == snapshot.Proven })
	})
	if len(findings) == 0 {
		return ""
	}
	return p.told(n, r, findings)
}

// told notes that test n leaves goroutines stuck, and returns what it says about that: nothing if all is known already.
func (p *testProcess) told(n int, r *diagnose.Report, findings []diagnose.Finding) string {
	if findings = p.s.known.unknown(p.dir, r, findings); len(findings) == 0 {
		return ""
	}
	p.s.failed.Add(1)
	p.s.found.add(p, testName(r.Snapshot, n), r, findings)
	if p.keepsArtifacts() {
		p.s.found.addPage(p, n, r, findings)
	}
	return sentence(r, findings)
}

// testName returns the name of test n.
func testName(s *snapshot.Snapshot, n int) string {
	for i := range s.Goroutines {
		if t := s.Goroutines[i].Test; t != nil && t.Number == n {
			return t.Name
		}
	}
	return ""
}

// settledLooks is how many looks must see no goroutine move. The record is read before the states are, so a goroutine
// that was about to wait in the record may wait in the states.
const settledLooks = 2

// A left is what a test leaves.
type left struct {
	ids    map[int64]bool // the goroutines that belong to it, without its own
	runner int64          // its own goroutine
	moving bool           // a goroutine is running or runnable
	away   bool           // a goroutine is in a system call and has reached no probe
	asleep bool           // a goroutine sleeps
}

// leftBy removes the goroutine of test n, which has nothing left to do, from s, and returns the others that belong to
// the test.
func leftBy(s *snapshot.Snapshot, n int) left {
	l := left{ids: make(map[int64]bool)}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		switch {
		case g.Test == nil || g.Test.Number != n:
		case g.ID == g.Test.Goroutine:
			l.runner = g.ID
		default:
			l.ids[g.ID] = true
			l.moving = l.moving || g.State == "running" || g.State == "runnable"
			l.away = l.away || g.State == "syscall" && g.Last == nil
			l.asleep = l.asleep || len(g.Waits) > 0 && g.Waits[0].Probe.Op == runtime.OpSleep
		}
	}
	s.Remove(l.runner)
	for i := range s.Goroutines {
		withoutRunner(s.Goroutines[i].Reach, l.runner)
	}
	return l
}

// withoutRunner removes the goroutine of a test that has ended from those that could end a wait, because it does not
// use what is left on its stack. If it was the only known one, it is unknown whether something else could.
func withoutRunner(r *snapshot.Reach, runner int64) {
	if r == nil || r.Answer != snapshot.Live {
		return
	}
	others := slices.DeleteFunc(slices.Clone(r.CouldEnd),
		func(w snapshot.Waker) bool { return w.Kind == snapshot.WakerGoroutine && w.Goroutine == runner })
	if len(others) == 0 && len(r.CouldEnd) > 0 && r.More == 0 && !r.Cut {
		*r = snapshot.Reach{Answer: snapshot.Unknown, Reason: "only the test itself, which has ended, has it at hand"}
		return
	}
	r.CouldEnd = others
}

// reachOf returns what the program's memory says about the wait of goroutine id.
func reachOf(s *snapshot.Snapshot, id int64) snapshot.Answer {
	if i, ok := s.Find(id); ok && s.Goroutines[i].Reach != nil {
		return s.Goroutines[i].Reach.Answer
	}
	return snapshot.Unknown
}

// leftBehind returns the findings that are more than possible and concern a goroutine that was left, and their report.
// A wait that is not older than elapsed does not count.
func (p *testProcess) leftBehind(s *snapshot.Snapshot, l left, elapsed time.Duration) (*diagnose.Report,
	[]diagnose.Finding) {
	r := diagnose.Analyze(s, diagnose.Options{
		After: max(elapsed, 1),
		Scope: func(id int64) bool { return l.ids[id] },
		Path:  p.path(),
	})
	goesOn := l.goesOn(s)
	findings := slices.DeleteFunc(slices.Clone(r.Findings), func(f diagnose.Finding) bool {
		if f.Certainty == diagnose.Possible || f.Kind == diagnose.KindBusy {
			return true
		}
		certain := f.Kind == diagnose.KindDeadlock || f.Kind == diagnose.KindOrphanedLock
		return !slices.ContainsFunc(f.Goroutines, func(id int64) bool {
			if !l.ids[id] {
				return false
			}
			switch reachOf(s, id) {
			case snapshot.Proven:
				return true
			case snapshot.Live:
				return certain
			}
			return certain || !goesOn && !shared(s, id, l.ids)
		})
	})
	return r, findings
}

// goesOn reports whether a goroutine that was left waits for what later tests may do, and may then end the wait of
// another one. What is not certain of the others is then unknown.
func (l *left) goesOn(s *snapshot.Snapshot) bool {
	for id := range l.ids {
		if reachOf(s, id) != snapshot.Proven && shared(s, id, l.ids) {
			return true
		}
	}
	return false
}

// shared reports whether what goroutine id waits for was made for the whole program, or was made or used by a live
// goroutine outside left, such as that of an enclosing test. That goroutine, or a later test, may end the wait.
func shared(s *snapshot.Snapshot, id int64, left map[int64]bool) bool {
	outside := func(f *snapshot.Fact) bool { return f != nil && !f.Exited && !left[f.Goroutine] }
	known := func(obj uint64) bool {
		o := s.Objects[obj]
		return o != nil &&
			(o.OfProgram || outside(o.Made) || outside(o.Sent) || outside(o.Received) || outside(o.Closed))
	}
	i, ok := s.Find(id)
	if !ok || len(s.Goroutines[i].Waits) == 0 {
		return false
	}
	w := &s.Goroutines[i].Waits[0]
	return known(w.Obj) || slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool { return known(c.Obj) })
}

// sentence returns what a test says that fails because of findings.
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
