package diagnose

import (
	"cmp"
	"slices"
)

// cycles returns the strongly connected components of edges that hold a cycle: sets of nodes that all wait for each other, sorted. It is Tarjan's
// algorithm with a stack of its own, because a chain of waits can be as long as there are goroutines.
func cycles(edges [][]int) [][]int {
	n := len(edges)
	t := &tarjan{edges: edges, order: make([]int, n), low: make([]int, n), on: make([]bool, n)}
	for at := range edges {
		if t.order[at] == 0 && len(edges[at]) > 0 {
			t.visit(at)
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

// leave takes a component off the stack if n is the node by which it was entered. One of a single node is a cycle only if the node waits for itself.
func (t *tarjan) leave(n int) {
	if t.low[n] != t.order[n] {
		return
	}
	i := len(t.stack) - 1
	for t.stack[i] != n {
		i--
	}
	if len(t.stack)-i > 1 || slices.Contains(t.edges[n], n) {
		t.found = append(t.found, slices.Clone(t.stack[i:]))
	}
	for _, m := range t.stack[i:] {
		t.on[m] = false
	}
	t.stack = t.stack[:i]
}

// oneCycle returns the goroutines of a cycle within nodes, in the order in which each waits for the next, and first the one that began to wait last: it
// closed the cycle.
func (g *graph) oneCycle(edges [][]int, nodes []int) []int {
	inside := make(map[int]bool, len(nodes))
	for _, at := range nodes {
		inside[at] = true
	}
	position := make(map[int]int)
	var path []int
	for at := nodes[0]; ; {
		if from, ok := position[at]; ok {
			path = path[from:]
			break
		}
		position[at] = len(path)
		path = append(path, at)
		next := slices.IndexFunc(edges[at], func(m int) bool { return inside[m] })
		at = edges[at][next]
	}
	path = slices.DeleteFunc(path, func(at int) bool { return at >= g.n })
	last := 0
	for k, i := range path {
		if g.f.wait(i).Since > g.f.wait(path[last]).Since {
			last = k
		}
	}
	return slices.Concat(path[last:], path[:last])
}
