package reach

// Labels say what groups of goroutines keep alive: an object has the label of the only group that reaches it, or many.
const (
	unlabelled = 0
	many       = 1<<32 - 1
)

// keepBudget bounds the objects that are visited for sets of goroutines that are not groups.
const keepBudget = 50e6

// A keeper computes what goroutines keep alive. Goroutines of one group wait at one place and were started at one
// place.
type keeper struct {
	r       *Result
	groups  []uint32 // by goroutine, from 1; 0 has no stack
	members []int    // by group
	bytes   []uint64 // by group: of the heap, what only it keeps
	labels  []uint32 // by object; nil: not made yet
	budget  int
}

func newKeeper(r *Result) *keeper {
	m := r.m
	k := &keeper{r: r, groups: make([]uint32, len(m.gs)), members: make([]int, 1), budget: keepBudget}
	type key struct{ at, by uint64 }
	numbers := make(map[key]uint32)
	for i := range m.gs {
		if !m.gs[i].copied() {
			continue
		}
		id := key{r.standsAt(int32(i)), m.o.g.gopc.get(m.words(&m.gs[i]))}
		n, ok := numbers[id]
		if !ok {
			n = uint32(len(k.members))
			numbers[id] = n
			k.members = append(k.members, 0)
		}
		k.groups[i] = n
		k.members[n]++
	}
	return k
}

// label labels all objects that only goroutines keep.
func (k *keeper) label() {
	m := k.r.m
	k.labels = make([]uint32, m.heap.objects)
	var todo []item
	var label uint32
	visit := func(_ uint32, val uint64) {
		si, idx, ok := m.heap.object(val)
		if !ok {
			return
		}
		sp := &m.heap.spans[si]
		id := sp.base + idx
		old := k.labels[id]
		if old == label || old == many || k.r.common.has(id) || m.opaque.has(id) {
			return
		}
		if old != unlabelled {
			k.labels[id] = many
		} else {
			k.labels[id] = label
		}
		if !sp.noscan {
			todo = append(todo, item{si, idx})
		}
	}
	for i := range m.gs {
		if k.groups[i] == 0 {
			continue
		}
		label = k.groups[i]
		k.eachRoot(int32(i), func(addr uint64) { visit(0, addr) })
		for len(todo) > 0 {
			it := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			sp := &m.heap.spans[it.span]
			// What is behind an object of many is of many, too.
			own := label
			label = k.labels[sp.base+it.idx]
			m.pointers(sp, it.idx, visit)
			label = own
		}
	}
	k.bytes = make([]uint64, len(k.members))
	for i := range m.heap.spans {
		sp := &m.heap.spans[i]
		for _, l := range k.labels[sp.base : sp.base+sp.nelems] {
			if l != unlabelled && l != many {
				k.bytes[l] += sp.elem
			}
		}
	}
}

// eachRoot calls f with the address of each object that the stack of a goroutine refers to.
func (k *keeper) eachRoot(g int32, f func(addr uint64)) {
	m := k.r.m
	for i, end := m.roots.of[g][0], m.roots.of[g][1]; i < end; i++ {
		addr, _ := m.heap.place(m.roots.object(i))
		f(addr)
	}
}

// kept returns how many bytes of heap and stacks only these goroutines keep alive. It may be less than that if there
// are too many sets to ask for.
func (k *keeper) kept(set map[int32]bool) (bytes uint64) {
	if k.labels == nil {
		k.label()
	}
	count := make(map[uint32]int)
	for g := range set {
		bytes += uint64(k.r.m.gs[g].size)
		count[k.groups[g]]++
	}
	whole := true
	var sum uint64
	for n, c := range count {
		if c == k.members[n] {
			sum += k.bytes[n]
		} else {
			whole = false
		}
	}
	if whole && len(count) == 1 || k.budget <= 0 {
		return bytes + sum
	}
	others := newBitset(k.r.m.heap.objects)
	// No other group reaches what one group keeps; so for a part of the group, only its rest matters.
	only := uint32(many)
	if len(count) == 1 {
		for n := range count {
			only = n
		}
	}
	for i, n := range k.groups {
		if n != 0 && !set[int32(i)] && (only == many || n == only) {
			k.flood(int32(i), others, only)
		}
	}
	if k.budget <= 0 {
		return bytes + sum
	}
	for g := range set {
		bytes += k.flood(g, others, only)
	}
	return bytes
}

// flood adds to seen what a goroutine reaches that is not common, and returns its bytes. If only is not many, it is
// what has that label.
func (k *keeper) flood(g int32, seen bitset, only uint32) (bytes uint64) {
	m := k.r.m
	var todo []item
	visit := func(_ uint32, val uint64) {
		si, idx, ok := m.heap.object(val)
		if !ok {
			return
		}
		sp := &m.heap.spans[si]
		id := sp.base + idx
		if l := k.labels[id]; l == unlabelled || only != many && l != only || seen.has(id) {
			return
		}
		seen.set(id)
		bytes += sp.elem
		k.budget--
		if !sp.noscan {
			todo = append(todo, item{si, idx})
		}
	}
	k.eachRoot(g, func(addr uint64) { visit(0, addr) })
	for len(todo) > 0 {
		it := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		m.pointers(&m.heap.spans[it.span], it.idx, visit)
	}
	return bytes
}

// Kept returns how many bytes of heap and stacks only the goroutines of ids keep alive, all together.
func (r *Result) Kept(ids []int64) uint64 {
	set := make(map[int32]bool)
	for _, id := range ids {
		if i, ok := r.goroutine(id); ok {
			set[i] = true
		}
	}
	return r.keeper().kept(set)
}

func (r *Result) keeper() *keeper {
	if r.keep == nil {
		r.keep = newKeeper(r)
	}
	return r.keep
}

// Release gives back what only Snapshot needs: the copies of stacks and of opaque memory, which with many small
// goroutines are nearly all that was copied, and what is known of waits. After it, only Kept and FileUsers may be
// called.
func (r *Result) Release() {
	defer CollectOften(r.m.Copied)()
	r.keeper() // which takes the places of goroutines from their stacks
	m := r.m
	DropRoom(m.stacks)
	m.stacks, m.byAddr, m.byStack, m.sema, m.channels = nil, nil, nil, nil, nil
	m.waits, m.waitObjs, m.waiters, m.states, m.parent = nil, nil, nil, nil, nil
	m.scan, m.framesOf, m.lastFrames, m.todo = nil, nil, nil, queue{}
	r.stands, r.nearOf, r.lockFuncs, r.holders, r.typeNames, r.statics, r.pointees = nil, nil, nil, nil, nil, nil, nil
	r.onceCalls = nil
	packed := false
	for i := range m.heap.spans {
		switch sp := &m.heap.spans[i]; {
		case m.onlyOpaque(sp):
			if !sp.packed {
				DropRoom(sp.data)
			}
			sp.data, sp.packed, sp.masks = nil, false, 0
		case sp.packed:
			packed = true
		}
	}
	if !packed {
		DropRoom(m.given.packed)
	}
}

// onlyOpaque reports whether nothing looks inside the objects of a span once marking is done.
func (m *marker) onlyOpaque(sp *span) bool {
	for idx := range sp.nelems {
		id := sp.base + idx
		if _, masked := m.masked[id]; sp.used(idx) && (masked || !m.opaque.has(id)) {
			return false
		}
	}
	return true
}
