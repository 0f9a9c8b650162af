package reach

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A WakerKind says what could end a wait.
type WakerKind uint8

// The kinds of Waker.
const (
	ByGoroutine WakerKind = iota
	ByTimer
	ByFinalizer
	ByCleanup
	ByGlobal
)

// A Waker could end a wait, because it can reach what is waited for.
type Waker struct {
	Kind      WakerKind
	Goroutine int64
	// Name is that of a variable, or of the function of a timer, a finalizer or a cleanup; or words for something that
	// has no name, such as "a weak pointer". Empty: unknown.
	Name string
	// PC is where the goroutine stands, or its function or that in Name begins; zero: unknown.
	PC uint64
	// Path is how it reaches what is waited for, which is the last; see Result.wakerPath.
	Path []string

	root  root
	timer uint64
	objs  []uint32 // from the waker to what is waited for
}

const (
	// maxVisits bounds the search for who could end a wait.
	maxVisits = 512
	// maxRefs is how many references to one object are followed.
	maxRefs = 2048
	// maxWakers bounds the wakers of a wait.
	maxWakers = 8
	// maxMore is how many others are counted: thousands of goroutines may wait for their turn with the same queue.
	maxMore = 99
)

// A wakerSearch looks backwards from what goroutines wait for.
type wakerSearch struct {
	r *Result
	// child is, for each object that was visited, the one that it leads to; itself for what is waited for.
	child map[uint32]uint32
	queue []uint32
	seen  map[wakerKey]bool
	list  []Waker
	more  int
	cut   bool // it did not look everywhere
	g     int32
	// told has the answers for objects that several goroutines wait for. alone is the answer for every proven goroutine
	// that nobody could wake.
	told  map[sharedWait]*snapshot.Reach
	alone *snapshot.Reach
}

// A wakerKey tells wakers apart.
type wakerKey struct {
	kind WakerKind
	id   uint64
}

// wakers returns who could end the wait of goroutine g, by the shortest path first, and how many more there are, as far
// as it looked.
func (s *wakerSearch) wakers(g int32) ([]Waker, int) {
	m := s.r.m
	s.g, s.list, s.more, s.cut, s.queue = g, nil, 0, false, s.queue[:0]
	clear(s.child)
	clear(s.seen)
	for _, o := range m.objs(g) {
		id, ok := m.heap.id(o.addr)
		if !ok {
			if m.global(o.addr) {
				w := Waker{Kind: ByGlobal, root: root{addr: o.addr, g: rootOf(rootGlobal)}}
				w.Name, _ = s.r.variableAt(o.addr)
				s.list = append(s.list, w)
			}
			continue
		}
		if _, ok := s.child[id]; !ok {
			s.child[id] = id
			s.queue = append(s.queue, id)
		}
	}
	if len(s.queue) > 0 && s.r.references() != nil {
		i := 0
		for ; i < len(s.queue) && i < maxVisits && len(s.list) < maxWakers; i++ {
			s.visit(s.queue[i])
		}
		s.cut = s.cut || i < len(s.queue)
	}
	if len(s.list) == 0 && m.states[g] == live && m.waits[g].cause == causeObject {
		s.first(m.waits[g].by)
		s.cut = true
	}
	for i := range s.list {
		w := &s.list[i]
		w.Path = s.r.path(w, s.target(g, w))
	}
	return s.list, s.more
}

// target returns the address that g waits for to which a waker leads.
func (s *wakerSearch) target(g int32, w *Waker) uint64 {
	objs := s.r.m.objs(g)
	if len(w.objs) > 0 {
		for i, o := range objs {
			if id, ok := s.r.m.heap.id(o.addr); ok && id == w.objs[len(w.objs)-1] {
				return s.r.targetAddr(g, i)
			}
		}
	}
	return 0
}

// visit looks at who refers to an object.
func (s *wakerSearch) visit(id uint32) {
	m := s.r.m
	list := s.r.refs.of(id)
	s.cut = s.cut || len(list) > maxRefs
	for _, by := range list[:min(len(list), maxRefs)] {
		if s.more >= maxMore {
			return
		}
		if by&rootFlag != 0 {
			s.root(m.roots.at(by&^rootFlag), id)
			continue
		}
		if _, ok := s.child[by]; ok {
			continue
		}
		s.child[by] = id
		if t, ok := s.r.timerOf(by, id); ok {
			s.timer(t, id)
			continue
		}
		s.queue = append(s.queue, by)
	}
}

// root takes a root that refers to an object.
func (s *wakerSearch) root(r root, id uint32) {
	m := s.r.m
	w := Waker{root: r}
	key := uint64(0)
	switch r.kind() {
	case rootStack:
		g := &m.gs[r.g]
		if r.g == s.g || m.states[r.g] != m.states[s.g] || s.r.sameWait(r.g, s.g) || !g.alive() {
			return
		}
		w.Goroutine, w.PC = g.id, s.r.standsAt(r.g)
		key = uint64(g.id)
	case rootGlobal:
		w.Kind = ByGlobal
		w.Name, key = s.r.variableAt(r.addr)
	case rootSpecial:
		sp := &m.specials[r.addr]
		if m.atEnd(sp) && s.holds(sp) {
			return
		}
		w.Kind, w.Name, w.PC = s.r.special(sp)
		key = sp.obj
	case rootQueued:
		if m.finalizersWait() {
			return
		}
		w.Kind = ByFinalizer
	case rootPinned:
		w.Kind, w.Name, key = ByGlobal, "a pinned object", 1
	default:
		w.Kind, w.Name, key = ByGlobal, "a thread's stack", 2
	}
	s.add(w, key, id)
}

// holds reports whether the function of a special cannot run while the goroutine of the search waits: that refers to
// the object itself, or goroutines that nothing can wake keep it from running.
func (s *wakerSearch) holds(sp *special) bool {
	m := s.r.m
	if slices.ContainsFunc(m.ends, func(e end) bool { return e.of == sp }) {
		return true
	}
	id, ok := m.heap.id(sp.obj)
	return ok && slices.ContainsFunc(m.exactly(s.g), func(val uint64) bool {
		at, ok := m.heap.id(val)
		return ok && at == id
	})
}

// timer takes a timer that is in a heap of timers: t is it, and id the object that it is in.
func (s *wakerSearch) timer(t uint64, id uint32) {
	w := Waker{Kind: ByTimer, timer: t}
	w.Name, w.PC = s.r.timerFunc(t)
	s.add(w, t, id)
}

// add takes a waker that refers to an object, unless it is known.
func (s *wakerSearch) add(w Waker, key uint64, id uint32) {
	k := wakerKey{w.Kind, key}
	if s.seen[k] {
		return
	}
	s.seen[k] = true
	if len(s.list) >= maxWakers {
		s.more++
		return
	}
	for {
		w.objs = append(w.objs, id)
		next := s.child[id]
		if next == id {
			break
		}
		id = next
	}
	s.list = append(s.list, w)
}

// first takes the waker that was found first while marking: that of an object.
func (s *wakerSearch) first(id uint32) {
	m := s.r.m
	chain := []uint32{id}
	for n := 0; n < maxList; n++ {
		by := m.parent[id]
		if by&rootFlag != 0 {
			slices.Reverse(chain)
			for i, o := range chain {
				s.child[o] = chain[min(i+1, len(chain)-1)]
			}
			s.root(m.roots.at(by&^rootFlag), id)
			return
		}
		if t, ok := s.r.timerOf(by, id); ok {
			slices.Reverse(chain)
			for i, o := range chain {
				s.child[o] = chain[min(i+1, len(chain)-1)]
			}
			s.timer(t, id)
			return
		}
		id = by
		chain = append(chain, id)
	}
}

// sameWait reports whether a waits for nothing but what b waits for too: then it cannot help b before something has
// helped it.
func (r *Result) sameWait(a, b int32) bool {
	wa, objs := &r.m.waits[a], r.m.objs(b)
	if !wa.candidate || wa.n == 0 {
		return wa.never
	}
	for _, o := range r.m.objs(a) {
		if !slices.ContainsFunc(objs, func(p waitObject) bool { return p.addr == o.addr }) {
			return false
		}
	}
	return true
}

// timerOf returns the timer through which a heap of timers leads to what is next: by is the array of a heap of timers,
// and to a timer.
func (r *Result) timerOf(by, to uint32) (timer uint64, ok bool) {
	if !r.timerHeaps[by] {
		return 0, false
	}
	m := r.m
	addr, size := m.heap.place(to)
	for b := m.heap.contents(by); len(b) >= 8; b = b[8:] { // a large array has a word before its elements
		if w := le64(b); w >= addr && w < addr+size {
			return w, true
		}
	}
	return 0, false
}

// findTimerHeaps notes the arrays of the heaps of timers, one for each p.
func (r *Result) findTimerHeaps() {
	m := r.m
	r.timerHeaps = make(map[uint32]bool)
	off := m.o.p.timers.Off
	if m.o.timersHeap.has() {
		off += m.o.timersHeap.Off
	}
	for _, p := range m.ps {
		if id, ok := m.heap.id(m.u64(p + uint64(off))); ok {
			r.timerHeaps[id] = true
		}
	}
}

// timerFunc returns what a timer calls: the function that the program gave to time.AfterFunc, if it did.
func (r *Result) timerFunc(t uint64) (name string, pc uint64) {
	m := r.m
	f := m.o.timer.f
	pc = r.closurePC(m.u64(t + uint64(f.Off)))
	name = m.code.name(pc)
	if name == "time.goFunc" {
		pc = r.closurePC(m.u64(t + uint64(m.o.timer.arg.Off) + 8))
		name = m.code.name(pc)
	}
	return name, pc
}

// closurePC returns the function of a func value.
func (r *Result) closurePC(f uint64) uint64 {
	if f == 0 {
		return 0
	}
	if pc := r.m.u64(f); pc != 0 {
		return pc
	}
	return r.m.code.r.u64(f) // not in the heap: a function without variables of its own
}

// special returns what a record of an object keeps it for.
func (r *Result) special(s *special) (kind WakerKind, name string, pc uint64) {
	o := r.m.o
	switch s.kind {
	case o.kindFinalizer:
		pc = r.closurePC(Field{o.finalizerFn.Off, 8}.get(s.record))
		return ByFinalizer, r.m.code.name(pc), pc
	case o.kindCleanup:
		off := o.cleanupFn.Off
		if o.cleanupFn.Size > 8 { // call, fn, arg
			off += 8
		}
		pc = r.closurePC(Field{off, 8}.get(s.record))
		return ByCleanup, r.m.code.name(pc), pc
	case o.kindWeak:
		return ByGlobal, "a weak pointer", 0
	}
	return ByGlobal, "a record of the runtime", 0
}

// standsAt returns where a goroutine stands: its innermost frame that is not the runtime's; zero if it has none.
func (r *Result) standsAt(g int32) uint64 {
	if r.stands == nil {
		r.stands = make([]uint64, len(r.m.gs))
	}
	pc := r.stands[g]
	if pc == 0 {
		for _, f := range r.m.frames(&r.m.gs[g]) {
			if f.info.own {
				pc = f.pc
				break
			}
		}
		r.stands[g] = pc
	}
	return pc
}

// variableAt returns the name of the variable at an address, or of what a variable points to, and where it begins.
func (r *Result) variableAt(addr uint64) (string, uint64) {
	if v, ok := r.m.prog.variable(addr - r.m.bias); ok {
		return v.Name, v.Addr + r.m.bias
	}
	if p, ok := r.staticAt(addr); ok {
		return p.name, p.addr
	}
	return "", addr
}
