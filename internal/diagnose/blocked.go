package diagnose

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A blocking is the wait-for graph with channels: beside the nodes of the graph of locks it has one for the channels that a goroutine
// waits for, and one for each place in the source where such a channel was used by the other side.
//
// Locks know their holders. Of a channel it is only known who used it last, so that whoever has been at the same place counts as one who may use it
// again: a wait for a channel is an edge only while all of these wait themselves. What is left when all others are
// taken away is a set in which everybody waits for others of the set.
type blocking struct {
	a *analysis
	// families says that who may use a channel or WaitGroup that nobody has used before is looked for among the relatives of who made it: see family.go.
	families bool
	assumed  []bool
	// in says that a node waits for others that do.
	in   []bool
	deps [][]int
	back [][]int
	// one says that a node stays in as long as one of its deps does; others need all.
	one []bool
	// partner is the goroutine that used the channels of goroutine i last, of each in turn.
	partner map[int][]int
	sites   map[*snapshot.Probe]int // node
	groups  map[familyKey]int       // node
	debts   map[uint64]int          // node of who owes a WaitGroup its Dones, by its address; -1: unknown
	group   map[int]bool            // the nodes of groups
}

// newBlocking returns the graph with the nodes that wait for others that do. Assumed, which may be nil, says which goroutines are taken to wait for ever
// besides those that a finding explains.
func newBlocking(a *analysis, families bool, assumed []bool) *blocking {
	n := len(a.graph.edges)
	b := &blocking{
		a: a, families: families, assumed: assumed, in: make([]bool, n), deps: make([][]int, n), one: make([]bool, n),
		partner: make(map[int][]int), sites: make(map[*snapshot.Probe]int),
		groups: make(map[familyKey]int), debts: make(map[uint64]int), group: make(map[int]bool),
	}
	for i := range a.s.Goroutines {
		b.in[i] = b.claimed(i) || b.goroutine(i)
	}
	if len(b.partner)+len(b.group) == 0 {
		return b
	}
	for at := len(a.s.Goroutines); at < n; at++ {
		b.in[at], b.one[at], b.deps[at] = true, true, a.graph.edges[at]
	}
	b.users()
	b.shrink()
	return b
}

// goroutine notes what goroutine i waits for, and reports whether all of that is known.
func (b *blocking) goroutine(i int) bool {
	a := b.a
	w := a.wait(i)
	if w == nil || !a.long(i) || a.external(i) {
		return false
	}
	if _, ok := a.graph.lockOf(i); ok {
		b.deps[i] = a.graph.edges[i]
		return true
	}
	switch w.Probe.Op {
	case runtime.OpSend:
		return b.channel(i, w.Obj, true)
	case runtime.OpRecv, runtime.OpRange:
		return b.channel(i, w.Obj, false)
	case runtime.OpWait:
		return b.families && b.waitGroup(i, w.Obj)
	case runtime.OpCond:
		return b.families && b.channel(i, w.Obj, false)
	case runtime.OpSelect:
		if w.More > 0 {
			return false
		}
		for _, c := range w.Cases {
			if c.Obj != 0 && !b.channel(i, c.Obj, c.Send) {
				return false
			}
		}
		return len(b.deps[i]) > 0
	}
	return false
}

// channel notes that goroutine i waits for who used the other side of a channel, and reports whether that is known to be another goroutine.
func (b *blocking) channel(i int, obj uint64, send bool) bool {
	f := b.a.partner(obj, send)
	if j, ok := b.other(i, f); ok && f.Probe != nil {
		b.partner[i] = append(b.partner[i], j)
		b.deps[i] = append(b.deps[i], j, b.site(f.Probe))
		return true
	}
	o := b.a.s.Objects[obj]
	if !b.families || o == nil || !b.relatives(i, o.Made, "") {
		return false
	}
	if f != nil { // others may do what the one did that has exited
		b.deps[i] = append(b.deps[i], b.site(f.Probe))
	}
	return true
}

// other returns the goroutine of a fact if it is there and is not i.
func (b *blocking) other(i int, f *snapshot.Fact) (int, bool) {
	if f == nil || f.Exited {
		return 0, false
	}
	j, ok := b.a.graph.index[f.Goroutine]
	return j, ok && j != i
}

// node adds a node that waits for all of deps.
func (b *blocking) node(deps []int) int {
	n := len(b.in)
	b.in, b.deps, b.one = append(b.in, true), append(b.deps, deps), append(b.one, false)
	return n
}

// site returns the node of a place.
func (b *blocking) site(p *snapshot.Probe) int {
	n, ok := b.sites[p]
	if !ok {
		n = b.node(nil)
		b.sites[p] = n
	}
	return n
}

// users makes who has been at a place a dependency of it. Who waits there now does so for another channel: this one would have let it go on.
func (b *blocking) users() {
	for i := range b.a.s.Goroutines {
		w := b.a.wait(i)
		seen := make([]int, 0, 4)
		for _, step := range b.a.g(i).History {
			n, ok := b.sites[step.Probe]
			if ok && (w == nil || w.Probe != step.Probe) && !slices.Contains(seen, n) {
				seen = append(seen, n)
				b.deps[n] = append(b.deps[n], i)
			}
		}
	}
}

// shrink takes out what does not wait, or waits for what does not, until nothing changes.
func (b *blocking) shrink() {
	b.back = make([][]int, len(b.in))
	left := make([]int, len(b.in))
	var out []int
	for n, deps := range b.deps {
		left[n] = len(deps)
		for _, m := range deps {
			b.back[m] = append(b.back[m], n)
		}
		if !b.in[n] || b.one[n] && len(deps) == 0 {
			b.in[n] = false
			out = append(out, n)
		}
	}
	for len(out) > 0 {
		m := out[len(out)-1]
		out = out[:len(out)-1]
		for _, n := range b.back[m] {
			left[n]--
			if b.in[n] && (!b.one[n] || left[n] == 0) && !b.claimed(n) {
				b.in[n] = false
				out = append(out, n)
			}
		}
	}
}

// claimed reports whether n is a goroutine that waits for ever, whoever else goes on.
func (b *blocking) claimed(n int) bool {
	return n < len(b.a.claimed) && (b.a.claimed[n] || b.assumed != nil && b.assumed[n])
}

// graph returns the edges from goroutines to locks and to the goroutines that used a channel last, among the nodes that are in and that no
// finding explains. Every channel edge goes by a node of its own, so that edges, like those of locks, join a goroutine with
// something else.
func (b *blocking) graph() *graph {
	a := b.a
	n := len(a.graph.edges)
	g := &graph{s: a.s, edges: make([][]int, n)}
	keep := func(m int) bool { return b.in[m] && !b.claimed(m) }
	for from, to := range a.graph.edges {
		if !keep(from) {
			continue
		}
		for _, m := range to {
			if keep(m) {
				g.edges[from] = append(g.edges[from], m)
			}
		}
	}
	for i := range a.s.Goroutines {
		if !keep(i) {
			continue
		}
		for _, j := range b.partner[i] {
			if keep(j) {
				g.edges[i] = append(g.edges[i], len(g.edges))
				g.edges = append(g.edges, []int{j})
			}
		}
	}
	return g
}
