package diagnose

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A need is something that would end a wait. A select has several needs, and ends with any of them.
type need struct {
	obj  uint64
	send bool // the wait sends to the channel obj
	// by are the goroutines that are known to be able to meet the need, the likeliest first. each is set if all of them
	// must.
	by   []int
	each bool
	// direct is set if the first of by has done it before.
	direct bool
	// reached is set if, by the program's memory, no other goroutines than by can reach the object. named is set if by
	// are those of them that have done it before to an object of the same name.
	reached, named bool
	// place is where it was done before: any goroutine that has been there may do it again. kin are the goroutines that
	// may do it because they were started where the object was made. Zero: nobody.
	place *snapshot.Probe
	kin   familyKey
	open  openness
}

// An openness says who may meet a need besides the goroutines that are known.
type openness uint8

const (
	shut    openness = iota // nobody
	known                   // perhaps somebody, but hardly: the known ones did it before, or must
	unknown                 // somebody unknown
	ends                    // a channel that only reports an end: whoever ends it
	outside                 // the world, the time, or a signal will
)

// needs returns what would end the wait of goroutine i. It is empty if nothing would, such as for a receive from a nil
// channel. This is the single place that knows what operations wait for.
func (f *facts) needs(i int) []need {
	if l, ok := f.lockOf(i); ok {
		return []need{f.lockNeed(l)}
	}
	if n, ok := f.endNeed(i); ok {
		return []need{n}
	}
	if list := f.answerers(i); len(list) > 0 {
		return []need{{by: list, reached: true, open: known}}
	}
	list := f.opNeeds(i)
	if !slices.ContainsFunc(list, func(n need) bool { return n.open == known }) {
		if by := f.wakers(i); len(by) > 0 {
			return []need{{obj: f.wait(i).Obj, by: by, reached: true, open: known}}
		}
	}
	return list
}

// wakers returns the goroutines that can reach what goroutine i waits for, if the program's memory says that no others
// can. It leaves out goroutines that wait for the same in the same way, because they could not end the wait. It returns
// nil if a library's goroutine brings an answer, because the answer comes from the peer.
func (f *facts) wakers(i int) []int {
	r := f.reach(i)
	if r == nil || r != f.g(i).Reach && isRequest(f.wait(i)) || r.Answer == snapshot.Unknown || r.More > 0 ||
		r.Cut && r.Answer == snapshot.Live {
		return nil
	}
	var list []int
	for _, w := range r.CouldEnd {
		j, ok := f.find(w.Goroutine)
		if w.Kind != snapshot.WakerGoroutine || !ok {
			return nil
		}
		if j != i && (r.Answer == snapshot.Live || !f.likewise(i, j)) {
			list = append(list, j)
		}
	}
	return list
}

// opNeeds returns what would end the wait of goroutine i, which does not wait for a lock.
func (f *facts) opNeeds(i int) []need {
	w := f.wait(i)
	switch w.Probe.Op {
	case runtime.OpSend, runtime.OpRecv, runtime.OpRange, runtime.OpSelect:
		var list []need
		for k, c := range cases(w) {
			list = append(list, f.channelNeeds(i, w, k, c)...)
		}
		if w.More > 0 {
			list = append(list, need{open: unknown})
		}
		return list
	case runtime.OpCond:
		return []need{f.condNeed(i, w.Obj)}
	case runtime.OpWait:
		return []need{f.groupNeed(i, w.Obj)}
	case runtime.OpIO:
		if isLocked(f.ioOf(w)) {
			return []need{{open: unknown}}
		}
		if users := f.across(i); len(users) > 0 {
			return []need{{by: users, reached: true, open: known}}
		}
		if k, ok := f.commandOf(i); ok {
			return []need{{by: []int{k}, reached: true, open: known}}
		}
		if p, users := f.pipeOf(i); p != nil {
			return []need{{by: users, reached: true, open: known}}
		}
	case runtime.OpLock, runtime.OpRLock, runtime.OpOnce: // of an unknown lock
		return []need{{open: unknown}}
	}
	return []need{{open: outside}}
}

// cases returns the channel operations that w waits for: the cases of a select, or the only one of a send or a receive.
func cases(w *snapshot.Wait) []snapshot.Case {
	switch w.Probe.Op {
	case runtime.OpSelect:
		return w.Cases
	case runtime.OpSend, runtime.OpRecv, runtime.OpRange:
		return []snapshot.Case{{Obj: w.Obj, Send: w.Probe.Op == runtime.OpSend}}
	}
	return nil
}

// channelNeeds returns what would end a wait for a channel, case k of w. Nothing would if it is nil.
func (f *facts) channelNeeds(i int, w *snapshot.Wait, k int, c snapshot.Case) []need {
	switch {
	case c.Obj == 0 && f.unprobed[i] && !f.nilChannel(i):
		return []need{{open: unknown}} // it could not be read
	case c.Obj == 0:
		return nil
	case !c.Send && f.ticks(w, k, c.Obj):
		return []need{{obj: c.Obj, open: outside}}
	case !c.Send && f.source(w, k, c.Obj) == contextChan:
		n := need{obj: c.Obj, open: outside}
		if len(w.Cases) > 0 {
			n.open = ends
		}
		return []need{n}
	}
	if f.sendsToItself(i, c) {
		return []need{{obj: c.Obj, send: true, by: []int{i}, each: true, place: f.partner(c.Obj, true).Probe,
			open: known}}
	}
	n := f.used(i, c.Obj, c.Send)
	// If no goroutine has given a token back, one that has a token may.
	if !n.direct && c.Send && takes(w, c.Obj) && f.partner(c.Obj, true) == nil {
		if list := slices.DeleteFunc(f.tokens(c.Obj, w.Probe), func(j int) bool { return j == i }); len(list) > 0 {
			n = need{obj: c.Obj, send: true, by: list, open: known}
		}
	}
	if f.endOnly(w, k) {
		n = need{obj: c.Obj, open: ends}
	}
	return []need{n}
}

// sendsToItself reports whether goroutine i can only send to a channel from which it alone has received, and from which
// no other will receive.
func (f *facts) sendsToItself(i int, c snapshot.Case) bool {
	p := f.partner(c.Obj, true)
	return c.Send && len(f.wait(i).Cases) == 0 && p != nil && !p.Exited && p.Goroutine == f.g(i).ID && f.proven(i) &&
		!takes(f.wait(i), c.Obj) && len(f.users(p.Probe)) == 1
}

// nilChannel reports whether, by the memory or the runtime's wait reason, goroutine i waits for nil channels only.
func (f *facts) nilChannel(i int) bool {
	g := f.g(i)
	switch g.Reason {
	case "chan receive (nil chan)", "chan send (nil chan)", "select (no cases)":
		return true
	}
	return g.Blocked != nil && g.Blocked.NoneCanWake
}

// used returns the need for a goroutine to use the other end of a channel, or to signal a Cond: the last that did so,
// and any that has been at that place. If none did, or the last has exited, it is those that were started where the
// channel was made.
func (f *facts) used(i int, obj uint64, send bool) need {
	n := need{obj: obj, send: send, open: unknown}
	p := f.partner(obj, send)
	if j, ok := f.other(i, p); ok && p.Probe != nil {
		n.by, n.place, n.open, n.direct = []int{j}, p.Probe, known, true
		// A goroutine that has been at the place, but cannot reach this object, was there for another.
		if able := f.wakers(i); len(able) > 0 {
			for _, k := range f.users(p.Probe) {
				if k != j && slices.Contains(able, k) {
					n.by = append(n.by, k)
				}
			}
			n.place = nil
		}
		return n
	}
	if p == nil {
		if list := f.namesakes(i, obj, send); len(list) > 0 {
			n.by, n.open, n.reached, n.named = list, known, true, true
			return n
		}
	}
	o := f.s.Objects[obj]
	if o == nil || f.read(i) || !f.relatives(&n, i, o.Made, "") { // if the memory is known, nothing is guessed
		return n
	}
	if p != nil { // others may do what the goroutine that has exited did
		n.place = p.Probe
	}
	n.open = known
	return n
}

// other returns the goroutine of a fact if it exists and is not i.
func (f *facts) other(i int, p *snapshot.Fact) (int, bool) {
	if p == nil || p.Exited {
		return 0, false
	}
	j, ok := f.find(p.Goroutine)
	return j, ok && j != i
}

// relatives adds to n the goroutine of p, if it is not i, and its family. It reports whether there are any.
func (f *facts) relatives(n *need, i int, p *snapshot.Fact, by string) bool {
	j, ok := f.other(i, p)
	if ok {
		n.by = append(n.by, j)
	}
	k, list := f.family(p, by)
	if len(list) > 0 {
		n.kin, ok = k, true
	}
	return ok
}

// groupNeed returns the goroutines that may end the wait of goroutine i for the WaitGroup at obj. If no more goroutines
// can owe it a Done than it is owed, it is these. Otherwise it is the one that adds to it and its family, or, if there
// are none, the one that called Done last.
func (f *facts) groupNeed(i int, obj uint64) need {
	n := need{obj: obj, open: unknown}
	o := f.s.Objects[obj]
	if o == nil {
		return n
	}
	const few = 16
	list := f.owers(o)
	if len(list) > 0 &&
		(len(list) <= o.Count || f.onlyAsleep() && f.atOnePlace(list) ||
			len(list) <= few && behindAdd(f.g(list[0]).CreatedBy, o.Sent)) {
		n.by, n.each, n.open = list, len(list) == o.Count, known
		return n
	}
	if f.read(i) {
		return n
	}
	if k, family := f.family(o.Sent, goOfWaitGroup); len(family) > 0 { // the caller of Add has others do the work
		n.kin, n.open = k, known
		return n
	}
	if f.relatives(&n, i, o.Sent, goOfWaitGroup) {
		n.open = known
	} else if j, ok := f.other(i, o.Received); ok {
		n.by, n.open = []int{j}, known
	}
	return n
}

// condNeed returns the goroutines that may signal the Cond at obj, for which goroutine i waits. If only i ever did, it
// waits for itself.
func (f *facts) condNeed(i int, obj uint64) need {
	p := f.partner(obj, false)
	if p == nil || p.Exited || p.Goroutine != f.g(i).ID || !f.proven(i) ||
		slices.ContainsFunc(f.signalers(p.Probe), func(j int) bool { return j != i }) {
		return f.used(i, obj, false)
	}
	return need{obj: obj, by: []int{i}, each: true, place: p.Probe, open: known}
}

// signalers returns the goroutines that have been at p, where a Cond is signaled, or at a place with a Cond of the same
// name.
func (f *facts) signalers(p *snapshot.Probe) (list []int) {
	for i := range f.s.Goroutines {
		if slices.ContainsFunc(f.g(i).History, func(s snapshot.Step) bool {
			return s.Probe == p || s.Probe.Op == p.Op && s.Probe.Kind == p.Kind && s.Probe.Expr == p.Expr
		}) {
			list = append(list, i)
		}
	}
	return list
}

// A lock is an object that a goroutine waits to lock, and whether it is to read.
type lock struct {
	obj  uint64
	read bool
}

// lockOf returns the lock that goroutine i waits for.
func (f *facts) lockOf(i int) (lock, bool) {
	w := f.wait(i)
	if w == nil || w.Obj == 0 {
		return lock{}, false
	}
	switch w.Probe.Op {
	case runtime.OpLock:
		return lock{obj: w.Obj}, true
	case runtime.OpRLock:
		return lock{obj: w.Obj, read: true}, true
	case runtime.OpOnce:
		h := f.holders[w.Obj]
		return lock{obj: w.Obj}, len(h) == 0 || h[0].g != i || h[0].wait != w
	}
	return lock{}, false
}

// locking reports whether goroutine i waits for a lock.
func (f *facts) locking(i int) bool {
	_, ok := f.lockOf(i)
	return ok
}

// lockNeed returns the need for a lock: all its holders must let go. A reader does not wait for readers, but for the
// writer that waits for those: see "a blocked Lock call excludes new readers" in package sync.
func (f *facts) lockNeed(l lock) need {
	n := need{obj: l.obj, each: true}
	for _, h := range f.holders[l.obj] {
		if !l.read || !h.reads() {
			n.by = append(n.by, h.g)
		}
	}
	if j, ok := f.writers[l.obj]; ok && l.read && len(n.by) == 0 {
		n.by = append(n.by, j)
	}
	if len(n.by) > 0 || f.orphaned(l) {
		return n
	}
	n.open, n.each = unknown, false
	if near := f.near(l.obj); len(near) > 0 {
		n.by, n.open = near, known
	} else if self := f.reentrant(l.obj); len(self) > 0 {
		n.by, n.open, n.each = self, known, true
	}
	return n
}

// orphaned reports whether an orphan keeps l locked. Readers do not exclude readers.
func (f *facts) orphaned(l lock) bool {
	return slices.ContainsFunc(f.orphans[l.obj], func(h *snapshot.Hold) bool { return !l.read || !h.Read })
}

// near returns the goroutines that have the lock at obj on their stacks in a function that locks: likely holders. One
// that itself waits for the lock counts only if it waits without a probe, because functions of the collector lock too,
// and if it is proven that nothing can wake it.
func (f *facts) near(obj uint64) []int {
	if f.nearby == nil {
		f.nearby = make(map[uint64][]int)
		for i := range f.s.Goroutines {
			b := f.g(i).Blocked
			if b == nil || len(b.On) != 1 || f.nearby[b.On[0].Addr] != nil { // the same for all that wait for the lock
				continue
			}
			for _, n := range b.On[0].Near {
				if j, ok := f.find(n.Goroutine); ok {
					f.nearby[b.On[0].Addr] = append(f.nearby[b.On[0].Addr], j)
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(f.nearby[obj]),
		func(j int) bool { return f.waitsFor(j, obj) && !(f.unprobed[j] && f.proven(j)) })
}

// waitsFor reports whether goroutine j waits for obj.
func (f *facts) waitsFor(j int, obj uint64) bool {
	w := f.wait(j)
	return w != nil &&
		(w.Obj == obj || slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool { return c.Obj == obj }))
}

// receives reports whether w only receives. It then waits for an event, rather than for another goroutine to make way.
func receives(w *snapshot.Wait) bool {
	list := cases(w)
	some := w.Probe.Op == runtime.OpCond || w.More > 0 ||
		slices.ContainsFunc(list, func(c snapshot.Case) bool { return c.Obj != 0 })
	return some && !slices.ContainsFunc(list, func(c snapshot.Case) bool { return c.Send })
}

// never reports whether goroutine i waits for nil channels only.
func (f *facts) never(i int) bool {
	w := f.wait(i)
	if f.unprobed[i] && !f.nilChannel(i) {
		return false
	}
	list := cases(w)
	return (len(list) > 0 || w.Probe.Op == runtime.OpSelect) && w.More == 0 &&
		every(list, func(c snapshot.Case) bool { return c.Obj == 0 })
}
