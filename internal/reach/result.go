package reach

import (
	"cmp"
	"errors"
	"slices"
)

// An Answer says whether anything can still wake a goroutine.
type Answer uint8

// The answers.
const (
	// None: the goroutine does not wait for other goroutines.
	None Answer = iota
	// Proven: nothing that goes on can ever wake it.
	Proven
	// Live: something can.
	Live
	// Unknown: what it waits for was not found.
	Unknown
)

// A Result is the analysis of a Capture. It is not safe for concurrent use. Its methods use the memory of the Plan, and
// must not be called after that is closed.
type Result struct {
	m *marker
	// common is what can be reached without any goroutine, and all what can be reached at all.
	common, all bitset
	byID        []int32 // goroutines that have a stack
	proven      []int32
	keptBytes   uint64
	keep        *keeper // made when it is first needed
	refs        *refs   // see references
	refsMade    bool
	nearOf      map[uint64][]Near
	lockFuncs   map[uint64][]lockCall // by entry: see lockCalls
	holders     []int32               // see mayHold
	onceCalls   []onceCall            // nil: not looked for yet
	typeNames   map[uint64]string
	timerHeaps  map[uint32]bool
	stands      []uint64 // where goroutines stand; zero: not asked for yet, or unknown
	// statics and pointees are made when they are first needed; see findStatics and staticAt.
	statics      []static
	staticsFound bool
	pointees     map[uint64]pointee
}

// Mark finds which goroutines nothing can wake. The program may have gone on.
func (c *Capture) Mark() (*Result, error) {
	defer CollectOften(c.Copied)()
	c.packGoroutines()
	m := newMarker(c)
	common := m.run()
	if m.unknownRegisters() {
		return nil, errors.New("the registers of a running thread are not known")
	}
	r := &Result{m: m, common: common}
	for i := range c.gs {
		if g := &c.gs[i]; g.copied() {
			r.byID = append(r.byID, int32(i))
		}
		if m.waits[i].candidate && m.states[i] == undecided {
			r.proven = append(r.proven, int32(i))
		}
	}
	slices.SortFunc(r.byID, func(a, b int32) int { return cmp.Compare(c.gs[a].id, c.gs[b].id) })
	r.markProven()
	r.findTimerHeaps()
	return r, nil
}

// markProven marks what only proven goroutines can reach.
func (r *Result) markProven() {
	m := r.m
	reached := m.marked
	m.marked = m.marked.clone()
	before := m.bytes
	m.frozen = true
	for _, g := range r.proven {
		m.markGoroutine(g)
		r.keptBytes += uint64(m.gs[g].size)
	}
	m.drain()
	r.keptBytes += m.bytes - before
	for _, e := range m.ends {
		m.markObject(e.span, e.idx, rootFlag|e.root)
	}
	m.drain()
	r.all, m.marked = m.marked, reached
}

// goroutine returns the index of a goroutine by its ID.
func (r *Result) goroutine(id int64) (int32, bool) {
	i, ok := slices.BinarySearchFunc(r.byID, id, func(g int32, id int64) int { return cmp.Compare(r.m.gs[g].id, id) })
	if !ok {
		return 0, false
	}
	return r.byID[i], true
}

// Answer returns the answer for a goroutine, and for Unknown the reason.
func (r *Result) Answer(id int64) (Answer, string) {
	i, ok := r.goroutine(id)
	if !ok {
		return None, ""
	}
	return r.answer(i)
}

// answer returns the answer for a goroutine by its index.
func (r *Result) answer(i int32) (Answer, string) {
	w := &r.m.waits[i]
	switch {
	case !w.candidate:
		return None, ""
	case r.m.states[i] == undecided:
		return Proven, ""
	case w.cause.unknown():
		return Unknown, r.m.why(i)
	}
	return Live, r.m.why(i)
}

// Proven returns the goroutines that nothing can wake, sorted.
func (r *Result) Proven() []int64 {
	ids := make([]int64, len(r.proven))
	for i, g := range r.proven {
		ids[i] = r.m.gs[g].id
	}
	slices.Sort(ids)
	return ids
}

// KeptBytes returns how many bytes of heap and stacks only the proven goroutines keep alive, all together.
func (r *Result) KeptBytes() uint64 { return r.keptBytes }
