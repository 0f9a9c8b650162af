package diagnose

import (
	"cmp"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A graph is the wait-for graph of the locks. Its nodes are the goroutines (by index in the snapshot) and, behind them, the
// locks that somebody waits for. An RWMutex has two nodes, because a reader does not wait for readers.
type graph struct {
	s     *snapshot.Snapshot
	index map[int64]int // goroutine by id
	// holders are the goroutines that hold a lock or run the function of an Once, by the object's address.
	holders map[uint64][]holder
	orphans map[uint64][]*snapshot.Hold
	locks   []lock
	lockAt  map[lock]int // node of a lock
	// edges are the nodes that a node waits for. Of a goroutine there is at most one: the lock.
	edges [][]int
}

// A holder is a goroutine that holds an object, by hold, or, if that is nil, is in its Once.Do.
type holder struct {
	g    int
	hold *snapshot.Hold
	wait *snapshot.Wait
}

// since returns when the holder took the object, and where.
func (h holder) since() (int64, *snapshot.Probe) {
	if h.hold != nil {
		return h.hold.Since, h.hold.Probe
	}
	return h.wait.Since, h.wait.Probe
}

// A lock is a node: an object, and whether it is waited for to read.
type lock struct {
	obj  uint64
	read bool
}

// newGraph returns the graph of s.
func newGraph(s *snapshot.Snapshot) *graph {
	g := &graph{
		s: s, index: make(map[int64]int, len(s.Goroutines)),
		holders: make(map[uint64][]holder), orphans: make(map[uint64][]*snapshot.Hold),
		lockAt: make(map[lock]int), edges: make([][]int, len(s.Goroutines)),
	}
	for i := range s.Goroutines {
		g.index[s.Goroutines[i].ID] = i
	}
	g.findHolders()
	for i := range s.Goroutines {
		if l, ok := g.lockOf(i); ok {
			g.edges[i] = []int{g.node(l)}
		}
	}
	g.joinReaders()
	for n, l := range g.locks {
		at := len(s.Goroutines) + n
		for _, h := range g.holders[l.obj] {
			if !l.read || !g.isRead(h) {
				g.edges[at] = append(g.edges[at], h.g)
			}
		}
	}
	return g
}

func (g *graph) isRead(h holder) bool { return h.hold != nil && h.hold.Read }

// findHolders collects who holds what.
func (g *graph) findHolders() {
	for i := range g.s.Goroutines {
		gr := &g.s.Goroutines[i]
		for j := range gr.Holds {
			h := &gr.Holds[j]
			g.holders[h.Obj] = append(g.holders[h.Obj], holder{g: i, hold: h})
		}
		for j := range gr.Waits {
			if w := &gr.Waits[j]; w.Probe.Op == runtime.OpOnce && w.Obj != 0 {
				g.runs(holder{g: i, wait: w})
			}
		}
	}
	for i := range g.s.Orphans {
		h := &g.s.Orphans[i]
		if !g.takenSince(h) {
			g.orphans[h.Obj] = append(g.orphans[h.Obj], h)
		}
	}
}

// runs notes a goroutine that is in Once.Do: of all that are, the first runs the function, and the others wait for it.
func (g *graph) runs(h holder) {
	was := g.holders[h.wait.Obj]
	if len(was) == 0 {
		g.holders[h.wait.Obj] = []holder{h}
	} else if was[0].wait != nil && h.wait.Since < was[0].wait.Since {
		was[0] = h
	}
}

// takenSince reports whether somebody has taken a lock after its holder exited with it: then it had been unlocked in a way that no probe saw,
// or another lock lies at its address now.
func (g *graph) takenSince(orphan *snapshot.Hold) bool {
	return slices.ContainsFunc(g.holders[orphan.Obj], func(h holder) bool {
		at, _ := h.since()
		return at > orphan.Since && !(orphan.Read && g.isRead(h))
	})
}

// lockOf returns the lock that goroutine i waits for.
func (g *graph) lockOf(i int) (lock, bool) {
	gr := &g.s.Goroutines[i]
	if len(gr.Waits) == 0 || gr.Waits[0].Obj == 0 {
		return lock{}, false
	}
	w := &gr.Waits[0]
	switch w.Probe.Op {
	case runtime.OpLock:
		return lock{obj: w.Obj}, true
	case runtime.OpRLock:
		return lock{obj: w.Obj, read: true}, true
	case runtime.OpOnce:
		h := g.holders[w.Obj]
		return lock{obj: w.Obj}, len(h) == 0 || h[0].g != i || h[0].wait != w
	}
	return lock{}, false
}

// node returns the node of l, which it makes if there is none.
func (g *graph) node(l lock) int {
	n, ok := g.lockAt[l]
	if !ok {
		n = len(g.edges)
		g.lockAt[l] = n
		g.locks = append(g.locks, l)
		g.edges = append(g.edges, nil)
	}
	return n
}

// joinReaders adds what blocks the readers of an RWMutex that only readers hold: the writer who waits for those, the first one.
// See "a blocked Lock call excludes new readers" in package sync.
func (g *graph) joinReaders() {
	writer := make(map[uint64]int)
	for i := range g.s.Goroutines {
		l, ok := g.lockOf(i)
		if !ok || l.read || g.s.Goroutines[i].Waits[0].Probe.Op != runtime.OpLock {
			continue
		}
		if w, ok := writer[l.obj]; !ok || g.s.Goroutines[i].Waits[0].Since < g.s.Goroutines[w].Waits[0].Since {
			writer[l.obj] = i
		}
	}
	for n, l := range g.locks {
		w, ok := writer[l.obj]
		if !l.read || !ok || slices.ContainsFunc(g.holders[l.obj], func(h holder) bool { return !g.isRead(h) }) {
			continue
		}
		at := len(g.s.Goroutines) + n
		g.edges[at] = append(g.edges[at], w)
	}
}

// reversed returns for each node the nodes that wait for it.
func (g *graph) reversed() [][]int {
	back := make([][]int, len(g.edges))
	for from, to := range g.edges {
		for _, n := range to {
			back[n] = append(back[n], from)
		}
	}
	return back
}

// cycles returns the strongly connected components that hold a cycle: sets of nodes that all wait for each other, sorted. It is Tarjan's
// algorithm with a stack of its own, because a chain of waits can be as long as there are goroutines.
func (g *graph) cycles() [][]int {
	t := &tarjan{edges: g.edges, order: make([]int, len(g.edges)), low: make([]int, len(g.edges)), on: make([]bool, len(g.edges))}
	for n := range g.edges {
		if t.order[n] == 0 {
			t.visit(n)
		}
	}
	for _, c := range t.found {
		slices.Sort(c)
	}
	slices.SortFunc(t.found, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	return t.found
}

type tarjan struct {
	edges [][]int
	order []int  // when a node was met, from 1; 0: not yet
	low   []int  // the earliest node that can be reached
	on    []bool // on the stack
	stack []int
	count int
	found [][]int
}

// visit visits the nodes that can be reached from root.
func (t *tarjan) visit(root int) {
	type step struct{ node, edge int }
	path := []step{{node: root}}
	t.enter(root)
	for len(path) > 0 {
		top := &path[len(path)-1]
		if top.edge < len(t.edges[top.node]) {
			to := t.edges[top.node][top.edge]
			top.edge++
			if t.order[to] == 0 {
				t.enter(to)
				path = append(path, step{node: to})
			} else if t.on[to] {
				t.low[top.node] = min(t.low[top.node], t.order[to])
			}
			continue
		}
		t.leave(top.node)
		node := top.node
		path = path[:len(path)-1]
		if len(path) > 0 {
			up := path[len(path)-1].node
			t.low[up] = min(t.low[up], t.low[node])
		}
	}
}

func (t *tarjan) enter(n int) {
	t.count++
	t.order[n], t.low[n], t.on[n] = t.count, t.count, true
	t.stack = append(t.stack, n)
}

// leave takes a component off the stack if n is the node by which it was entered. A goroutine never waits for itself but by way of a lock, so
// that a cycle has two nodes at least.
func (t *tarjan) leave(n int) {
	if t.low[n] != t.order[n] {
		return
	}
	i := len(t.stack) - 1
	for t.stack[i] != n {
		i--
	}
	if len(t.stack)-i > 1 {
		t.found = append(t.found, slices.Clone(t.stack[i:]))
	}
	for _, m := range t.stack[i:] {
		t.on[m] = false
	}
	t.stack = t.stack[:i]
}
