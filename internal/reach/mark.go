package reach

import (
	"math/bits"
	"slices"
)

// A bitset has a bit for each object.
type bitset []uint64

func newBitset(n uint32) bitset    { return make(bitset, n/64+1) }
func (b bitset) has(i uint32) bool { return b[i>>6]>>(i&63)&1 != 0 }
func (b bitset) set(i uint32)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) clone() bitset     { return append(bitset(nil), b...) }

// The state of a goroutine while marking goes on.
type liveness uint8

const (
	undecided liveness = iota // waits, and nothing has been found that could wake it
	live
)

// An item is an object whose contents are to be marked: its span and its index there.
type item struct {
	span int32
	idx  uint32
}

// A queue is a list of items, the first of which comes out first. It takes memory for what is in it, and not twice
// that.
type queue struct {
	chunks [][]item
	spare  []item
	from   int // in the first of chunks
}

func (q *queue) push(it item) {
	n := len(q.chunks) - 1
	if n < 0 || len(q.chunks[n]) == chunkSize {
		c := q.spare
		if q.spare = nil; c == nil {
			c = make([]item, 0, chunkSize)
		}
		q.chunks = append(q.chunks, c)
		n++
	}
	q.chunks[n] = append(q.chunks[n], it)
}

func (q *queue) pop() (it item, ok bool) {
	if len(q.chunks) == 0 {
		return item{}, false
	}
	it = q.chunks[0][q.from]
	if q.from++; q.from == len(q.chunks[0]) {
		q.spare = q.chunks[0][:0]
		q.chunks[0] = nil
		q.chunks, q.from = q.chunks[1:], 0
	}
	return it, true
}

// A marker finds what can be reached.
type marker struct {
	*Capture
	code   *codeTable
	scan   *stackScan
	marked bitset // what something that goes on can reach
	opaque bitset // g's and sudogs: marked, but only their goroutines look inside
	waited bitset // what goroutines wait for
	// masked objects have few words that count.
	masked map[uint32][]int64
	// typed says that the runtime knows which words are pointers; typeMasks has that of types, by address.
	typed     bool
	typeMasks map[uint64]*typeMask
	// waiters are the goroutines that wait for an object, sorted by object.
	waiters []waiter
	// parent is the object or the root from which an object was reached first.
	parent []uint32
	// degree counts the references to an object that is waited for or has pointers; see refsFor, which takes it.
	degree     []uint32
	roots      rootList
	states     []liveness
	waits      []wait // by goroutine
	waitObjs   []waitObject
	todo       queue
	woken      []int32
	ends       []end           // see markEnds
	touched    map[uint32]bool // g's and sudogs that threads have at hand
	frozen     bool            // nobody is woken any more
	bytes      uint64
	framesOf   *goroutine // whose frames are lastFrames
	lastFrames []frame
}

// newMarker returns one that knows who waits for what.
func newMarker(c *Capture) *marker {
	n := c.heap.objects
	m := &marker{
		Capture: c, code: newCodeTable(c.Plan.code, c.o, c.modules),
		marked: newBitset(n), opaque: newBitset(n), waited: newBitset(n), masked: make(map[uint32][]int64),
		parent: make([]uint32, n), degree: make([]uint32, n+1), states: make([]liveness, len(c.gs)),
		waits: make([]wait, len(c.gs)), waitObjs: make([]waitObject, 0, len(c.gs)),
		waiters: make([]waiter, 0, len(c.gs)), touched: make(map[uint32]bool), typeMasks: make(map[uint64]*typeMask),
	}
	m.scan = &stackScan{c: c, code: m.code}
	m.typed = c.prog.hasMasks() && c.heap.findMasks()
	m.roots.of, m.roots.base = make([][2]uint32, len(c.gs)), c.heap.lo
	for i := range c.gs {
		if g := &c.gs[i]; g.copied() {
			m.roots.base = min(m.roots.base, g.lo&^7)
		}
	}
	return m
}

// run marks from the roots to the fixpoint. After it, a goroutine that is undecided is proven. It returns what can be
// reached without any goroutine's help.
func (m *marker) run() (common bitset) {
	m.sortGoroutines()
	m.readSemaphores()
	m.findWaits()
	m.mask()
	m.markGlobals()
	m.markSpecials()
	m.judgeThreads()
	m.markThreads()
	m.drain()
	common = m.marked.clone()
	for m.wakeAll(); m.markEnds(); m.wakeAll() {
	}
	return common
}

// wakeAll marks what the goroutines reach that were woken, and those that they wake.
func (m *marker) wakeAll() {
	for len(m.woken) > 0 {
		list := m.woken
		m.woken = nil
		for _, g := range list {
			m.markGoroutine(g)
		}
		m.drain()
	}
}

// mark marks the object that addr points into. by is the object or the root that points to it.
func (m *marker) mark(addr uint64, by uint32) {
	if addr < m.heap.lo || addr >= m.heap.hi {
		return
	}
	if si, idx, ok := m.heap.object(addr); ok {
		m.markObject(si, idx, by)
	}
}

// markObject marks an object that is reached from by.
func (m *marker) markObject(si int32, idx, by uint32) {
	sp := &m.heap.spans[si]
	id := sp.base + idx
	if !sp.noscan || m.waited.has(id) {
		m.degree[id]++
	}
	if m.marked.has(id) {
		return
	}
	m.marked.set(id)
	m.parent[id] = by
	if !m.opaque.has(id) {
		m.bytes += sp.elem
	}
	if !m.frozen && m.waited.has(id) {
		for _, w := range m.waitersOf(id) {
			if m.states[w.g] == undecided {
				m.states[w.g], m.waits[w.g].by = live, id
				m.woken = append(m.woken, w.g)
			}
		}
	}
	if !sp.noscan && !m.opaque.has(id) {
		m.todo.push(item{si, idx})
	}
}

// markRoot marks what a word outside the heap points to, at addr. kind is that of the root; those of stacks are marked
// by markGoroutine.
func (m *marker) markRoot(val, addr uint64, kind rootKind) {
	if si, idx, ok := m.rootObject(val); ok {
		id := m.heap.spans[si].base + idx
		m.markObject(si, idx, rootFlag|m.roots.add(root{addr, id, rootOf(kind)}))
	}
}

// rootObject returns the object that a word outside the heap points to, if there is room for one more root.
func (m *marker) rootObject(val uint64) (si int32, idx uint32, ok bool) {
	if val < m.heap.lo || val >= m.heap.hi || m.roots.n() >= rootFlag-1 {
		return 0, 0, false
	}
	return m.heap.object(val)
}

// wake makes a goroutine live.
func (m *marker) wake(g int32, c cause) {
	if m.states[g] == undecided {
		m.states[g], m.waits[g].cause = live, c
		m.woken = append(m.woken, g)
	}
}

// drain marks what the marked objects point to, breadth first, so that the parents make shortest paths.
func (m *marker) drain() {
	for it, ok := m.todo.pop(); ok; it, ok = m.todo.pop() {
		m.pointers(&m.heap.spans[it.span], it.idx, m.markFrom)
	}
}

func (m *marker) markFrom(from uint32, val uint64) { m.mark(val, from) }

// pointers calls f for each word of an object that may point to another.
func (m *marker) pointers(sp *span, idx uint32, f func(from uint32, val uint64)) {
	id := sp.base + idx
	b := sp.bytes(idx)
	if len(m.masked) > 0 {
		if offs, ok := m.masked[id]; ok {
			for _, o := range offs {
				if o+8 <= int64(len(b)) {
					f(id, le64(b[o:]))
				}
			}
			return
		}
	}
	lo, size := m.heap.lo, m.heap.hi-m.heap.lo
	if sp.masks != 0 {
		for mask := sp.mask(idx); mask != 0; mask &= mask - 1 {
			if w := le64(b[8*bits.TrailingZeros64(mask):]); w-lo < size {
				f(id, w)
			}
		}
		return
	}
	if t, o := m.maskOf(sp, b); t != nil {
		for ; o < len(b); o += int(t.size) {
			for i, mask := range t.words {
				for ; mask != 0; mask &= mask - 1 {
					o := o + 512*i + 8*bits.TrailingZeros64(mask)
					if o+8 > len(b) {
						return
					}
					if w := le64(b[o:]); w-lo < size {
						f(id, w)
					}
				}
			}
		}
		return
	}
	for ; len(b) >= 8; b = b[8:] {
		if w := le64(b); w-lo < size {
			f(id, w)
		}
	}
}

// mask notes of which words of p's, m's and the g's of threads count: their other words mark what is free.
func (m *marker) mask() {
	for _, k := range []struct {
		addrs []uint64
		words []int64
	}{{m.ps, m.o.pWords}, {m.ms, m.o.mWords}, {m.g0s, m.o.gPtr}} {
		for _, a := range k.addrs {
			si, idx, ok := m.heap.object(a)
			if !ok {
				continue
			}
			// Objects of more than 512 bytes begin with a header of 8, since Go 1.22.
			sp := &m.heap.spans[si]
			shift := int64(a - sp.start - uint64(idx)*sp.elem)
			words := make([]int64, len(k.words))
			for i, o := range k.words {
				words[i] = o + shift
			}
			m.masked[sp.base+idx] = words
		}
	}
}

// markGlobals marks what the variables point to.
func (m *marker) markGlobals() {
	m.eachGlobal(func(val, at uint64) { m.markRoot(val, at, rootGlobal) })
}

// eachGlobal calls f for each word of a variable that may be a pointer, with its address.
func (m *marker) eachGlobal(f func(val, at uint64)) {
	for i := range m.modules {
		mod := &m.modules[i]
		m.eachPointer(mod.data, mod.edata, mod.dataMask, f)
		m.eachPointer(mod.bss, mod.ebss, mod.bssMask, f)
	}
}

func (m *marker) eachPointer(lo, hi uint64, mask []byte, f func(val, at uint64)) {
	b := in(m.segments, lo, hi-lo)
	for i := uint64(0); i*8+8 <= uint64(len(b)); i++ {
		if mask != nil && (i/8 >= uint64(len(mask)) || mask[i/8]>>(i%8)&1 == 0) {
			continue
		}
		f(le64(b[i*8:]), lo+i*8)
	}
}

// An end is a root of a finalizer or a cleanup, which needs it to run.
type end struct {
	item
	root uint32
	of   *special // nil: a finalizer that is queued
}

// markSpecials marks the objects that have a weak pointer, and what that needs; pinned objects; and the cleanups that
// are queued. It leaves the others, and the finalizers, to markEnds.
func (m *marker) markSpecials() {
	atEnd := func(val, addr uint64, kind rootKind, of *special) {
		if si, idx, ok := m.rootObject(val); ok {
			r := m.roots.add(root{addr, m.heap.spans[si].base + idx, rootOf(kind)})
			m.ends = append(m.ends, end{item{si, idx}, r, of})
		}
	}
	for i := range m.specials {
		s := &m.specials[i]
		mark := func(val uint64) { m.markRoot(val, uint64(i), rootSpecial) }
		if m.atEnd(s) {
			mark = func(val uint64) { atEnd(val, uint64(i), rootSpecial, s) }
		}
		if s.kind != m.o.kindCleanup { // which does not get the object
			mark(s.obj)
		}
		for b := s.record; len(b) >= 8; b = b[8:] {
			mark(le64(b))
		}
	}
	for i, b := range m.pinned {
		if b == nil {
			continue
		}
		sp := &m.heap.spans[i]
		for idx := uint32(0); idx < sp.nelems; idx++ {
			if b[idx/4]>>(idx%4*2)&3 != 0 {
				m.markRoot(sp.start+uint64(idx)*sp.elem, 0, rootPinned)
			}
		}
	}
	for _, w := range m.queued {
		m.markRoot(w, 0, rootQueued)
	}
	for _, w := range m.finalizers {
		atEnd(w, 0, rootQueued, nil)
	}
}

// atEnd reports whether s runs a function at the end of its object.
func (m *marker) atEnd(s *special) bool {
	return s.kind == m.o.kindFinalizer || s.kind == m.o.kindCleanup
}

// markEnds marks what the finalizers and cleanups need that may run while the undecided goroutines wait: those of
// objects that none of these holds, and no finalizer if the goroutine that runs them is one of these. It reports
// whether that wakes a goroutine.
func (m *marker) markEnds() bool {
	if len(m.ends) == 0 {
		return false
	}
	held, blocked := m.held(), m.finalizersWait()
	m.ends = slices.DeleteFunc(m.ends, func(e end) bool {
		if blocked && (e.of == nil || e.of.kind == m.o.kindFinalizer) {
			return false
		}
		if e.of != nil {
			if id, ok := m.heap.id(e.of.obj); ok && held.has(id) {
				return false
			}
		}
		m.markObject(e.span, e.idx, rootFlag|e.root)
		return true
	})
	m.drain()
	return len(m.woken) > 0
}

// waiting reports whether a goroutine waits, and nothing has been found that could wake it.
func (m *marker) waiting(i int) bool { return m.states[i] == undecided && m.waits[i].candidate }

// finalizersWait reports whether the goroutine that runs the finalizers waits in one of them, and nothing has been
// found that could wake it.
func (m *marker) finalizersWait() bool {
	for i := range m.gs {
		if !m.waiting(i) {
			continue
		}
		switch m.code.name(m.o.g.startpc.get(m.words(&m.gs[i]))) {
		case "runtime.runFinalizers", "runtime.runfinq":
			return true
		}
	}
	return false
}

// held returns the objects that the undecided goroutines hold: those that their stacks refer to, and what these lead to
// without an object that is marked. It leaves out stacks that cannot be read exactly.
func (m *marker) held() bitset {
	held := newBitset(m.heap.objects)
	var todo queue
	take := func(val uint64) {
		si, idx, ok := m.heap.object(val)
		if !ok {
			return
		}
		sp := &m.heap.spans[si]
		id := sp.base + idx
		if m.opaque.has(id) || held.has(id) {
			return
		}
		held.set(id)
		if !sp.noscan && !m.marked.has(id) {
			todo.push(item{si, idx})
		}
	}
	for i := range m.gs {
		if m.waiting(i) {
			for _, val := range m.exactly(int32(i)) {
				take(val)
			}
		}
	}
	for it, ok := todo.pop(); ok; it, ok = todo.pop() {
		m.pointers(&m.heap.spans[it.span], it.idx, func(_ uint32, val uint64) { take(val) })
	}
	return held
}

// exactly returns the words by which a goroutine reaches the heap, or nil if its stack cannot be read exactly.
func (m *marker) exactly(i int32) (words []uint64) {
	m.reaches(i, func(_, val uint64) { words = append(words, val) })
	if m.scan.doubt {
		return nil
	}
	return words
}

// markGoroutine marks what a live goroutine can reach.
func (m *marker) markGoroutine(g int32) {
	m.roots.begin(g)
	m.reaches(g, func(at, val uint64) {
		si, idx, ok := m.rootObject(val)
		if !ok {
			return
		}
		// Nobody asks who refers to a g or a sudog that is not waited for.
		if id := m.heap.spans[si].base + idx; m.opaque.has(id) && !m.waited.has(id) {
			m.marked.set(id)
		} else {
			m.markObject(si, idx, rootFlag|m.roots.addOfStack(at, id))
		}
	})
	m.roots.end(g)
}

// reaches calls f for each word through which a goroutine reaches the heap, with the address of the word; zero: it has
// none that tells.
func (m *marker) reaches(i int32, f func(at, val uint64)) {
	g := &m.gs[i]
	if !g.copied() {
		m.scan.doubt = false
		return
	}
	m.scan.found = f
	m.scan.scan(g)
	for _, o := range m.o.gPtr {
		if o+8 <= int64(len(m.scan.words)) {
			f(g.addr+uint64(o), le64(m.scan.words[o:]))
		}
	}
	for sg, b := range m.sudogs(g) {
		f(sg, m.o.sudog.elem.get(b))
		f(sg, m.o.sudog.c.get(b))
	}
	for _, w := range m.semaphores(g.addr) {
		f(0, w.addr)
	}
}
