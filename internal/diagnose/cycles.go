package diagnose

import (
	"cmp"
	"slices"
)

// cycles returns the strongly connected components of edges that contain a cycle, as sorted sets of nodes that all wait
// for each other. It is Tarjan's algorithm with an explicit stack, because a chain of waits can be as long as the
// number of goroutines.
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

// leave takes a component off the stack if n is the node by which it was entered. A single node is a cycle only if it
// waits for itself.
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

// oneCycle returns the goroutines of the shortest cycle within nodes, in the order in which each waits for the next.
// The first is the one that began to wait last, because it closed the cycle.
func (g *graph) oneCycle(edges [][]int, nodes []int, guesses func(i, j int) int) []int {
	path := shortest(g.n, edges, nodes, guesses)
	last := 0
	for k, i := range path {
		if g.f.wait(i).Since > g.f.wait(path[last]).Since {
			last = k
		}
	}
	return slices.Concat(path[last:], path[:last])
}

// shortest returns the shortest cycle of a component, whose nodes below n are goroutines. If there are several, it
// prefers the one with the fewest guesses, and then the one with the smallest goroutine, with which the cycle begins.
// guesses returns how much of a guess an edge between two goroutines is: 0 for a fact; below 0 if the edge is no reason
// to wait.
func shortest(n int, edges [][]int, nodes []int, guesses func(i, j int) int) []int {
	s := &search{n: n, edges: edges, inside: make(map[int]bool, len(nodes)), guesses: guesses}
	for _, at := range nodes {
		s.inside[at] = true
	}
	count := 0
	for _, at := range nodes {
		count += len(keep(edges[at], func(to int) bool { return s.inside[to] }))
	}
	if count > len(nodes) { // several cycles
		s.left = 64 * count
		for _, at := range nodes {
			if at < n {
				s.from(at)
			}
		}
	}
	if s.best == nil {
		return s.any(nodes[0])
	}
	return s.best
}

// A search looks for the shortest cycle of a component.
type search struct {
	n       int // nodes below n are goroutines; the others stand between two of them
	edges   [][]int
	inside  map[int]bool // the nodes of the component
	guesses func(i, j int) int
	left    int   // edges still to be looked at: a cycle of a large component may be longer than necessary
	best    []int // nil: none found
	cost    int   // the number of guesses in best
}

// A step is how a search reached a goroutine.
type step struct{ from, depth, cost int }

// from searches, level by level, for cycles through the goroutine start and larger ones.
func (s *search) from(start int) {
	met := map[int]step{start: {from: start}}
	level := []int{start}
	for depth := 1; len(level) > 0 && (s.best == nil || depth <= len(s.best)); depth++ {
		var next []int
		for _, i := range level {
			for _, j := range s.followers(i) {
				s.left--
				more := s.guesses(i, j)
				if more < 0 || j < start {
					continue
				}
				was, ok := met[j]
				if now := (step{i, depth, met[i].cost + more}); !ok || was.depth == 0 ||
					was.depth == depth && now.cost < was.cost {
					met[j] = now
				}
				if !ok {
					next = append(next, j)
				}
			}
			if s.left < 0 {
				return
			}
		}
		if end := met[start]; end.depth > 0 {
			s.close(met, start)
			return
		}
		slices.SortFunc(next, func(i, j int) int { return cmp.Or(met[i].cost-met[j].cost, i-j) })
		level = next
	}
}

// close takes the cycle that has returned to start, if it is better than the best.
func (s *search) close(met map[int]step, start int) {
	end := met[start]
	if s.best != nil && len(s.best) == end.depth && s.cost <= end.cost {
		return
	}
	s.best, s.cost = []int{start}, end.cost
	for i := end.from; i != start; i = met[i].from {
		s.best = append(s.best, i)
	}
	slices.Reverse(s.best[1:])
}

// followers returns the goroutines of the component that goroutine i waits for.
func (s *search) followers(i int) []int {
	var list []int
	for _, to := range s.edges[i] {
		switch {
		case !s.inside[to]:
		case to < s.n:
			list = append(list, to)
		default:
			list = append(list, keep(s.edges[to], func(j int) bool { return s.inside[j] })...)
		}
	}
	return list
}

// any returns the goroutines of the cycle that the first edges lead to.
func (s *search) any(at int) []int {
	position := make(map[int]int)
	var path []int
	for {
		if from, ok := position[at]; ok {
			return slices.DeleteFunc(path[from:], func(at int) bool { return at >= s.n })
		}
		position[at] = len(path)
		path = append(path, at)
		next := slices.IndexFunc(s.edges[at], func(m int) bool { return s.inside[m] })
		at = s.edges[at][next]
	}
}
