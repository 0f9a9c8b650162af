package diagnose

import (
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// deadlocks finds the cycles of goroutines that wait for each other's locks, with everything that waits for one of them. A
// cycle needs no -after: nothing can end it.
func deadlocks(a *analysis) {
	cycles := a.graph.cycles()
	if len(cycles) == 0 {
		return
	}
	back := a.graphBack()
	for _, nodes := range cycles {
		if nodes[0] < len(a.s.Goroutines) && !a.claimed[nodes[0]] {
			a.deadlock(nodes, back)
		}
	}
}

// deadlock makes the finding of one set of nodes that all wait for each other.
func (a *analysis) deadlock(nodes []int, back [][]int) {
	cycle := a.oneCycle(a.graph, nodes)
	var members, queue []int
	seen := make(map[int]bool)
	for _, n := range cycle {
		seen[n] = true
	}
	for _, n := range nodes {
		if n < len(a.s.Goroutines) {
			a.claim(n, Deadlock)
			if !seen[n] {
				members = append(members, n)
			}
		}
		seen[n] = true
	}
	for todo := slices.Clone(nodes); len(todo) > 0; todo = todo[1:] {
		for _, n := range back[todo[0]] {
			if seen[n] || n < len(a.claimed) && a.claimed[n] {
				continue
			}
			seen[n] = true
			todo = append(todo, n)
			if n < len(a.s.Goroutines) {
				a.claim(n, Deadlock)
				queue = append(queue, n)
			}
		}
	}
	slices.Sort(queue)
	all := slices.Concat(cycle, members, queue)
	f := Finding{Kind: KindDeadlock, Certainty: Certain, Goroutines: a.ids(all), Root: a.g(cycle[0]).ID}
	f.Title, f.Fix = a.deadlockWords(cycle, len(members)+len(queue))
	for k, i := range cycle {
		f.Why = append(f.Why, a.step(i), a.because(i, cycle[(k+1)%len(cycle)]))
	}
	f.Why = shorten(f.Why)
	f.Why = append(f.Why, a.others("also part of it", members)...)
	f.Why = append(f.Why, a.others("queued behind them", queue)...)
	a.add(f)
}

// oneCycle returns the goroutines of a cycle within nodes, in the order in which each waits for the next, and first the one that began to wait last: it
// closed the cycle.
func (a *analysis) oneCycle(g *graph, nodes []int) []int {
	inside := make(map[int]bool, len(nodes))
	for _, n := range nodes {
		inside[n] = true
	}
	at := make(map[int]int) // position in path
	var path []int
	n := nodes[0]
	for {
		if from, ok := at[n]; ok {
			path = path[from:]
			break
		}
		at[n] = len(path)
		path = append(path, n)
		next := slices.IndexFunc(g.edges[n], func(m int) bool { return inside[m] })
		n = g.edges[n][next]
	}
	path = slices.DeleteFunc(path, func(n int) bool { return n >= len(a.s.Goroutines) })
	last := 0
	for k, i := range path {
		if a.wait(i).Since > a.wait(path[last]).Since {
			last = k
		}
	}
	return slices.Concat(path[last:], path[:last])
}

// because says why goroutine i waits for goroutine j.
func (a *analysis) because(i, j int) string {
	w := a.wait(i)
	for _, h := range a.graph.holders[w.Obj] {
		if h.g == j {
			return a.held(w.Obj, h)
		}
	}
	return fmt.Sprintf("goroutine %d waits to write-lock %s for %s, which keeps new readers out", a.g(j).ID, a.object(w.Obj, w.Probe), a.ago(a.wait(j).Since))
}

func (a *analysis) deadlockWords(cycle []int, others int) (title, fix string) {
	behind := ""
	if others > 0 {
		behind = fmt.Sprintf(", and %d more behind them", others)
	}
	w := a.wait(cycle[0])
	name := a.object(w.Obj, w.Probe)
	if len(cycle) == 1 {
		h := a.holder(w.Obj, cycle[0])
		if h.wait != nil {
			return fmt.Sprintf("goroutine %d waits for itself: the function of %s calls Do again%s", a.g(cycle[0]).ID, name, behind),
				fmt.Sprintf("do not call Do at %s from within the function that %s runs", a.place(w.Probe), a.place(h.wait.Probe))
		}
		return fmt.Sprintf("goroutine %d waits for itself: it holds %s and locks it again%s", a.g(cycle[0]).ID, name, behind),
			fmt.Sprintf("unlock %s, locked at %s, before %s, or use there a function that expects it to be locked", name, a.place(h.hold.Probe), a.place(w.Probe))
	}
	title = fmt.Sprintf("%s wait for each other's locks%s", names(a.ids(cycle)), behind)
	if len(cycle) == 2 {
		return title, a.orderFix(cycle)
	}
	return title, "take these locks in the same order everywhere"
}

// orderFix says which two places take two locks in opposite order.
func (a *analysis) orderFix(cycle []int) string {
	w0, w1 := a.wait(cycle[0]), a.wait(cycle[1])
	h0, h1 := a.holder(w1.Obj, cycle[0]), a.holder(w0.Obj, cycle[1])
	if w0.Obj == w1.Obj || h0.hold == nil || h1.hold == nil {
		return "do not take a lock a second time while a writer may wait for it: keep the first read lock, or release it before"
	}
	x, y := a.object(w1.Obj, w1.Probe), a.object(w0.Obj, w0.Probe)
	if x == y || w0.Probe == w1.Probe && h0.hold.Probe == h1.hold.Probe { // two objects of one type, each of them the first for one goroutine
		return fmt.Sprintf("before both are locked at %s and %s, decide by something that the two %s differ in, such as an id, which to lock first",
			a.place(h0.hold.Probe), a.place(w0.Probe), kindPlural(w0.Probe.Kind))
	}
	return fmt.Sprintf("take %s and %s in the same order: %s then %s takes %s first, %s then %s takes %s first",
		x, y, a.place(h0.hold.Probe), a.place(w0.Probe), x, a.place(h1.hold.Probe), a.place(w1.Probe), y)
}

// holder returns how goroutine i holds obj.
func (a *analysis) holder(obj uint64, i int) holder {
	for _, h := range a.graph.holders[obj] {
		if h.g == i {
			return h
		}
	}
	return holder{g: i, hold: nil, wait: &snapshot.Wait{Probe: a.wait(i).Probe}}
}

// others returns a line for each place where goroutines of list wait, the most common first.
func (a *analysis) others(what string, list []int) []string {
	var lines []string
	for _, p := range a.places(list) {
		lines = append(lines, fmt.Sprintf("%s: %s at %s%s, %s", what, plural(len(p.list), "goroutine"), a.place(p.probe), inProbe(p.probe), a.span(p.list)))
	}
	return lines
}

// kindPlural names several locks of a kind.
func kindPlural(k runtime.Kind) string {
	if k == runtime.KindRWMutex {
		return "rwmutexes"
	}
	return "mutexes"
}
