package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// This file finds locks that goroutines take in orders that can deadlock, though they did not. It reports the past, and
// changes no verdict. An order is an edge from the held lock to the one that was taken. A cycle of edges can deadlock
// if
//
//   - different goroutines can be at its edges, and could have been at the same time: none of them was
//     started after the others were through;
//   - no lock is held at two of its edges, except for reading: the second goroutine would wait there, before;
//   - at each lock the holder or the taker writes;
//   - the addresses belong to the same locks all along: package variables, or locks used so between the same two
//     garbage collections.

const (
	maxOrderCycle = 4   // locks of a cycle
	maxOrderSteps = 1e5 // edges tried in all
	maxOrders     = 20  // findings
	maxCallers    = 4   // lines about the callers of a function that locks
	anyCycle      = 1<<64 - 1
)

// lockOrders returns the findings about lock orders.
func (t *writer) lockOrders() []Finding {
	if len(t.s.Orders) == 0 || t.opt.Scope != nil {
		return nil
	}
	o := &orders{facts: t.facts, told: make(map[[maxOrderCycle]orderSites]bool),
		same: make(map[[maxOrderCycle]uint64]bool)}
	o.collect()
	var found []Finding
	for _, e := range o.again {
		found = append(found, t.readAgain(e))
	}
	for n := 2; n <= maxOrderCycle; n++ {
		for _, cycle := range o.cycles(n) {
			found = append(found, t.lockOrder(cycle))
		}
	}
	return found[:min(len(found), maxOrders)]
}

// orders are the edges of the lock order.
type orders struct {
	*facts
	from  map[uint64][]*snapshot.Order // by the held lock
	locks []uint64                     // the held locks, sorted
	again []*snapshot.Order            // read locks that were taken again
	steps int
	// told and same are the places and the locks of the cycles that were found. Another cycle of the same places is the
	// same mistake with other locks. Another of the same locks has the same cause.
	told map[[maxOrderCycle]orderSites]bool
	same map[[maxOrderCycle]uint64]bool
}

// orderSites are the two places of an edge.
type orderSites struct{ held, taken *snapshot.Probe }

func sites(e *snapshot.Order) orderSites { return orderSites{e.Held.Probe, e.Taken.Probe} }

// collect sorts the orders of the snapshot. It leaves out held locks that other goroutines unlock, because the holder
// may have lost them by then.
func (o *orders) collect() {
	o.from = make(map[uint64][]*snapshot.Order)
	again := make(map[orderSites]bool)
	for i := range o.s.Orders {
		e := &o.s.Orders[i]
		if h := o.s.Objects[e.Held.Obj]; h != nil && h.Kind != runtime.KindChan && h.Received != nil {
			continue
		}
		if e.Held.Obj != e.Taken.Obj {
			o.from[e.Held.Obj] = append(o.from[e.Held.Obj], e)
		} else if s := sites(e); !again[s] {
			again[s] = true
			o.again = append(o.again, e)
		}
	}
	for lock, list := range o.from {
		o.locks = append(o.locks, lock)
		slices.SortFunc(list, orderOrders)
	}
	slices.Sort(o.locks)
	slices.SortFunc(o.again, orderOrders)
}

// orderOrders orders edges independently of their order in the record.
func orderOrders(a, b *snapshot.Order) int {
	return cmp.Or(cmp.Compare(a.Taken.Obj, b.Taken.Obj), orderSitesOf(a, b))
}

// orderSitesOf orders edges by their places.
func orderSitesOf(a, b *snapshot.Order) int {
	return cmp.Or(snapshot.ComparePlaces(a.Held.Probe, b.Held.Probe),
		snapshot.ComparePlaces(a.Taken.Probe, b.Taken.Probe))
}

// cycles returns the cycles of n locks that can deadlock: one for each set of places, and of locks.
func (o *orders) cycles(n int) (found [][]*snapshot.Order) {
	for _, lock := range o.locks {
		o.extend(nil, lock, n, func(cycle []*snapshot.Order) {
			places, locks := o.key(cycle)
			if !o.told[places] && !o.same[locks] {
				o.told[places], o.same[locks] = true, true
				found = append(found, slices.Clone(cycle))
			}
		})
	}
	return found
}

// key returns the places and the locks of a cycle, whichever of its edges it begins with.
func (o *orders) key(cycle []*snapshot.Order) (places [maxOrderCycle]orderSites, locks [maxOrderCycle]uint64) {
	first := 0
	for i, e := range cycle {
		if orderSitesOf(e, cycle[first]) < 0 {
			first = i
		}
	}
	for i := range cycle {
		places[i], locks[i] = sites(cycle[(first+i)%len(cycle)]), cycle[i].Held.Obj
	}
	slices.Sort(locks[:])
	return places, locks
}

// extend calls f with each cycle of n edges that begins with path and leads back to lock, the least of its locks.
func (o *orders) extend(path []*snapshot.Order, lock uint64, n int, f func([]*snapshot.Order)) {
	at := lock
	if len(path) > 0 {
		at = path[len(path)-1].Taken.Obj
	}
	for _, e := range o.from[at] {
		last := len(path) == n-1
		if o.steps++; o.steps > maxOrderSteps || last != (e.Taken.Obj == lock) || e.Taken.Obj < lock || !fits(path, e) {
			continue
		}
		next := append(path, e)
		switch {
		case !last:
			o.extend(next, lock, n, f)
		case !readersOnly(e, path[0]) && sameLocks(next) && goroutinesOf(next, nil) != nil:
			f(next)
		}
	}
}

// fits reports whether a goroutine can be at e while others are at the edges of path, and e leads to a lock that the
// path has not passed.
func fits(path []*snapshot.Order, e *snapshot.Order) bool {
	if len(path) > 0 && readersOnly(path[len(path)-1], e) {
		return false
	}
	return !slices.ContainsFunc(path, func(p *snapshot.Order) bool {
		return p.Taken.Obj == e.Taken.Obj || p.Last < e.Begun || e.Last < p.Begun || gated(p, e)
	})
}

// readersOnly reports whether both a, which takes a lock, and b, which holds it, only read-lock it.
func readersOnly(a, b *snapshot.Order) bool { return a.Taken.Read && b.Held.Read }

// gated reports whether a lock that a and b cannot both hold is held around both.
func gated(a, b *snapshot.Order) bool {
	return slices.ContainsFunc(a.Gates, func(g snapshot.Gate) bool {
		return slices.ContainsFunc(b.Gates, func(h snapshot.Gate) bool { return g.Obj == h.Obj && !(g.Read && h.Read) })
	})
}

// sameLocks reports whether all edges of a cycle were seen between the same two garbage collections.
func sameLocks(cycle []*snapshot.Order) bool {
	least := uint32(math.MaxUint32)
	for _, e := range cycle {
		if e.Cycles != 0 {
			least = min(least, e.Cycle)
		}
	}
	common := uint64(anyCycle)
	for _, e := range cycle {
		if e.Cycles != 0 {
			common &= e.Cycles >> min(e.Cycle-least, 64)
		}
	}
	return common != 0
}

// goroutinesOf returns a different goroutine for each edge of a cycle, beginning with ids, or nil if there are not
// enough.
func goroutinesOf(cycle []*snapshot.Order, ids []int64) []int64 {
	if len(ids) == len(cycle) {
		return ids
	}
	for _, id := range cycle[len(ids)].Goroutines {
		if !slices.Contains(ids, id) {
			if all := goroutinesOf(cycle, append(slices.Clip(ids), id)); all != nil {
				return all
			}
		}
	}
	return nil
}

// lockOrder returns the finding about a cycle.
func (t *writer) lockOrder(cycle []*snapshot.Order) Finding {
	f := Finding{Kind: KindLockOrder, Certainty: Possible, Goroutines: []int64{}}
	var locks []string
	for _, e := range cycle {
		locks = append(locks, t.orderedLock(e.Held))
	}
	alike := len(cycle) == 2 && locks[0] == locks[1]
	if alike {
		for i, e := range cycle {
			locks[i] += fmt.Sprintf(" (%#x)", e.Held.Obj)
		}
	}
	f.Title = fmt.Sprintf("%s are locked in orders that can deadlock", enumerate(locks))
	if len(cycle) == 2 {
		f.Title = fmt.Sprintf("%s are locked in both orders, which can deadlock", enumerate(locks))
	}
	for i, id := range goroutinesOf(cycle, nil) {
		e := cycle[i]
		f.Places = append(f.Places, e.Taken.Probe, e.Held.Probe)
		held, taken := locks[i], locks[(i+1)%len(cycle)]
		if alike { // the places may have more telling names
			held, taken = fmt.Sprintf("%s (%#x)", t.orderedLock(e.Held), e.Held.Obj),
				fmt.Sprintf("%s (%#x)", t.orderedLock(e.Taken), e.Taken.Obj)
		}
		f.Why = append(f.Why, t.orderStep(id, e, held, taken)...)
	}
	f.Fix = "take these locks in the same order everywhere"
	if a, b := cycle[0], cycle[1]; len(cycle) == 2 {
		f.Fix = t.sameOrder(locks[0], locks[1], sites(a), sites(b))
	}
	return f
}

// readAgain returns the finding about a read lock that was taken by a goroutine that held it.
func (t *writer) readAgain(e *snapshot.Order) Finding {
	lock := t.orderedLock(e.Held)
	f := Finding{Kind: KindLockOrder, Certainty: Possible, Goroutines: []int64{},
		Places: []*snapshot.Probe{e.Taken.Probe, e.Held.Probe}, Fix: readOnce}
	f.Title = fmt.Sprintf("%s is read-locked again by a goroutine that has it read-locked, which can deadlock", lock)
	var id int64
	if len(e.Goroutines) > 0 {
		id = e.Goroutines[0]
	}
	f.Why = append(t.orderStep(id, e, "it", lock),
		"a Lock that comes in between waits for the first of both, and the second waits for that Lock")
	return f
}

// orderStep says that a goroutine took a lock while it held another, and names the callers of the function that did.
func (t *writer) orderStep(id int64, e *snapshot.Order, held, taken string) []string {
	verb := map[bool]string{false: "locks", true: "read-locks"}[e.Taken.Read]
	with := map[bool]string{false: "locked", true: "read-locked"}[e.Held.Read]
	lines := []string{fmt.Sprintf("goroutine %d %s %s at %s%s, with %s %s at %s%s", id, verb, taken,
		t.place(e.Taken.Probe), inProbe(e.Taken.Probe),
		held, with, t.place(e.Held.Probe), in(e.Held.Probe.Func))}
	called := "  called from "
	if len(e.Goroutines) > 0 && e.Goroutines[0] != id {
		called = fmt.Sprintf("  goroutine %d, which did so first, was called from ", e.Goroutines[0])
	}
	for _, fr := range e.Stack {
		if Own(fr.Func, fr.File) && (fr.File != e.Taken.Probe.File || fr.Line != e.Taken.Probe.Line) &&
			len(lines) <= maxCallers {
			lines = append(lines, called+t.position(fr.File, fr.Line)+in(fr.Func))
		}
	}
	return lines
}

// orderedLock names a lock as the source does at the place that took it.
func (t *writer) orderedLock(l snapshot.OrderedLock) string {
	return ObjectName(l.Probe.Kind.String(), cmp.Or(l.Probe.Obj, t.pathName(l.Obj)), l.Obj)
}
