package diagnose

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A graph is the wait-for graph. Its nodes are the goroutines, by index, and behind them what they need: locks, channels, WaitGroups, and
// groups of goroutines that may use these. A goroutine is stuck if all of its needs are; a need, if all who could meet it are, or, for a lock that several
// hold, one of them.
type graph struct {
	f     *facts
	n     int // goroutines
	nodes []node
	back  [][]int // who depends on a node
	locks map[lock]int
	kins  map[familyKey]int
	place map[*snapshot.Probe]int
}

// A node is a goroutine, a need, or a group of goroutines.
type node struct {
	deps []int
	each bool     // one dep that is stuck is enough
	void bool     // stuck whoever goes on: a lock that an orphan keeps
	open openness // of a need: who may meet it besides deps
	kind nodeKind
	need need // of a need
}

type nodeKind uint8

const (
	ofGoroutine nodeKind = iota
	ofLock
	ofNeed
	ofGroup
)

// newGraph returns the graph of f.
func newGraph(f *facts) *graph {
	n := len(f.s.Goroutines)
	g := &graph{
		f: f, n: n, nodes: make([]node, n, 2*n), locks: make(map[lock]int), kins: make(map[familyKey]int), place: make(map[*snapshot.Probe]int),
	}
	for i := range n {
		if f.wait(i) == nil {
			continue
		}
		if l, ok := f.lockOf(i); ok {
			g.nodes[i].deps = []int{g.lock(l)}
			continue
		}
		for _, nd := range f.needs(i) {
			at := g.need(nd)
			g.nodes[i].deps = append(g.nodes[i].deps, at)
		}
	}
	g.back = make([][]int, len(g.nodes))
	for from := range g.nodes {
		for _, to := range g.nodes[from].deps {
			g.back[to] = append(g.back[to], from)
		}
	}
	return g
}

func (g *graph) add(nd node) int {
	g.nodes = append(g.nodes, nd)
	return len(g.nodes) - 1
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

// need returns a new node.
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

// closure returns which nodes are stuck if those goroutines are that assumed says, and of the others those that may says and that wait for nothing
// more open than level: the largest set in which everybody waits for others of the set.
func (g *graph) closure(level openness, assumed []bool, may func(i int) bool) []bool {
	in := make([]bool, len(g.nodes))
	left := make([]int, len(g.nodes))
	var out []int
	for at := range g.nodes {
		nd := &g.nodes[at]
		left[at] = len(nd.deps)
		switch {
		case at < g.n:
			in[at] = assumed[at] || len(nd.deps) > 0 && may(at) && !g.endsOnly(at)
		case nd.kind == ofGroup:
			in[at] = true
		case nd.open == ends:
			in[at] = level >= known
		default:
			in[at] = nd.void || nd.open <= level && len(nd.deps) > 0
		}
		if !in[at] {
			out = append(out, at)
		}
	}
	for len(out) > 0 {
		at := out[len(out)-1]
		out = out[:len(out)-1]
		for _, up := range g.back[at] {
			left[up]--
			nd := &g.nodes[up]
			if !in[up] || nd.void || nd.each && left[up] > 0 || up < g.n && assumed[up] {
				continue
			}
			in[up] = false
			out = append(out, up)
		}
	}
	return in
}

// endsOnly reports whether goroutine i waits for nothing but the end of something.
func (g *graph) endsOnly(i int) bool {
	return every(g.nodes[i].deps, func(at int) bool { return g.nodes[at].open == ends })
}

// edges returns the edges from goroutines to those that they wait for, by way of nodes that several share, among the goroutines that in says. With
// onlyLocks it is those of locks, which are certain.
func (g *graph) edges(in func(i int) bool, onlyLocks bool) [][]int {
	to := make([][]int, len(g.nodes))
	for i := range g.n {
		if !in(i) {
			continue
		}
		for _, at := range g.nodes[i].deps {
			nd := &g.nodes[at]
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

// strong returns the edges of goroutine i to who is known to be able to meet the need at: those by name, or the family.
func (g *graph) strong(i, at int, to [][]int, in func(i int) bool) []int {
	list := keep(g.nodes[at].need.by, in)
	list = slices.DeleteFunc(list, func(j int) bool { return j == i && !g.nodes[at].each })
	if len(list) > 0 || g.nodes[at].need.kin == (familyKey{}) {
		return list
	}
	kin := g.kins[g.nodes[at].need.kin]
	const few = 16
	if members := g.nodes[kin].deps; len(members) <= few { // without i itself
		return keep(members, func(j int) bool { return j != i && in(j) })
	}
	if to[kin] == nil {
		to[kin] = keep(g.nodes[kin].deps, in)
	}
	return []int{kin}
}

// likewise reports whether goroutines i and j wait at the same place, or for the same object by the same operation.
func (f *facts) likewise(i, j int) bool {
	v, w := f.wait(i), f.wait(j)
	return v != nil && w != nil && (*v.Probe == *w.Probe || v.Obj != 0 && v.Obj == w.Obj && (v.Probe.Op == w.Probe.Op || receives(v) && receives(w)))
}

// every reports whether is is true of all elements of list.
func every[E any](list []E, is func(E) bool) bool {
	return !slices.ContainsFunc(list, func(e E) bool { return !is(e) })
}

// keep returns the elements of list that in says.
func keep(list []int, in func(i int) bool) []int {
	kept := make([]int, 0, len(list))
	for _, j := range list {
		if in(j) {
			kept = append(kept, j)
		}
	}
	return kept
}
