package diagnose

import (
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A judge judges every goroutine by itself: whether it goes on, waits as it should, or has waited for too long.
type judge struct {
	*facts
	stuck []bool // nothing can wake it, whoever else goes on
	// active has the goroutines that go on, or will when the world outside sends them something; nil: findActive has
	// not been called.
	active []bool
	events int              // the number of goroutines that are a source of events; known with active
	groups map[uint64]bool  // of a WaitGroup: see outlives
	pipes  map[int]bool     // of a pipe, by descriptor, whether it is deserted
	taken  map[uint64]int64 // when a lock was last taken
	server *bool            // some goroutine waits for clients or a signal

	returned map[*snapshot.Probe]int64 // when a call at a place last returned; nil: not needed yet
}

// newJudge returns a judge. It leaves out the goroutines that stuck has.
func newJudge(f *facts, stuck []bool) *judge {
	return &judge{facts: f, stuck: stuck, groups: make(map[uint64]bool), taken: make(map[uint64]int64),
		pipes: make(map[int]bool)}
}

// verdict returns the verdict of goroutine i from its own operation, without regard to the goroutines that it waits
// for.
func (j *judge) verdict(i int) Verdict {
	g := j.g(i)
	w := j.wait(i)
	switch {
	case g.State == "exited":
		return OK
	case w == nil:
		if j.computes(i) {
			return Busy
		}
		return OK
	case j.never(i) && j.long(i) && !j.meant(i):
		return Leaked
	case j.long(i) && (j.ending(i) || j.missingDone(i) || j.stalled(i)):
		return Stuck
	case j.idle(i) || j.long(i) && j.awaits(i):
		return Idle
	case !j.long(i):
		return OK
	case j.turns(i):
		return OK
	}
	return Stuck
}

// meant reports whether goroutine i, which waits for what can never come, is meant to: select {} in main keeps a
// program alive while its goroutines work, and a context that is never cancelled has no Done channel.
func (j *judge) meant(i int) bool {
	w := j.wait(i)
	if !j.never(i) {
		return false
	}
	if w.Probe.Op == runtime.OpSelect && len(w.Cases) == 0 {
		return j.g(i).ID == 1
	}
	for k := range cases(w) {
		if !contextCase(w, k) && w.Probe.Role(k) != runtime.RoleNever {
			return false
		}
	}
	return true
}

// turns reports whether others lately had what goroutine i waits for. If so, that moves, and the turn of goroutine i
// will come.
func (j *judge) turns(i int) bool {
	w := j.wait(i)
	if j.locking(i) {
		newest, ok := j.taken[w.Obj]
		if !ok {
			for _, h := range j.holders[w.Obj] {
				at, _ := h.since()
				newest = max(newest, at)
			}
			j.taken[w.Obj] = newest
		}
		return w.Probe.Op != runtime.OpOnce && newest != 0 && j.lately(newest)
	}
	switch w.Probe.Op {
	case runtime.OpSend, runtime.OpSelect:
		return slices.ContainsFunc(cases(w), func(c snapshot.Case) bool { return c.Send && j.moves(c.Obj, true) }) ||
			j.passedOn(i) || j.givenBack(i)
	case runtime.OpWait:
		return j.moves(w.Obj, true) // Done is the receive of a WaitGroup
	case runtime.OpIO:
		return (w.Probe.Flags&runtime.SiteRequest != 0 || isOpen(w.Probe)) && j.answers(w.Probe)
	}
	return false
}

// answers reports whether a call at p has returned lately.
func (j *judge) answers(p *snapshot.Probe) bool {
	if j.returned == nil {
		j.returned = make(map[*snapshot.Probe]int64)
		for i := range j.s.Goroutines {
			j.returns(i)
		}
	}
	at, ok := j.returned[p]
	return ok && j.lately(at)
}

// returns notes when the calls in the history of goroutine i had returned: before the next call at the same place, or,
// if the goroutine is no longer in the call, before its next step.
func (j *judge) returns(i int) {
	g := j.g(i)
	for k, s := range g.History { // newest first
		newer := slices.IndexFunc(g.History[:k], func(o snapshot.Step) bool { return o.Probe == s.Probe })
		switch {
		case newer < 0 && slices.ContainsFunc(g.Waits, func(w snapshot.Wait) bool { return w.Probe == s.Probe }):
			continue
		case newer < 0:
			newer = max(k-1, 0)
		}
		j.returned[s.Probe] = max(j.returned[s.Probe], g.History[newer].At)
	}
}

// passedOn reports whether goroutine i waits to send a token that it will hand to a goroutine that it starts, and one
// of the goroutines that it has started so goes on, and will give its own token back.
//
//	slots <- struct{}{}
//	go func() { defer func() { <-slots }(); … }()
func (j *judge) passedOn(i int) bool {
	w := j.wait(i)
	if p := j.partner(w.Obj, true); w.Probe.Op != runtime.OpSend || w.Cap == 0 || p != nil && !p.Exited {
		return false
	}
	return slices.ContainsFunc(j.handedOn(i, w.Probe, w.Obj), func(k int) bool {
		v := j.wait(k)
		switch {
		case j.stuck[k] || j.computes(k):
			return false
		case v == nil:
			return j.goesOn(k)
		}
		return !j.long(k) || v.Probe.Op == runtime.OpSleep || j.hasClock(v) || j.timed(k)
	})
}

// givenBack reports whether goroutine i waits for a token that another one has until a time that is in the program's
// memory, such as the end of its context.
func (j *judge) givenBack(i int) bool {
	return j.tokenWith(i, func(k int) bool { return j.timed(k) && j.wait(k).Probe.Op == runtime.OpRecv })
}

// findActive finds the goroutines that go on, or will when something comes from outside: those that are not in a wait,
// or not for long, and do not compute for too long; those that wait for the world; and those that an active one has
// fed. Two that wait for each other are not active. It does so once.
func (j *judge) findActive() {
	if j.active != nil {
		return
	}
	n := len(j.s.Goroutines)
	j.active = make([]bool, n)
	feeds := make([][]int, n)
	var queue []int
	for i := range n {
		if !j.inScope(i) && !j.stuck[i] {
			j.active[i] = true
			queue = append(queue, i)
			continue
		}
		if j.stuck[i] || j.computes(i) || j.blocked(i) {
			continue
		}
		event := j.eventful(i)
		if event {
			j.events++
		}
		w := j.wait(i)
		// A goroutine in a long sleep is a source of events, but goroutines that send to it must wait.
		if w == nil || j.external(i) || event && w.Probe.Op != runtime.OpSleep {
			j.active[i] = true
			queue = append(queue, i)
			continue
		}
		for _, p := range j.feeders(w) {
			if k, ok := j.other(i, p); ok {
				feeds[k] = append(feeds[k], i)
			}
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, k := range feeds[i] {
			if !j.active[k] {
				j.active[k] = true
				queue = append(queue, k)
			}
		}
	}
}

// isActive reports whether goroutine i is active: see findActive.
func (j *judge) isActive(i int) bool {
	j.findActive()
	return j.active[i]
}

// expects reports whether some goroutine is a source of events.
func (j *judge) expects() bool {
	j.findActive()
	return j.events > 0
}

// eventful reports whether goroutine i is a source of events for the program: it goes on, or waits for the world or the
// time. As long as there is such a goroutine, something may happen for the first time.
func (j *judge) eventful(i int) bool {
	w := j.wait(i)
	switch {
	case j.timed(i):
		return true
	case w == nil || j.unprobed[i]:
		return j.goesOn(i)
	case !j.long(i) || w.Probe.Flags&runtime.SiteServe != 0:
		return true
	}
	switch w.Probe.Op {
	case runtime.OpSleep:
		return true
	case runtime.OpIO:
		p, _ := j.pipeOf(i)
		return !isWrite(w.Probe) && !isOpen(w.Probe) && p == nil
	}
	return j.hasClock(w)
}

// goesOn reports whether goroutine i, which is in no operation with a probe, is known to go on. From a record alone it
// is unknown whether a long silent goroutine has exited. A goroutine that waits without a probe may wait for the world,
// unless the runtime says for what.
func (j *judge) goesOn(i int) bool {
	if j.blocked(i) {
		return false
	}
	switch g := j.g(i); g.State {
	case "exited":
		return false
	case "unknown":
		return j.s.HasStates || !j.long(i)
	case "waiting":
		return !strings.HasPrefix(g.Reason, "sync.") && !strings.HasPrefix(g.Reason, "chan send") &&
			!strings.Contains(g.Reason, "(no cases)") &&
			!strings.Contains(g.Reason, "(nil chan)") && g.Reason != "semacquire"
	}
	return true
}

// awaits reports whether goroutine i waits for an event that may still come because something goes on in the program.
// The goroutine that causes the event need not have done so before. If it is known to be one that computes for too
// long, the event is overdue.
func (j *judge) awaits(i int) bool {
	w := j.wait(i)
	event := receives(w) || w.Probe.Op == runtime.OpWait
	if j.unprobed[i] && !j.never(i) {
		switch w.Probe.Op {
		case runtime.OpRecv, runtime.OpSelect:
			event = true
		}
	}
	return event && j.expects() && !j.overdue(w)
}

// overdue reports whether all goroutines that are known to have fed w compute for too long.
func (j *judge) overdue(w *snapshot.Wait) bool {
	some := false
	for _, p := range j.feeders(w) {
		if p == nil || p.Exited {
			return false
		}
		i, ok := j.find(p.Goroutine)
		if !ok || !j.computes(i) {
			return false
		}
		some = true
	}
	return some
}

// idle reports whether goroutine i is in a wait that is normal however long it takes.
func (j *judge) idle(i int) bool {
	w := j.wait(i)
	if j.external(i) || j.drains(i) || w.Probe.Op == runtime.OpSleep || j.waitsForEnd(i) || j.never(i) && j.meant(i) ||
		j.explained(i) {
		return true
	}
	if j.unprobed[i] && w.Probe.Op == runtime.OpIO {
		return !inC(j.g(i)) || loopsInC(j.g(i))
	}
	if w.Probe.Op == runtime.OpIO && j.world(i) || j.open(i) && (receives(w) || w.Probe.Op == runtime.OpWait) {
		return true
	}
	switch {
	case w.Probe.Op == runtime.OpWait:
		return j.outlives(w.Obj)
	case w.Probe.Op == runtime.OpSend && w.Cap > 0:
		return false // the buffer is full: its consumer is behind, and does not just wait for the next element
	}
	return slices.ContainsFunc(j.feeders(w), j.fed) || j.forgotten(w) && j.endedBy(i, func(by snapshot.Waker) bool {
		k, ok := j.find(by.Goroutine)
		return by.Kind == snapshot.WakerGoroutine && ok && k != i && j.isActive(k)
	})
}

// forgotten reports whether the record may have forgotten who was at the other end of w, for want of room.
func (j *judge) forgotten(w *snapshot.Wait) bool {
	return j.s.Dropped[snapshot.DroppedObjects] > 0 &&
		every(j.feeders(w), func(p *snapshot.Fact) bool { return p == nil })
}

// world reports whether goroutine i waits for what others have to say, which may be nothing for long: in a read, or for
// another process. A request does not count, because it should be answered.
func (j *judge) world(i int) bool {
	w := j.wait(i)
	io := j.ioOf(w)
	switch {
	case isWrite(w.Probe) || isOpen(w.Probe) || isLocked(io) || io != nil && io.Reaped || inWrite(j.g(i).Stack) ||
		j.deserted(i):
		return false
	case w.Probe.Kind == runtime.KindProcess:
		return true
	case w.Probe.Flags&runtime.SiteRequest != 0:
		return w.Probe.Flags&runtime.SiteBounded != 0 || io != nil && io.Deadline > j.s.Taken
	}
	return w.Probe.Kind == runtime.KindConn || w.Probe.Kind == runtime.KindFile || isRead(w.Probe)
}

// deserted reports whether goroutine i waits for a process that waits for a pipe of this program with which no
// goroutine goes on.
func (j *judge) deserted(i int) bool {
	p, users := j.pipeOf(i)
	if p == nil {
		return false
	}
	is, ok := j.pipes[p.FD]
	if !ok {
		j.pipes[p.FD] = false // ends the recursion for users that wait for each other
		is = every(users, func(k int) bool { return j.stuck[k] || j.wait(k) != nil && j.verdict(k).Bad() })
		j.pipes[p.FD] = is
	}
	return is
}

// explained reports whether the program's memory says what will end the wait of goroutine i: a timer, or a goroutine
// that goes on. A wait for a lock is a wait for its holder, and is not explained.
func (j *judge) explained(i int) bool {
	return !j.locking(i) && j.endedBy(i, func(w snapshot.Waker) bool {
		switch w.Kind {
		case snapshot.WakerTimer, snapshot.WakerFinalizer, snapshot.WakerCleanup:
			return !j.endsUnbounded(i)
		case snapshot.WakerGoroutine:
			k, ok := j.find(w.Goroutine)
			return ok && k != i && !j.stuck[k] && !j.computes(k) &&
				(j.wait(k) == nil && j.goesOn(k) || j.wait(k) != nil && !j.unprobed[k] && !j.long(k))
		}
		return false
	})
}

// outlives reports whether some goroutine that owes the WaitGroup at obj a Done itself waits for something from
// outside, such as the end of a context, or for another WaitGroup of that kind. A goroutine that waits for obj is then
// as idle as that one.
func (j *judge) outlives(obj uint64) bool {
	idle, ok := j.groups[obj]
	if ok {
		return idle
	}
	j.groups[obj] = false // ends the recursion for a goroutine that waits for itself
	o := j.s.Objects[obj]
	if o == nil {
		return false
	}
	idle = slices.ContainsFunc(j.owers(o), func(i int) bool {
		w := j.wait(i)
		return w != nil &&
			(j.external(i) || j.open(i) || w.Probe.Op == runtime.OpWait && w.Obj != obj && j.outlives(w.Obj))
	})
	j.groups[obj] = idle
	return idle
}

// fed reports whether the goroutine of a fact exists and is active, so that it may do the same again.
func (j *judge) fed(p *snapshot.Fact) bool {
	if p == nil || p.Exited {
		return false
	}
	i, ok := j.find(p.Goroutine)
	return ok && j.isActive(i)
}

// external reports whether goroutine i waits for something from outside the program, or from a timer, that may come at
// any time.
func (j *judge) external(i int) bool {
	w := j.wait(i)
	switch {
	case w == nil:
		return false
	case w.Probe.Flags&runtime.SiteServe != 0:
		return true
	case w.Probe.Op == runtime.OpSelect && len(w.Cases)+w.More == 0 && !j.unprobed[i]:
		return j.g(i).ID == 1
	case w.Probe.Op == runtime.OpRecv || w.Probe.Op == runtime.OpRange:
		return w.Obj != 0 && j.source(w, 0, w.Obj) != plainChan
	}
	return j.hasClock(w)
}

// hasClock reports whether w receives from a clock, or from signals, perhaps in a case of a select.
func (j *judge) hasClock(w *snapshot.Wait) bool {
	for k, c := range cases(w) {
		if !c.Send && j.ticks(w, k, c.Obj) {
			return true
		}
	}
	return false
}

// waitsForEnd reports whether goroutine i is that of func main and waits for the end of a server: for a channel that no
// goroutine has used yet, or for a WaitGroup, while another goroutine waits for a signal or for clients. In
//
//	go func() { <-signals; done <- true }()
//	…
//	<-done
//
// main is not stuck, however long it takes.
func (j *judge) waitsForEnd(i int) bool {
	w := j.wait(i)
	if j.g(i).ID != 1 {
		return false
	}
	switch w.Probe.Op {
	case runtime.OpRecv, runtime.OpRange, runtime.OpSelect:
		if slices.ContainsFunc(j.feeders(w), func(p *snapshot.Fact) bool { return p != nil }) {
			return false
		}
	case runtime.OpWait:
	default:
		return false
	}
	if j.server == nil {
		some := false
		for k := range j.s.Goroutines {
			if other := j.wait(k); k != i && other != nil && j.serves(other) {
				some = true
			}
		}
		j.server = &some
	}
	return *j.server
}

// serves reports whether w waits for clients, or for a signal.
func (j *judge) serves(w *snapshot.Wait) bool {
	for k, c := range cases(w) {
		if !c.Send && j.source(w, k, c.Obj) == signalChan {
			return true
		}
	}
	return w.Probe.Flags&runtime.SiteServe != 0
}

// ending reports whether goroutine i is in a function that ends something, such as Close or Shutdown, which should not
// take long: it waits for a WaitGroup or a Cond, or for a goroutine to report its end.
func (j *judge) ending(i int) bool {
	w := j.wait(i)
	if w == nil || j.explained(i) || j.external(i) {
		return false
	}
	if j.drains(i) {
		return false
	}
	switch w.Probe.Op {
	case runtime.OpWait, runtime.OpCond:
		return w.Obj != 0 && endFunc(w.Probe.Func)
	case runtime.OpIO:
		return w.Probe.Flags&(runtime.SiteServe|runtime.SiteBounded) == 0 && w.Probe.Kind != runtime.KindConn &&
			endFunc(method(w.Probe.Expr))
	}
	return false
}

// drains reports whether goroutine i ends something, and all handlers that it waits for will return by themselves.
func (j *judge) drains(i int) bool {
	list := j.handlers(i)
	return len(list) > 0 && !slices.ContainsFunc(list, j.lingers)
}

// lingers reports whether goroutine i, which runs a handler, has long waited for something that no clock ends.
func (j *judge) lingers(i int) bool {
	w := j.wait(i)
	return w != nil && j.long(i) && w.Probe.Op != runtime.OpSleep && !j.hasClock(w) && !j.timed(i) && !j.explained(i)
}

// endFunc reports whether a function, by its name, ends something.
func endFunc(fn string) bool {
	switch strings.ToLower(fn[strings.LastIndexByte(fn, '.')+1:]) {
	case "close", "stop", "shutdown", "gracefulstop", "disconnect", "terminate", "destroy", "drain", "quit":
		return true
	}
	return false
}
