package reach

import (
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A Told is what a Result says about one goroutine. A nil field is unknown.
type Told struct {
	Blocked *snapshot.Blocked
	Reach   *snapshot.Reach
}

// Tellings are what a Result says about its goroutines.
type Tellings struct {
	r *Result
	// number has the index of each goroutine in blocked and reach, plus one; zero means that nothing is known.
	number  []uint32
	blocked []snapshot.Blocked
	reach   []*snapshot.Reach
}

// Of returns what is known about goroutine id: the zero Told if it does not wait for others.
func (t *Tellings) Of(id int64) Told {
	if t != nil {
		if g, ok := t.r.goroutine(id); ok {
			if n := t.number[g]; n > 0 {
				return Told{&t.blocked[n-1], t.reach[n-1]}
			}
		}
	}
	return Told{}
}

// Snapshot returns what r tells in the terms of package snapshot. Several goroutines may share a Reach, and the targets
// of a Blocked. paused is how long the program stood still. The Memory's Kept may
// be called until the Plan is closed.
func (r *Result) Snapshot(paused time.Duration) (*snapshot.Memory, *Tellings) {
	defer CollectOften(r.m.Copied)()
	mem := &snapshot.Memory{PausedNs: int64(paused), Kept: r.Kept, KeptBytes: r.KeptBytes()}
	tells := func(i int) bool { return r.m.waits[i].candidate && r.m.gs[i].copied() }
	told, n := &Tellings{r: r, number: make([]uint32, len(r.m.gs))}, 0
	for i := range told.number {
		if tells(i) {
			n++
		}
	}
	told.blocked, told.reach = make([]snapshot.Blocked, 0, n), make([]*snapshot.Reach, 0, n)
	shared := make(map[sharedTarget][]snapshot.Target)
	search := &wakerSearch{
		r: r, child: make(map[uint32]uint32), seen: make(map[wakerKey]bool), told: make(map[sharedWait]*snapshot.Reach),
		alone: &snapshot.Reach{Answer: snapshot.Proven},
	}
	for i := range r.m.gs {
		if !tells(i) {
			continue
		}
		on := r.sharedTargets(shared, int32(i))
		told.blocked = append(told.blocked,
			snapshot.Blocked{On: on, Since: r.m.since(&r.m.gs[i]), NoneCanWake: r.m.waits[i].never})
		told.reach = append(told.reach, r.snapshotReach(search, int32(i)))
		told.number[i] = uint32(len(told.reach))
	}
	return mem, told
}

// kinds are the collector's kinds.
var kinds = map[Kind]runtime.Kind{
	Chan: runtime.KindChan, Mutex: runtime.KindMutex, RWMutex: runtime.KindRWMutex, WaitGroup: runtime.KindWaitGroup,
	Cond: runtime.KindCond,
	Once: runtime.KindOnce, Other: runtime.KindOther,
}

// A sharedTarget is an object that several goroutines wait for at one place, by which they call it by one name.
type sharedTarget struct {
	sharedWait
	at     uint64
	reason uint8
}

// sharedTargets returns what goroutine g waits on. Those that wait for the same at the same place share it, except for
// locks in the heap, which each may call by another name.
func (r *Result) sharedTargets(on map[sharedTarget][]snapshot.Target, g int32) []snapshot.Target {
	key, shared := r.sharedWait(g)
	if !shared || r.m.kind(g) != reasonChan && r.m.waits[g].cause != causeGlobal {
		return r.snapshotTargets(g)
	}
	k := sharedTarget{key, r.standsAt(g), r.m.gs[g].reason}
	list, ok := on[k]
	if !ok {
		list = r.snapshotTargets(g)
		on[k] = list
	}
	return list
}

func (r *Result) snapshotTargets(g int32) []snapshot.Target {
	var list []snapshot.Target
	for _, t := range r.targets(g) {
		s := snapshot.Target{Addr: t.Addr, Kind: kinds[t.Kind], Send: t.Send, Type: t.Type, Name: t.Name, Len: t.Len,
			Cap: t.Cap}
		for _, n := range t.Near {
			s.Near = append(s.Near, snapshot.Near{Goroutine: n.Goroutine, Frame: r.frameAt(n.PC)})
		}
		list = append(list, s)
	}
	return list
}

// frameAt returns the function that a call returns to at pc, the innermost that is not the runtime's.
func (r *Result) frameAt(pc uint64) snapshot.Frame {
	var f snapshot.Frame
	for _, p := range r.m.code.places(pc, false) {
		f = snapshot.Frame{Func: p.fn, File: p.file, Line: p.line}
		if !isRuntime(p.fn) && !snapshot.OnceFunc(p.file) {
			break
		}
	}
	return f
}

var wakerKinds = [...]snapshot.WakerKind{
	ByGoroutine: snapshot.WakerGoroutine, ByTimer: snapshot.WakerTimer, ByFinalizer: snapshot.WakerFinalizer,
	ByCleanup: snapshot.WakerCleanup,
	ByGlobal:  snapshot.WakerGlobal,
}

// snapshotReach returns who could end the wait of goroutine g. Goroutines that wait for the same object share the
// answer.
func (r *Result) snapshotReach(search *wakerSearch, g int32) *snapshot.Reach {
	answer, reason := r.answer(g)
	if answer == Unknown {
		return &snapshot.Reach{Answer: snapshot.Unknown, Reason: reason}
	}
	key, shared := r.sharedWait(g)
	if shared {
		if reach := search.told[key]; reach != nil {
			return reach
		}
	}
	reach := &snapshot.Reach{Answer: snapshot.Live}
	if answer == Proven {
		reach.Answer = snapshot.Proven
	}
	list, more := search.wakers(g)
	if answer == Proven && len(list) == 0 && more == 0 {
		return search.alone
	}
	reach.More, reach.Cut = more, search.cut
	for i := range list {
		reach.CouldEnd = append(reach.CouldEnd, r.snapshotWaker(&list[i]))
	}
	if shared {
		search.told[key] = reach
	}
	return reach
}

// A sharedWait is an object or a variable that several goroutines wait for, and for nothing else, and whether they are
// live.
type sharedWait struct {
	obj  uint64
	live bool
}

// sharedWait returns what goroutine g waits for, if it waits for one object, and others do too, or for one variable.
func (r *Result) sharedWait(g int32) (w sharedWait, ok bool) {
	m := r.m
	objs := m.objs(g)
	if len(objs) != 1 {
		return w, false
	}
	w = sharedWait{objs[0].addr, m.states[g] == live}
	switch m.waits[g].cause {
	case causeObject:
		id, ok := m.heap.id(w.obj)
		return w, ok && len(m.waitersOf(id)) > 1
	case causeGlobal:
		return w, true
	}
	return w, false
}

func (r *Result) snapshotWaker(w *Waker) snapshot.Waker {
	s := snapshot.Waker{Kind: wakerKinds[w.Kind], Goroutine: w.Goroutine, Name: w.Name, Path: w.Path}
	if w.PC != 0 {
		pc := w.PC
		if w.Kind != ByGoroutine {
			pc++ // it is where a function begins
		}
		f := r.frameAt(pc)
		s.File, s.Line = f.File, f.Line
	}
	return s
}
