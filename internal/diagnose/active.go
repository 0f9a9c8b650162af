package diagnose

import (
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// findActive returns which goroutines go on, or will when something comes from outside: those that are not in a wait, or not
// for long, and do not compute instead, those that wait for the world, and those that an active one has fed. Two that wait for each other are not,
// nor are those that a finding explains.
func (a *analysis) findActive() []bool {
	n := len(a.s.Goroutines)
	a.active = make([]bool, n)
	feeds := make([][]int, n)
	var queue []int
	for i := range n {
		if !a.inScope(i) && !a.claimed[i] {
			a.active[i] = true
			queue = append(queue, i)
			continue
		}
		if a.claimed[i] || a.computes(i) || a.blocked(i) {
			continue
		}
		event := a.eventful(i)
		if event {
			a.events++
		}
		w := a.wait(i)
		// Who sleeps for so long brings about events, but keeps those waiting that send to it.
		if w == nil || a.external(i) || event && w.Probe.Op != runtime.OpSleep {
			a.active[i] = true
			queue = append(queue, i)
			continue
		}
		for _, f := range a.feeders(w) {
			if f != nil && !f.Exited {
				if j, ok := a.graph.index[f.Goroutine]; ok {
					feeds[j] = append(feeds[j], i)
				}
			}
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, j := range feeds[i] {
			if !a.active[j] {
				a.active[j] = true
				queue = append(queue, j)
			}
		}
	}
	return a.active
}

// inScope reports whether goroutine i is one that the diagnosis is about.
func (a *analysis) inScope(i int) bool { return a.opt.Scope == nil || a.opt.Scope(a.g(i).ID) }

// blocked reports whether goroutine i is known to wait, in no operation with a probe.
func (a *analysis) blocked(i int) bool {
	return a.wait(i) == nil && a.opt.Blocked != nil && a.opt.Blocked(a.g(i).ID)
}

// feeders returns who has ended such a wait before.
func (a *analysis) feeders(w *snapshot.Wait) []*snapshot.Fact {
	switch w.Probe.Op {
	case runtime.OpSend:
		return []*snapshot.Fact{a.partner(w.Obj, true)}
	case runtime.OpRecv, runtime.OpRange, runtime.OpCond:
		return []*snapshot.Fact{a.partner(w.Obj, false)}
	case runtime.OpSelect:
		var fs []*snapshot.Fact
		for _, c := range w.Cases {
			fs = append(fs, a.partner(c.Obj, c.Send))
		}
		return fs
	}
	return nil
}

// eventful reports whether goroutine i is a source of events for the program: it goes on, or waits for the world or the time. As long as
// there is such a goroutine, something may happen that nobody has seen happen yet.
func (a *analysis) eventful(i int) bool {
	w := a.wait(i)
	switch {
	case w == nil:
		return a.goesOn(i)
	case !a.long(i) || w.Probe.Flags&runtime.SiteServe != 0:
		return true
	}
	switch w.Probe.Op {
	case runtime.OpSleep:
		return true
	case runtime.OpIO:
		return !isWrite(w.Probe) && !isOpen(w.Probe)
	case runtime.OpRecv, runtime.OpRange:
		return a.isClock(w.Obj) || a.ticks(w, 0, w.Obj)
	}
	return a.hasClock(w)
}

// goesOn reports whether goroutine i, which is in no operation with a probe, is known to go on. Of one that nothing was heard of for long a
// record alone does not tell whether it has exited; and one that waits where there is no probe may wait for the world, unless the
// runtime says for what.
func (a *analysis) goesOn(i int) bool {
	if a.blocked(i) {
		return false
	}
	switch g := a.g(i); g.State {
	case "exited":
		return false
	case "unknown":
		return a.s.HasStates || !a.long(i)
	case "waiting":
		return !strings.HasPrefix(g.Reason, "sync.") && !strings.HasPrefix(g.Reason, "chan send") && !strings.Contains(g.Reason, "(no cases)") &&
			!strings.Contains(g.Reason, "(nil chan)") && g.Reason != "semacquire"
	}
	return true
}

// receives reports whether w only receives. It waits for an event then, rather than for somebody to get out of its way.
func receives(w *snapshot.Wait) bool {
	switch w.Probe.Op {
	case runtime.OpRecv, runtime.OpRange:
		return w.Obj != 0
	case runtime.OpCond:
		return true
	case runtime.OpSelect:
		open := w.More
		for _, c := range w.Cases {
			if c.Send {
				return false
			}
			if c.Obj != 0 {
				open++
			}
		}
		return open > 0
	}
	return false
}

// awaits reports whether goroutine i waits for an event that may still come, since something goes on in the program: whoever will
// bring it about need not have done it before. Where it is known to be one that computes for too long, the event is overdue.
func (a *analysis) awaits(i int) bool {
	w := a.wait(i)
	return a.events > 0 && (receives(w) || w.Probe.Op == runtime.OpWait) && !a.overdue(w)
}

// overdue reports whether all who are known to have fed w compute.
func (a *analysis) overdue(w *snapshot.Wait) bool {
	known := false
	for _, f := range a.feeders(w) {
		if f == nil || f.Exited {
			return false
		}
		i, ok := a.graph.index[f.Goroutine]
		if !ok || !a.computes(i) {
			return false
		}
		known = true
	}
	return known
}
