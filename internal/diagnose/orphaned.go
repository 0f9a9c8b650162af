package diagnose

import (
	"fmt"
	"slices"
)

// orphanedLocks finds the locks that goroutines wait for and whose holders have exited without unlocking them.
func orphanedLocks(a *analysis) {
	waiters := make(map[uint64][]int)
	var order []uint64
	for i := range a.s.Goroutines {
		if a.claimed[i] {
			continue
		}
		l, ok := a.graph.lockOf(i)
		if !ok || !a.blockedByOrphan(l) {
			continue
		}
		if waiters[l.obj] == nil {
			order = append(order, l.obj)
		}
		waiters[l.obj] = append(waiters[l.obj], i)
	}
	if len(order) == 0 {
		return
	}
	back := a.graphBack()
	for _, obj := range order {
		a.orphaned(obj, waiters[obj], back)
	}
}

// blockedByOrphan reports whether l is kept by an orphan: readers do not keep readers out.
func (a *analysis) blockedByOrphan(l lock) bool {
	for _, h := range a.graph.orphans[l.obj] {
		if !l.read || !h.Read {
			return true
		}
	}
	return false
}

// orphaned makes the finding of one lock. list waits for it; what waits for them has the same cause.
func (a *analysis) orphaned(obj uint64, list []int, back [][]int) {
	for _, i := range list {
		a.claim(i, Orphaned)
	}
	queue := a.behind(list, back)
	slices.Sort(queue)
	h := a.graph.orphans[obj][0]
	name := a.object(obj, h.Probe)
	f := Finding{Kind: KindOrphanedLock, Certainty: Certain, Goroutines: a.ids(slices.Concat(list, queue))}
	f.Title = fmt.Sprintf("%s %s for %s, which goroutine %d never unlocked before it exited", a.who(list), verb(len(list), "waits"), name, h.Goroutine)
	f.Why = append(f.Why, fmt.Sprintf("goroutine %d took %s at %s%s %s ago, and has exited", h.Goroutine, name, a.place(h.Probe), in(h.Probe.Func), a.ago(h.Since)))
	if h.Last != nil && h.Last != h.Probe {
		f.Why = append(f.Why, fmt.Sprintf("the last probe that it reached is %s at %s", h.Last.Expr, a.place(h.Last)))
	}
	f.Why = append(f.Why, a.others("waiting for it", list)...)
	f.Why = append(f.Why, a.others("queued behind them", queue)...)
	f.Fix = fmt.Sprintf("unlock %s on every way out of %s: defer the Unlock right after %s", name, ShortFunc(h.Probe.Func), a.place(h.Probe))
	a.add(f)
}

// behind claims the goroutines that wait for one of list, or for one of those that do, and returns them.
func (a *analysis) behind(list []int, back [][]int) []int {
	seen := make(map[int]bool)
	var queue []int
	for todo := slices.Clone(list); len(todo) > 0; todo = todo[1:] {
		for _, n := range back[todo[0]] {
			if seen[n] || n < len(a.claimed) && a.claimed[n] {
				continue
			}
			seen[n] = true
			todo = append(todo, n)
			if n < len(a.claimed) {
				a.claim(n, Stuck)
				queue = append(queue, n)
			}
		}
	}
	return queue
}
