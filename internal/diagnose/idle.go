package diagnose

import (
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// alone returns the verdict of goroutine i for what it does itself, whoever else is involved.
func (a *analysis) alone(i int) Verdict {
	g := a.g(i)
	switch {
	case g.State == "exited":
		return OK
	case a.wait(i) == nil:
		if a.computes(i) {
			return Busy
		}
		return OK
	case a.idle(i) || a.long(i) && a.awaits(i):
		return Idle
	case a.long(i):
		return Stuck
	}
	return OK
}

// computes reports whether goroutine i, which is in no operation, has had a processor, or wanted one, for too long.
func (a *analysis) computes(i int) bool {
	g := a.g(i)
	return len(g.Waits) == 0 && g.Last != nil && (g.State == "running" || g.State == "runnable") && a.long(i)
}

// idle reports whether goroutine i is in a wait that is normal however long it takes.
func (a *analysis) idle(i int) bool {
	w := a.wait(i)
	if a.external(i) || w.Probe.Op == runtime.OpSleep || a.waitsForEnd(i) {
		return true
	}
	if len(w.Cases) > 0 {
		for _, c := range w.Cases {
			if c.Obj != 0 && a.fed(a.partner(c.Obj, c.Send)) {
				return true
			}
		}
		return false
	}
	switch w.Probe.Op {
	case runtime.OpSend, runtime.OpRecv, runtime.OpRange, runtime.OpCond:
		if w.Obj == 0 {
			return false
		}
		if w.Probe.Op == runtime.OpSend && w.Cap > 0 {
			return false // the buffer is full: whoever drains it is behind, and does not just wait for the next
		}
		return a.fed(a.partner(w.Obj, w.Probe.Op == runtime.OpSend))
	case runtime.OpWait:
		return a.outlives(w.Obj)
	}
	return false
}

// outlives reports whether one of those who owe the WaitGroup at obj a Done waits itself for something from outside, such as the end of a context, or in the same
// way for others: who waits for them all is idle as long as they are.
func (a *analysis) outlives(obj uint64) bool {
	idle, known := a.idleGroups[obj]
	if known {
		return idle
	}
	if a.idleGroups == nil {
		a.idleGroups = make(map[uint64]bool)
	}
	a.idleGroups[obj] = false // for who waits for itself
	o := a.s.Objects[obj]
	if o == nil {
		return false
	}
	idle = slices.ContainsFunc(a.owers(o), func(i int) bool {
		w := a.wait(i)
		return w != nil && (a.external(i) || w.Probe.Op == runtime.OpWait && a.outlives(w.Obj))
	})
	a.idleGroups[obj] = idle
	return idle
}

// partner returns the last goroutine that did the opposite on a channel, or signaled a Cond; nil if nobody did.
func (a *analysis) partner(obj uint64, send bool) *snapshot.Fact {
	o := a.s.Objects[obj]
	switch {
	case o == nil:
		return nil
	case send:
		return o.Received
	}
	return o.Sent
}

// fed reports whether the goroutine of a fact is there and active, so that it may do the same again.
func (a *analysis) fed(f *snapshot.Fact) bool {
	if f == nil || f.Exited {
		return false
	}
	i, ok := a.graph.index[f.Goroutine]
	return ok && a.active[i]
}

// external reports whether goroutine i waits for something that comes from outside the program, or from a timer, and may come at any time.
func (a *analysis) external(i int) bool {
	w := a.wait(i)
	switch {
	case w.Probe.Flags&runtime.SiteServe != 0:
		return true
	case w.Probe.Op == runtime.OpSelect && len(w.Cases)+w.More == 0:
		return a.g(i).ID == 1 // select {} in main keeps a program alive whose goroutines do the work
	case w.Probe.Op == runtime.OpRecv || w.Probe.Op == runtime.OpRange:
		return a.isTimer(w.Obj, w.Probe) || a.ticks(w, 0, w.Obj)
	}
	return a.hasClock(w)
}

// hasClock reports whether a case of the select that w is in receives from a clock.
func (a *analysis) hasClock(w *snapshot.Wait) bool {
	for i, c := range w.Cases {
		if !c.Send && (a.isClock(c.Obj) || a.ticks(w, i, c.Obj)) {
			return true
		}
	}
	return false
}

// clock reports whether case i of w, with that channel, receives from one that the source says is a timer's. A nil channel is none.
func clock(w *snapshot.Wait, i int, obj uint64) bool {
	return obj != 0 && w.Probe.Role(i).Clock()
}

// isClock reports whether a channel of a select is one that the time or a signal will end the wait with. A context is not: it
// may never be cancelled, and what else the select waits for may be gone.
func (a *analysis) isClock(obj uint64) bool {
	o := a.s.Objects[obj]
	return a.isTimer(obj, nil) && !strings.HasSuffix(o.Expr, ".Done()")
}

// isTimer reports whether a channel is one that the standard library sends to or closes by itself: a timer's, a context's, or one
// that signals go to. p, which may be nil, is the receive.
func (a *analysis) isTimer(obj uint64, p *snapshot.Probe) bool {
	o := a.s.Objects[obj]
	if o == nil {
		return false
	}
	if o.Made != nil {
		return strings.Contains(o.Made.Probe.Expr, "os.Signal")
	}
	name := o.Expr
	if p != nil && name == "" {
		name = p.Expr
	}
	return strings.HasSuffix(name, ".C") || strings.HasSuffix(name, ".Done()") ||
		strings.Contains(name, "time.After(") || strings.Contains(name, "time.Tick(")
}
