package diagnose

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A graph is the wait-for graph. Its nodes are the goroutines, by index, and then what they need: locks, channels,
// WaitGroups, and groups of goroutines that may use these. A goroutine is stuck if all of its needs are. A need is
// stuck if all goroutines that could meet it are, or, for a lock that several hold, if one of them is.
type graph struct {
	f     *facts
	n     int      // the number of goroutines
	waits [][]int  // what each goroutine needs, by node
	nodes [][]node // the nodes after the goroutines, nodeChunk together: a list that grows without a copy
	made  int      // the number of these nodes
	back  dependents
	locks map[lock]int
	kins  map[familyKey]int
	place map[*snapshot.Probe]int
}

// A node is a need, or a group of goroutines.
type node struct {
	deps []int
	each bool     // one stuck dep is enough
	void bool     // stuck in any case: a lock that an orphan keeps
	open openness // of a need: who may meet it besides deps
	kind nodeKind
	need need // of a need
}

type nodeKind uint8

const (
	ofLock nodeKind = iota
	ofNeed
	ofGroup
)

func newGraph(f *facts) *graph {
	n := len(f.s.Goroutines)
	g := &graph{
		f: f, n: n, waits: make([][]int, n), locks: make(map[lock]int), kins: make(map[familyKey]int),
		place: make(map[*snapshot.Probe]int),
	}
	like := make(map[alike][]int)
	for i := range n {
		w := f.wait(i)
		if w == nil {
			continue
		}
		k, same := f.alike(i)
		if same {
			if needs, ok := like[k]; ok {
				g.waits[i] = needs
				continue
			}
		}
		if l, ok := f.lockOf(i); ok {
			g.waits[i] = []int{g.lock(l)}
		} else {
			needs := f.needs(i)
			g.waits[i] = make([]int, len(needs))
			for k := range needs {
				g.waits[i][k] = g.need(needs[k])
			}
		}
		if same {
			like[k] = g.waits[i]
		}
	}
	g.back = g.dependents()
	return g
}

// An alike identifies goroutines that wait at the same place for the same object, and so have the same needs.
type alike struct {
	probe *snapshot.Probe
	obj   uint64
}

// alike returns the alike of goroutine i. ok is false if its needs may differ from those of others that wait at the
// same place for the same object. Thousands may wait for one channel.
func (f *facts) alike(i int) (k alike, ok bool) {
	g, w := f.g(i), f.wait(i)
	if f.unprobed[i] || g.Reach != nil || len(g.Waits) != 1 || w.Obj == 0 {
		return k, false
	}
	switch w.Probe.Op {
	case runtime.OpLock, runtime.OpRLock:
	case runtime.OpSend, runtime.OpRecv, runtime.OpRange:
		if takes(w, w.Obj) || f.isPartner(g.ID, w) {
			return k, false
		}
	default:
		return k, false
	}
	return alike{w.Probe, w.Obj}, f.ender(i) == nil
}

// isPartner reports whether a goroutine made the channel that w waits for, or used its other end last.
func (f *facts) isPartner(id int64, w *snapshot.Wait) bool {
	if p := f.partner(w.Obj, w.Probe.Op == runtime.OpSend); p != nil && p.Goroutine == id {
		return true
	}
	o := f.s.Objects[w.Obj]
	return o != nil && o.Made != nil && o.Made.Goroutine == id
}

func (g *graph) len() int { return g.n + g.made }

// nodeChunk is how many nodes a graph provides memory for at once.
const nodeChunk = 256

// node returns a node that is not a goroutine.
func (g *graph) node(at int) *node { return &g.nodes[(at-g.n)/nodeChunk][(at-g.n)%nodeChunk] }

// deps returns the nodes on which a node depends.
func (g *graph) deps(at int) []int {
	if at < g.n {
		return g.waits[at]
	}
	return g.node(at).deps
}

func (g *graph) add(nd node) int {
	if g.made%nodeChunk == 0 {
		g.nodes = append(g.nodes, make([]node, nodeChunk))
	}
	at := g.len()
	g.made++
	*g.node(at) = nd
	return at
}

// dependents are the edges of a graph by their ends: those of node at begin at first[at] in from.
type dependents struct{ first, from []int32 }

// dependents returns the dependents of all nodes.
func (g *graph) dependents() dependents {
	n := g.len()
	d := dependents{first: make([]int32, n+2)}
	for at := range n {
		for _, to := range g.deps(at) {
			d.first[to+2]++
		}
	}
	for at := range n {
		d.first[at+2] += d.first[at+1]
	}
	d.from = make([]int32, d.first[n+1])
	for at := range n {
		for _, to := range g.deps(at) { // first[to+1] is where the next goes, and in the end where those of to+1 begin
			d.from[d.first[to+1]] = int32(at)
			d.first[to+1]++
		}
	}
	return d
}

// of returns the nodes that depend on node at.
func (d *dependents) of(at int) []int32 {
	if at+1 >= len(d.first) { // a lock that no goroutine waits for
		return nil
	}
	return d.from[d.first[at]:d.first[at+1]]
}

// lock returns the node of a lock.
func (g *graph) lock(l lock) int {
	at, ok := g.locks[l]
	if !ok {
		nd := g.f.lockNeed(l)
		at = g.add(node{deps: nd.by, each: nd.each, void: g.f.orphaned(l), open: nd.open, kind: ofLock, need: nd})
		g.locks[l] = at
	}
	return at
}

// need adds a node for nd, and returns it.
func (g *graph) need(nd need) int {
	deps := nd.by
	if nd.place != nil {
		at, ok := g.place[nd.place]
		if !ok {
			at = g.add(node{deps: g.f.users(nd.place), kind: ofGroup})
			g.place[nd.place] = at
		}
		deps = append(slices.Clone(deps), at)
	}
	if nd.kin != (familyKey{}) {
		at, ok := g.kins[nd.kin]
		if !ok {
			at = g.add(node{deps: g.f.families[nd.kin], kind: ofGroup})
			g.kins[nd.kin] = at
		}
		deps = append(slices.Clone(deps), at)
	}
	return g.add(node{deps: deps, each: nd.each, open: nd.open, kind: ofNeed, need: nd})
}

// closure returns the stuck nodes: the goroutines that assumed has, and the largest set of goroutines that may allows
// in which everybody waits for others of the set, and for nothing more open than level.
func (g *graph) closure(level openness, assumed []bool, may func(i int) bool) []bool {
	in := make([]bool, g.len())
	left := make([]int32, g.len())
	var out []int32
	for at := range in {
		deps := g.deps(at)
		left[at] = int32(len(deps))
		if at < g.n {
			in[at] = assumed[at] || len(deps) > 0 && may(at) && !g.endsOnly(at)
		} else {
			in[at] = g.node(at).holds(level)
		}
		if !in[at] {
			out = append(out, int32(at))
		}
	}
	for len(out) > 0 {
		at := out[len(out)-1]
		out = out[:len(out)-1]
		for _, up := range g.back.of(int(at)) {
			left[up]--
			if !in[up] || int(up) < g.n && assumed[up] || int(up) >= g.n && g.node(int(up)).stays(left[up]) {
				continue
			}
			in[up] = false
			out = append(out, up)
		}
	}
	return in
}

// holds reports whether a node is stuck if all its deps are, and no need that is more open than level is met.
func (nd *node) holds(level openness) bool {
	switch {
	case nd.kind == ofGroup:
		return true
	case nd.open == ends:
		return level >= known
	}
	return nd.void || nd.open <= level && len(nd.deps) > 0
}

// stays reports whether a node remains stuck with left stuck deps.
func (nd *node) stays(left int32) bool { return nd.void || nd.each && left > 0 }

// endsOnly reports whether goroutine i waits only for the end of something.
func (g *graph) endsOnly(i int) bool {
	return every(g.waits[i], func(at int) bool { return g.node(at).open == ends })
}

// edges returns the edges from goroutines to the goroutines that they wait for, by way of shared nodes, among the
// goroutines for which in returns true. With onlyLocks it returns those of locks, which are certain.
func (g *graph) edges(in func(i int) bool, onlyLocks bool) [][]int {
	to := make([][]int, g.len())
	for i := range g.n {
		if !in(i) {
			continue
		}
		for _, at := range g.waits[i] {
			nd := g.node(at)
			switch {
			case nd.kind == ofLock && (nd.open == shut || !onlyLocks):
				to[i] = append(to[i], at)
				if to[at] == nil {
					to[at] = keep(nd.deps, in)
				}
			case !onlyLocks:
				to[i] = append(to[i], g.strong(i, at, to, in)...)
			}
		}
	}
	return to
}

// strong returns the edges of goroutine i to the goroutines that are known to be able to meet the need at: those known
// by name, or the family.
func (g *graph) strong(i, at int, to [][]int, in func(i int) bool) []int {
	nd := g.node(at)
	list := keep(nd.need.by, in)
	list = slices.DeleteFunc(list, func(j int) bool { return j == i && !nd.each })
	if len(list) > 0 || nd.need.kin == (familyKey{}) {
		return list
	}
	kin := g.kins[nd.need.kin]
	members := g.node(kin).deps
	const few = 16
	if len(members) <= few { // without i itself
		return keep(members, func(j int) bool { return j != i && in(j) })
	}
	if to[kin] == nil {
		to[kin] = keep(members, in)
	}
	return []int{kin}
}

// likewise reports whether goroutines i and j wait at the same place, or for the same object by the same operation.
func (f *facts) likewise(i, j int) bool {
	v, w := f.wait(i), f.wait(j)
	return v != nil && w != nil &&
		(*v.Probe == *w.Probe ||
			v.Obj != 0 && v.Obj == w.Obj && (v.Probe.Op == w.Probe.Op || receives(v) && receives(w)))
}

// groups are goroutines by a key, in the order in which the keys were met.
type groups[K comparable] struct {
	of    map[K][]int
	order []K
}

func (g *groups[K]) add(k K, i int) {
	if g.of == nil {
		g.of = make(map[K][]int)
	}
	if g.of[k] == nil {
		g.order = append(g.order, k)
	}
	g.of[k] = append(g.of[k], i)
}

// every reports whether is holds for all elements of list.
func every[E any](list []E, is func(E) bool) bool {
	return !slices.ContainsFunc(list, func(e E) bool { return !is(e) })
}

// keep returns the elements of list for which in returns true.
func keep(list []int, in func(i int) bool) []int {
	kept := make([]int, 0, len(list))
	for _, j := range list {
		if in(j) {
			kept = append(kept, j)
		}
	}
	return kept
}
