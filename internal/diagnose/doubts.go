package diagnose

import (
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// doubts makes the causes of waits that seem idle but have no apparent end, and of the waits that only such goroutines
// could end. They are possibilities.
func (d *finder) doubts() {
	lost := make([]bool, d.graph.n)
	some := false
	going := make(map[familyKey]int)
	for i := range d.graph.n {
		if d.verdict[i] == Idle && !d.claimed[i] {
			lost[i] = d.long(i) && d.doubtful(i, going)
			some = some || lost[i]
		}
	}
	if d.s.HasStates {
		lost = d.lostWith(lost)
	} else if !some && d.s.Memory == nil {
		return
	}
	var list []int
	for i := range lost {
		if (lost[i] && d.verdict[i] == Idle || d.sinceWhen(i)) && !d.claimed[i] {
			list = append(list, i)
		}
	}
	for _, group := range d.sameCause(list) {
		c := &cause{kind: KindStuck, certainty: Possible, roots: group, obj: d.wait(group[0]).Obj}
		if every(group, d.gone) {
			c.kind, c.gone = KindLeak, true
		}
		d.asPool(c)
		d.claim(verdictOf(c.kind), group...)
		d.addCause(c)
	}
}

// lostWith returns lost with the goroutines that only lost or stuck ones could wake, and makes the causes of cycles among
// those that seem idle.
func (d *finder) lostWith(lost []bool) []bool {
	for i := range lost {
		lost[i] = lost[i] || d.claimed[i] && d.verdict[i].Bad()
	}
	in := d.graph.closure(known, lost, func(i int) bool {
		return d.long(i) && !d.judge.external(i) && !d.judge.explained(i) && !d.unread(i) && !d.known(i)
	})
	lost = in[:d.graph.n]
	d.bad = make([]bool, len(d.bad))
	for i := range lost {
		d.bad[i] = lost[i] && d.verdict[i] == Idle
	}
	d.knots(false, Possible)
	return lost
}

// sinceWhen reports whether goroutine i waits without a probe, since an unknown time, for something that should not
// take long: in C code, for a lock, or to send.
func (d *finder) sinceWhen(i int) bool {
	w := d.wait(i)
	if w == nil || !d.unprobed[i] || w.Since != 0 || d.judge.explained(i) || OwnFrame(d.g(i).Stack) == nil {
		return false
	}
	switch w.Probe.Op {
	case runtime.OpIO:
		return inC(d.g(i))
	case runtime.OpLock, runtime.OpRLock, runtime.OpOnce, runtime.OpSend:
		return true
	}
	return false
}

// known reports whether the memory says who could end the wait of goroutine i. If so, there is no doubt.
func (d *finder) known(i int) bool {
	return d.endedBy(i, func(w snapshot.Waker) bool {
		if w.Kind != snapshot.WakerGoroutine {
			return true
		}
		j, ok := d.find(w.Goroutine)
		return ok && !d.verdict[j].Bad()
	})
}

// doubtful reports whether no goroutine that could end the wait of goroutine i is known to go on.
func (d *finder) doubtful(i int, going map[familyKey]int) bool {
	w := d.wait(i)
	switch {
	case d.unprobed[i] || d.judge.waitsForEnd(i) || d.known(i) || d.never(i) && d.judge.meant(i):
		return false
	case w.Probe.Op == runtime.OpWait:
		return d.unpaid(i, going)
	case w.Probe.Op == runtime.OpSend:
		p := d.partner(w.Obj, true)
		return p != nil && d.elsewhere(p)
	case w.Probe.Op == runtime.OpSelect || w.Probe.Op == runtime.OpRecv || w.Probe.Op == runtime.OpRange:
		return d.doubtfulCases(i, going)
	case w.Probe.Op == runtime.OpCond:
		o := d.s.Objects[w.Obj]
		return o == nil || o.Sent == nil || d.lost(o.Sent)
	}
	return false
}

// doubtfulCases reports whether each case of the select that goroutine i is in, or its receive, is doubtful.
func (d *finder) doubtfulCases(i int, going map[familyKey]int) bool {
	w := d.wait(i)
	list := cases(w)
	if len(list)+w.More == 0 {
		return !d.judge.external(i)
	}
	for k, c := range list {
		if c.Obj != 0 &&
			(c.Send && d.judge.fed(d.partner(c.Obj, true)) ||
				!c.Send && (d.ticks(w, k, c.Obj) || !d.doubtfulChannel(i, w, k, c.Obj, going))) {
			return false
		}
	}
	return w.More == 0
}

// doubtfulChannel reports whether the goroutine that fed the channel at obj last, or made it if none did, will not do
// so again. Goroutine i waits for the channel, in case k of w.
func (d *finder) doubtfulChannel(i int, w *snapshot.Wait, k int, obj uint64, going map[familyKey]int) bool {
	o := d.s.Objects[obj]
	if o == nil {
		return d.abandoned(i)
	}
	if o.Stopped {
		return true
	}
	switch d.source(w, k, obj) {
	case timerChan, signalChan:
		return false
	case contextChan: // it is not known who can cancel it
		return d.abandoned(i)
	}
	switch {
	case o.Sent != nil:
		return d.lost(o.Sent) || d.elsewhere(o.Sent)
	case o.Made == nil:
		return d.abandoned(i)
	}
	return (d.lost(o.Made) || d.left(o.Made.Goroutine, o.Made.Probe.Func) || o.Made.Goroutine == d.g(i).ID) &&
		!d.familyGoesOn(o.Made, "", i, going)
}

// abandoned reports whether the goroutine that started goroutine i is known to have exited, or to have returned from
// the function that did.
func (d *finder) abandoned(i int) bool {
	c := d.g(i).CreatedBy
	if c == nil || c.Goroutine == 0 || !d.s.HasStates {
		return false
	}
	_, ok := d.find(c.Goroutine)
	return !ok || d.left(c.Goroutine, c.Func)
}

// unpaid reports whether no goroutine that could call Done for the WaitGroup of goroutine i is known to go on.
func (d *finder) unpaid(i int, going map[familyKey]int) bool {
	o := d.s.Objects[d.wait(i).Obj]
	if o == nil {
		return false
	}
	for _, p := range []*snapshot.Fact{o.Sent, o.Received} {
		if p != nil && p.Goroutine != d.g(i).ID && !d.lost(p) {
			return false
		}
	}
	return (d.s.HasStates || o.Received != nil) && !d.familyGoesOn(o.Sent, goOfWaitGroup, i, going)
}

// familyGoesOn reports whether a goroutine of the family of p, other than i, is not stuck. going caches the number of
// such goroutines by family.
func (d *finder) familyGoesOn(p *snapshot.Fact, by string, i int, going map[familyKey]int) bool {
	k, list := d.family(p, by)
	n, ok := going[k]
	if !ok {
		for _, j := range list {
			if !d.verdict[j].Bad() {
				n++
			}
		}
		going[k] = n
	}
	// A goroutine in doubt is counted as idle so far.
	if c := d.g(i).CreatedBy; c != nil && c.Goroutine == k.parent && (k.fn == "" || c.Func == k.fn) &&
		!d.verdict[i].Bad() {
		n--
	}
	return n > 0
}

// elsewhere reports whether the goroutine of p, which used the other end of a channel last, has long waited without a
// probe. A goroutine that waits at a probe, for the next job, may use the channel again when that comes.
func (d *finder) elsewhere(p *snapshot.Fact) bool {
	j, ok := d.find(p.Goroutine)
	if !ok {
		return false
	}
	g := d.g(j)
	return len(g.Waits) == 0 && (g.State == "waiting" || g.State == "syscall") &&
		d.s.Taken-g.LastAt >= int64(d.opt.After) && g.LastAt != 0
}

// lost reports whether the goroutine of a fact has exited or is stuck.
func (d *finder) lost(p *snapshot.Fact) bool {
	if p.Exited {
		return true
	}
	i, ok := d.find(p.Goroutine)
	return ok && d.verdict[i].Bad()
}
