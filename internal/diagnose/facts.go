package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// facts is what is known of a program, in the form that the diagnosis needs. Goroutines are known by their index in the
// snapshot.
type facts struct {
	s     *snapshot.Snapshot
	opt   Options
	index map[int64]int // goroutine by ID
	// waits has the operation by which each goroutine is judged (see operation), or nil if it is in none.
	waits []*snapshot.Wait
	// unprobed is set for goroutines whose operation has no probe: it was read off the stack.
	unprobed []bool
	// holders are the goroutines that hold a lock or run the function of an Once, by the object's address.
	holders map[uint64][]holder
	orphans map[uint64][]*snapshot.Hold
	// writers are the goroutines that have waited longest to write-lock an RWMutex, by its address.
	writers  map[uint64]int
	families map[familyKey][]int
	names    map[uint64]string                    // of objects, by memory; nil: not needed yet
	reaches  map[int]*snapshot.Reach              // see reach
	nearby   map[uint64][]int                     // see near
	been     map[*snapshot.Probe][]int            // the goroutines that have been at a place; nil: not needed yet
	named    map[fieldUse]map[int]*snapshot.Probe // uses of fields by name; nil: not needed yet
	having   map[uint64][]int                     // see tokens
	ended    map[uint64]bool                      // the servers that are being shut down without a time limit
	// relations has, by channel, whether the family of its maker has members that do not wait for it.
	relations map[uint64]bool
}

// A holder is a goroutine that holds an object: by hold, or, if hold is nil, because it is in its Once.Do.
type holder struct {
	g    int
	hold *snapshot.Hold
	wait *snapshot.Wait
}

// since returns when and where the holder took the object.
func (h holder) since() (int64, *snapshot.Probe) {
	if h.hold != nil {
		return h.hold.Since, h.hold.Probe
	}
	return h.wait.Since, h.wait.Probe
}

func (h holder) reads() bool { return h.hold != nil && h.hold.Read }

func newFacts(s *snapshot.Snapshot, opt Options) *facts {
	n := len(s.Goroutines)
	f := &facts{
		s: s, opt: opt, index: make(map[int64]int, n), waits: make([]*snapshot.Wait, n), unprobed: make([]bool, n),
		holders: make(map[uint64][]holder), orphans: make(map[uint64][]*snapshot.Hold), writers: make(map[uint64]int),
		relations: make(map[uint64]bool),
		reaches:   make(map[int]*snapshot.Reach), ended: make(map[uint64]bool),
	}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		f.index[g.ID] = i
	}
	f.findHolders()
	for i := range s.Goroutines {
		f.waits[i] = f.operation(i)
		if server := s.Goroutines[i].Ends; server != 0 && !f.endsBounded(i) {
			f.ended[server] = true
		}
	}
	for i, w := range f.waits {
		if w == nil || w.Probe.Op != runtime.OpLock || w.Obj == 0 {
			continue
		}
		if j, ok := f.writers[w.Obj]; !ok || w.Since < f.waits[j].Since {
			f.writers[w.Obj] = i
		}
	}
	return f
}

// findHolders collects the holders of all objects.
func (f *facts) findHolders() {
	for i := range f.s.Goroutines {
		g := &f.s.Goroutines[i]
		for j := range g.Holds {
			h := &g.Holds[j]
			f.holders[h.Obj] = append(f.holders[h.Obj], holder{g: i, hold: h})
		}
		for j := range g.Waits {
			if w := &g.Waits[j]; w.Probe.Op == runtime.OpOnce && w.Obj != 0 {
				f.runs(holder{g: i, wait: w})
			}
		}
	}
	f.findRuns()
	for i := range f.s.Orphans {
		h := &f.s.Orphans[i]
		if !f.takenSince(h) {
			f.orphans[h.Obj] = append(f.orphans[h.Obj], h)
		}
	}
}

// findRuns adds the goroutines that run the function of a Once without a probe, as the memory shows them. Since when is
// unknown.
func (f *facts) findRuns() {
	for i := range f.s.Goroutines {
		b := f.g(i).Blocked
		if b == nil || len(b.On) != 1 || b.On[0].Kind != runtime.KindOnce || len(f.holders[b.On[0].Addr]) > 0 {
			continue
		}
		for _, n := range b.On[0].Near {
			if j, ok := f.find(n.Goroutine); ok {
				p := &snapshot.Probe{Op: runtime.OpOnce, Kind: runtime.KindOnce, File: n.Frame.File, Line: n.Frame.Line,
					Func: n.Frame.Func}
				w := &snapshot.Wait{Probe: p, Obj: b.On[0].Addr, Cap: -1}
				f.holders[w.Obj] = []holder{{g: j, wait: w}}
			}
		}
	}
}

// runs notes a goroutine that is in Once.Do. Of all that are, the first runs the function, and the others wait for it.
// A goroutine that has passed a probe inside is the one that runs it, whatever the times say.
func (f *facts) runs(h holder) {
	was := f.holders[h.wait.Obj]
	switch {
	case len(was) == 0:
		f.holders[h.wait.Obj] = []holder{h}
	case was[0].wait == nil:
	case f.inside(h) && !f.inside(was[0]), f.inside(h) == f.inside(was[0]) && h.wait.Since < was[0].wait.Since:
		was[0] = h
	}
}

// inside reports whether the goroutine of h has reached a probe in the function of the Once.
func (f *facts) inside(h holder) bool {
	g := f.g(h.g)
	return &g.Waits[0] != h.wait || g.Last != nil && g.Last != h.wait.Probe
}

// takenSince reports whether a goroutine has taken a lock after its holder exited with it. If so, the lock was unlocked
// in a way that no probe saw, or another lock lies at its address now.
func (f *facts) takenSince(orphan *snapshot.Hold) bool {
	return slices.ContainsFunc(f.holders[orphan.Obj], func(h holder) bool {
		at, _ := h.since()
		return at > orphan.Since && !(orphan.Read && h.reads())
	})
}

func (f *facts) g(i int) *snapshot.Goroutine { return &f.s.Goroutines[i] }

// find returns the index of a goroutine by its ID.
func (f *facts) find(id int64) (int, bool) {
	i, ok := f.index[id]
	return i, ok
}

// operation returns the operation by which goroutine i is judged: the innermost one. If that polls inside a longer
// operation, it is the longer one: a Shutdown that looks every 500 ms whether the connections are idle has waited since
// it began. The same holds for a goroutine that waits in a library for the answer to a request.
func (f *facts) operation(i int) *snapshot.Wait {
	g := f.g(i)
	if len(g.Waits) == 0 {
		w := f.offStack(g)
		f.unprobed[i] = w != nil && w.Probe != g.Last
		return w
	}
	if w := lockInside(g); w != nil {
		return w
	}
	if inner := g.Waits[0].Probe; len(g.Waits) > 1 && !Own(inner.Func, inner.File) {
		for k := range g.Waits[1:] {
			if w := &g.Waits[1+k]; isRequest(w) {
				return w
			}
		}
	}
	if f.s.Taken-g.Waits[0].Since < int64(f.opt.After) || g.Last != g.Waits[0].Probe {
		for k := range g.Waits {
			if w := &g.Waits[k]; f.s.Taken-w.Since >= int64(f.opt.After) && polls(g, w) {
				return w
			}
		}
	}
	return &g.Waits[0]
}

// polls reports whether goroutine g, in the operation outer, has only slept, or waited for a clock, again and again.
func polls(g *snapshot.Goroutine, outer *snapshot.Wait) bool {
	if outer.Probe.Op != runtime.OpIO || outer.Probe.Flags&runtime.SiteServe != 0 ||
		outer == &g.Waits[0] && g.Last == outer.Probe {
		return false
	}
	sleeps := 0
	for _, s := range g.History {
		if s.At < outer.Since-slackRing || s.Probe == outer.Probe {
			break
		}
		switch p := s.Probe; {
		case p.Op == runtime.OpSleep, (p.Op == runtime.OpSelect || p.Op == runtime.OpRecv) && clocked(p):
			sleeps++
		case p.Op == runtime.OpIO && p.Kind != runtime.KindConn, p.Op == runtime.OpLock, p.Op == runtime.OpUnlock,
			p.Op == runtime.OpRLock, p.Op == runtime.OpRUnlock, p.Op == runtime.OpTryLock:
		default:
			return false
		}
	}
	return sleeps >= leastPolls
}

// leastPolls is the least number of sleeps in an operation that polls. An operation that is only slow may sleep, too.
const leastPolls = 3

// clocked reports whether a clock may end a receive or a select.
func clocked(p *snapshot.Probe) bool {
	for k := range runtime.CaseLen {
		if p.Role(k).Clock() {
			return true
		}
	}
	return false
}

// slackRing is how much too early the time of a step in a history may be, in nanoseconds, because those times are
// coarse.
const slackRing = 10e6

// wait returns the operation that goroutine i is in, or nil.
func (f *facts) wait(i int) *snapshot.Wait { return f.waits[i] }

// waited returns for how long goroutine i has not moved, or 0 if that is unknown.
func (f *facts) waited(i int) time.Duration {
	g, w := f.g(i), f.waits[i]
	since := g.LastAt
	switch {
	case w == nil:
	case f.unprobed[i]:
		since = w.Since
	case len(g.Waits) > 0 && w != &g.Waits[0]: // an operation that polls inside w moves
		since = w.Since
	case polls(g, w):
		since = w.Since
	default:
		since = max(since, w.Since)
	}
	if since == 0 {
		return 0
	}
	return time.Duration(max(f.s.Taken-since, 0))
}

// long reports whether goroutine i has not moved for longer than is normal. If nobody saw the program's end, every wait
// may have been that long.
func (f *facts) long(i int) bool {
	return f.waited(i) >= f.opt.After || f.s.Process.Unwatched && f.wait(i) != nil
}

// certaintyOf returns Likely, or Possible if no goroutine of list is known to have waited for too long.
func (f *facts) certaintyOf(list []int) Certainty {
	if slices.ContainsFunc(list, func(i int) bool { return f.waited(i) >= f.opt.After }) {
		return Likely
	}
	return Possible
}

// computes reports whether goroutine i, which is in no operation, has had a processor, or wanted one, for too long.
func (f *facts) computes(i int) bool {
	g := f.g(i)
	return len(g.Waits) == 0 && g.Last != nil && (g.State == "running" || g.State == "runnable") && g.Ran >= 0 &&
		f.long(i)
}

// inScope reports whether the diagnosis is about goroutine i.
func (f *facts) inScope(i int) bool { return f.opt.Scope == nil || f.opt.Scope(f.g(i).ID) }

// blocked reports whether goroutine i is in no operation with a probe, but is known to wait.
func (f *facts) blocked(i int) bool {
	return len(f.g(i).Waits) == 0 && f.opt.Blocked != nil && f.opt.Blocked(f.g(i).ID)
}

// proven reports whether the program's memory has proven that nothing can wake goroutine i, or the program has ended
// because nothing could wake any goroutine.
func (f *facts) proven(i int) bool { return f.provenG(f.g(i)) }

func (f *facts) provenG(g *snapshot.Goroutine) bool {
	return provenByMemory(g) || f.s.Asleep && len(g.Waits) > 0
}

func provenByMemory(g *snapshot.Goroutine) bool {
	return g.Reach != nil && g.Reach.Answer == snapshot.Proven
}

// reach returns what the memory says of goroutine i, or nil. It leaves out goroutines that only bring goroutine i the
// answer that it waits for. For a handler of a server that is being shut down without a time limit, it leaves out those
// that only notice that a client has gone.
func (f *facts) reach(i int) *snapshot.Reach {
	if r, ok := f.reaches[i]; ok {
		return r
	}
	r := f.g(i).Reach
	request := isRequest(f.wait(i))
	if r == nil || !request && !f.shut(i) {
		return r
	}
	idle := func(w snapshot.Waker) bool {
		if w.Kind == snapshot.WakerTimer { // the library uses it for its connections
			return request && related(pkgPath(w.Name), pkgPath(f.wait(i).Probe.Callee))
		}
		k, ok := f.find(w.Goroutine)
		return ok && w.Kind == snapshot.WakerGoroutine &&
			(request && f.carries(k, i) || !request && f.listens(k, w.Path))
	}
	if !slices.ContainsFunc(r.CouldEnd, idle) {
		return r
	}
	less := *r
	less.CouldEnd = slices.DeleteFunc(slices.Clone(r.CouldEnd), idle)
	f.reaches[i] = &less
	return &less
}

// carries reports whether goroutine k belongs to a library and brings goroutine i the answer to its request. It waits
// for the peer, too.
func (f *facts) carries(k, i int) bool {
	c, w := f.g(k).CreatedBy, f.wait(k)
	return (w == nil || !Own(w.Probe.Func, w.Probe.File)) && c != nil &&
		related(pkgPath(c.Func), pkgPath(f.wait(i).Probe.Callee)) && OwnFrame(f.g(k).Stack) == nil
}

// bringer returns a library goroutine for which is returns true, and which, by the program's memory, brings goroutine i
// the answer to its request.
func (f *facts) bringer(i int, is func(k int) bool) (int, bool) {
	r := f.g(i).Reach
	if r == nil {
		return 0, false
	}
	for _, w := range r.CouldEnd {
		if k, ok := f.find(w.Goroutine); ok && w.Kind == snapshot.WakerGoroutine && f.carries(k, i) && is(k) {
			return k, true
		}
	}
	return 0, false
}

// isRequest reports whether w waits for the answer of a peer, without a limit in the source.
func isRequest(w *snapshot.Wait) bool {
	return w != nil && w.Probe.Kind == runtime.KindConn &&
		w.Probe.Flags&(runtime.SiteRequest|runtime.SiteBounded) == runtime.SiteRequest
}

// read reports whether the memory says what could end the wait of goroutine i.
func (f *facts) read(i int) bool {
	r := f.reach(i)
	return r != nil && r.Answer != snapshot.Unknown
}

// open reports whether the memory says that more than goroutines can reach what goroutine i waits for: a timer, a
// global variable, a finalizer.
func (f *facts) open(i int) bool {
	return f.endedBy(i, func(w snapshot.Waker) bool { return w.Kind != snapshot.WakerGoroutine })
}

// endedBy reports whether the memory says that the wait of goroutine i can end, by a waker for which is returns true.
func (f *facts) endedBy(i int, is func(w snapshot.Waker) bool) bool {
	r := f.reach(i)
	return r != nil && r.Answer == snapshot.Live && slices.ContainsFunc(r.CouldEnd, is)
}

// timed reports whether the memory says that a timer, or the garbage collector, will end the wait of goroutine i.
func (f *facts) timed(i int) bool {
	clock := func(w snapshot.Waker) bool {
		return w.Kind != snapshot.WakerGoroutine && w.Kind != snapshot.WakerGlobal
	}
	return f.endedBy(i, clock) && !f.endsUnbounded(i)
}

// ids returns the goroutines' IDs.
func (f *facts) ids(list []int) []int64 {
	ids := make([]int64, len(list))
	for k, i := range list {
		ids[k] = f.g(i).ID
	}
	return ids
}

// oldest returns the goroutine of list that has waited longest: of several, the first.
func (f *facts) oldest(list []int) int {
	return slices.MaxFunc(list, func(i, j int) int { return cmp.Compare(f.waited(i), f.waited(j)) })
}

// probe returns the probe at which goroutine i waits, or which it reached last, or nil.
func (f *facts) probe(i int) *snapshot.Probe {
	if w := f.wait(i); w != nil {
		return w.Probe
	}
	return f.g(i).Last
}

// partner returns the last goroutine that used the other end of a channel, or signaled a Cond, or nil.
func (f *facts) partner(obj uint64, send bool) *snapshot.Fact {
	o := f.s.Objects[obj]
	switch {
	case o == nil:
		return nil
	case send:
		return o.Received
	}
	return o.Sent
}

// moves reports whether the other end of a channel was used lately. If so, a goroutine that waits for it will have its
// turn.
func (f *facts) moves(obj uint64, send bool) bool {
	p := f.partner(obj, send)
	if p == nil {
		return false
	}
	at := p.At
	if i, ok := f.find(p.Goroutine); ok {
		for _, s := range f.g(i).History {
			if s.Probe == p.Probe {
				at = max(at, s.At)
				break
			}
		}
	}
	return f.lately(at)
}

// lately reports whether an event at the given time shows that things move. If nobody saw the program's end, events in
// the first half of its life do not: it may have done nothing since.
func (f *facts) lately(at int64) bool {
	since := f.s.Taken - at
	p := &f.s.Process
	return since < int64(f.opt.After) && (!p.Unwatched || p.StartWall == 0 || since < (p.TakenWall-p.StartWall)/2)
}

// holder returns how goroutine i holds obj.
func (f *facts) holder(obj uint64, i int) holder {
	for _, h := range f.holders[obj] {
		if h.g == i {
			return h
		}
	}
	return holder{g: i, wait: &snapshot.Wait{Probe: f.wait(i).Probe}}
}

// left reports whether the goroutine with that ID is known to have returned from a function.
func (f *facts) left(id int64, fn string) bool {
	i, ok := f.find(id)
	if !ok || len(f.g(i).Stack) == 0 {
		return false
	}
	return !slices.ContainsFunc(f.g(i).Stack, func(fr snapshot.Frame) bool { return sameFunc(fr.Func, fn) })
}
