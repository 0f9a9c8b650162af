package diagnose

import (
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// doubts finds the waits that are idle as far as anybody can tell, and of which it is hard to see who should end them, and the waits that only those
// could end. They are possibilities.
func doubts(a *analysis) {
	lost := make([]bool, len(a.s.Goroutines))
	some := false
	a.unclaimed(Idle, func(i int) {
		lost[i] = a.long(i) && a.doubtful(i)
		some = some || lost[i]
	})
	if a.s.HasStates {
		b := newBlocking(a, true, lost)
		a.unclaimed(Idle, func(i int) { lost[i] = lost[i] || b.in[i] && b.back != nil })
	} else if !some {
		return
	}
	var list []int
	for i := range lost {
		if lost[i] && !a.claimed[i] {
			list = append(list, i)
		}
	}
	for _, group := range a.sameCause(list) {
		a.together(group, Possible)
	}
}

// doubtful reports whether nobody is known to go on who could end the wait of goroutine i.
func (a *analysis) doubtful(i int) bool {
	w := a.wait(i)
	switch {
	case a.waitsForEnd(i):
		return false
	case w.Probe.Op == runtime.OpWait:
		return a.unpaid(i)
	case w.Probe.Op == runtime.OpSend:
		f := a.partner(w.Obj, true)
		return f != nil && a.elsewhere(f)
	case w.Probe.Op == runtime.OpSelect:
		return a.doubtfulSelect(i)
	case w.Probe.Op == runtime.OpRecv || w.Probe.Op == runtime.OpRange:
		return !a.ticks(w, 0, w.Obj) && a.doubtfulChannel(i, w.Obj)
	case w.Probe.Op == runtime.OpCond:
		o := a.s.Objects[w.Obj]
		return o == nil || o.Sent == nil || a.gone(o.Sent)
	}
	return false
}

// doubtfulSelect reports whether each case of the select that goroutine i is in is doubtful.
func (a *analysis) doubtfulSelect(i int) bool {
	w := a.wait(i)
	if len(w.Cases)+w.More == 0 {
		return !a.external(i)
	}
	for n, c := range w.Cases {
		if c.Obj != 0 && (c.Send && a.fed(a.partner(c.Obj, true)) || !c.Send && (a.ticks(w, n, c.Obj) || !a.doubtfulChannel(i, c.Obj))) {
			return false
		}
	}
	return w.More == 0
}

// ticks reports whether case i of w receives from a clock that has not been stopped, as far as anybody knows.
func (a *analysis) ticks(w *snapshot.Wait, i int, obj uint64) bool {
	o := a.s.Objects[obj]
	return clock(w, i, obj) && (o == nil || !o.Stopped)
}

// doubtfulChannel reports whether who fed the channel at obj last, or made it if nobody ever did, will not do so again. Goroutine i waits for it.
func (a *analysis) doubtfulChannel(i int, obj uint64) bool {
	o := a.s.Objects[obj]
	switch {
	case o == nil:
		return a.abandoned(i)
	case o.Stopped:
		return true
	case a.isTimer(obj, nil):
		// Of a context nobody knows who can cancel it.
		return strings.HasSuffix(o.Expr, ".Done()") && a.abandoned(i)
	case o.Sent != nil:
		return a.gone(o.Sent) || a.elsewhere(o.Sent)
	case o.Made == nil:
		return a.abandoned(i)
	}
	return (a.gone(o.Made) || a.left(o.Made.Goroutine, o.Made.Probe.Func) || o.Made.Goroutine == a.g(i).ID) && !a.familyGoesOn(o.Made, "", i)
}

// abandoned reports whether the goroutine that started goroutine i is known to have exited, or to have returned from where it did so.
func (a *analysis) abandoned(i int) bool {
	c := a.g(i).CreatedBy
	if c == nil || c.Goroutine == 0 || !a.s.HasStates {
		return false
	}
	_, ok := a.graph.index[c.Goroutine]
	return !ok || a.left(c.Goroutine, c.Func)
}

// left reports whether the goroutine with that ID is known to have returned from a function.
func (a *analysis) left(id int64, fn string) bool {
	i, ok := a.graph.index[id]
	if !ok || len(a.g(i).Stack) == 0 {
		return false
	}
	return !slices.ContainsFunc(a.g(i).Stack, func(f snapshot.Frame) bool { return f.Func == fn })
}

// unpaid reports whether nobody is known to go on who could call Done for the WaitGroup that goroutine i waits for.
func (a *analysis) unpaid(i int) bool {
	o := a.s.Objects[a.wait(i).Obj]
	if o == nil {
		return false
	}
	for _, f := range []*snapshot.Fact{o.Sent, o.Received} {
		if f != nil && f.Goroutine != a.g(i).ID && !a.gone(f) {
			return false
		}
	}
	return (a.s.HasStates || o.Received != nil) && !a.familyGoesOn(o.Sent, goOfWaitGroup, i)
}

// familyGoesOn reports whether a goroutine of the family of f (see analysis.family), other than i, is not stuck.
func (a *analysis) familyGoesOn(f *snapshot.Fact, by string, i int) bool {
	k, list := a.family(f, by)
	if a.goingOn == nil {
		a.goingOn = make(map[familyKey]int)
	}
	n, ok := a.goingOn[k]
	if !ok {
		for _, j := range list {
			if !a.verdict[j].Bad() {
				n++
			}
		}
		a.goingOn[k] = n
	}
	// What is in doubt is idle so far.
	if c := a.g(i).CreatedBy; c != nil && c.Goroutine == k.parent && (k.fn == "" || c.Func == k.fn) && !a.verdict[i].Bad() {
		n--
	}
	return n > 0
}

// elsewhere reports whether the goroutine of f, which used the other side of a channel last, has long waited where there is no probe. One that waits at a
// probe, for the next job, may use the channel again when that comes.
func (a *analysis) elsewhere(f *snapshot.Fact) bool {
	j, ok := a.graph.index[f.Goroutine]
	if !ok {
		return false
	}
	state := a.g(j).State
	return a.wait(j) == nil && (state == "waiting" || state == "syscall") && a.long(j)
}

// gone reports whether the goroutine of a fact has exited or is stuck.
func (a *analysis) gone(f *snapshot.Fact) bool {
	if f.Exited {
		return true
	}
	i, ok := a.graph.index[f.Goroutine]
	return ok && a.verdict[i].Bad()
}
