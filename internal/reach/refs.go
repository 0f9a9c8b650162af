package reach

// refs are the references to each object that is waited for or has pointers, backwards: by objects and by roots. They
// take four bytes for a reference and four for an object.
type refs struct {
	start []uint32 // by object
	list  []uint32 // an object, or rootFlag and the index of a root
}

// of returns the references to an object.
func (r *refs) of(id uint32) []uint32 { return r.list[r.start[id]:r.start[id+1]] }

// references returns the references of all that can be reached; nil if there are too many to keep.
func (r *Result) references() *refs {
	if !r.refsMade {
		r.refs, r.refsMade = r.m.refsFor(r.all), true
	}
	return r.refs
}

// refsFor returns the references of all that was marked in all; nil if there are too many to keep.
func (m *marker) refsFor(all bitset) *refs {
	var sum uint64
	for _, n := range m.degree {
		sum += uint64(n)
	}
	if sum*4 > m.Copied/4+64<<20 || sum >= rootFlag {
		return nil
	}
	r := &refs{start: m.degree, list: make([]uint32, sum)}
	m.degree = nil
	// start[id+1] is where the next reference to id goes; at the end, that is where those of the next object begin.
	at, n := uint32(0), r.start[0]
	for i := range r.start[1:] {
		d := n
		n, r.start[i+1] = r.start[i+1], at
		at += d
	}
	r.start[0] = 0
	next := r.start[1:]
	put := func(id, by uint32) {
		r.list[next[id]] = by
		next[id]++
	}
	for i := range m.roots.n() {
		obj := m.roots.object(i)
		if sp := m.heap.owner(obj); !sp.noscan || m.waited.has(obj) {
			put(obj, rootFlag|i)
		}
	}
	visit := func(from uint32, val uint64) {
		if si, idx, ok := m.heap.object(val); ok {
			sp := &m.heap.spans[si]
			if id := sp.base + idx; !sp.noscan || m.waited.has(id) {
				put(id, from)
			}
		}
	}
	for i := range m.heap.spans {
		sp := &m.heap.spans[i]
		if sp.noscan {
			continue
		}
		for idx := range sp.nelems {
			if id := sp.base + idx; all.has(id) && !m.opaque.has(id) {
				m.pointers(sp, idx, visit)
			}
		}
	}
	return r
}
