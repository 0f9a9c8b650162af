package diagnose

import (
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// channelDeadlocks finds the cycles that go by channels: a goroutine holds a lock and sends to a channel, and who receives from the channel waits
// for the lock. Any goroutine may use a channel, so that it is likely and not certain, and everybody on the cycle must
// have waited for long.
func channelDeadlocks(a *analysis) {
	b := newBlocking(a, false, nil)
	if len(b.partner) == 0 {
		return
	}
	g := b.graph()
	cycles := g.cycles()
	back := g.reversed()
	for _, nodes := range cycles {
		if nodes[0] < len(a.s.Goroutines) && !a.claimed[nodes[0]] {
			a.channelDeadlock(g, nodes, back)
		}
	}
	a.fold(b)
}

// channelDeadlock makes the finding of one set of nodes that all wait for each other.
func (a *analysis) channelDeadlock(g *graph, nodes []int, back [][]int) {
	cycle := a.oneCycle(g, nodes)
	on := make(map[int]bool, len(cycle))
	for _, i := range cycle {
		on[i] = true
	}
	var members []int
	for _, n := range nodes {
		if n < len(a.s.Goroutines) {
			a.claim(n, Deadlock)
			if !on[n] {
				members = append(members, n)
			}
		}
	}
	queue := a.behindAll(nodes, back)
	f := Finding{Kind: KindDeadlock, Certainty: a.unsure(a.cycleCertainty(cycle), cycle), Root: a.g(cycle[0]).ID}
	f.Goroutines = a.ids(slices.Concat(cycle, members, queue))
	f.Title = names(a.ids(cycle)) + " wait for each other"
	if n := len(members) + len(queue); n > 0 {
		f.Title += fmt.Sprintf(", and %d more behind them", n)
	}
	for k, i := range cycle {
		f.Why = append(f.Why, a.step(i), a.link(i, cycle[(k+1)%len(cycle)]))
	}
	f.Why = shorten(f.Why)
	f.Why = append(f.Why, a.others("also part of it", members)...)
	f.Why = append(f.Why, a.others("waiting behind them", queue)...)
	f.Fix = a.channelFix(cycle)
	a.add(f)
}

// behindAll claims everybody who waits for one of nodes, by the edges of back or for a lock, and returns them.
func (a *analysis) behindAll(nodes []int, back [][]int) []int {
	seen := make(map[int]bool, len(nodes))
	for _, n := range nodes {
		seen[n] = true
	}
	locks := a.graphBack()
	var queue []int
	for todo := slices.Clone(nodes); len(todo) > 0; todo = todo[1:] {
		next := back[todo[0]]
		if todo[0] < len(locks) {
			next = slices.Concat(next, locks[todo[0]])
		}
		for _, n := range next {
			if seen[n] || n < len(a.claimed) && a.claimed[n] {
				continue
			}
			seen[n] = true
			todo = append(todo, n)
			if n < len(a.claimed) {
				a.claim(n, Deadlock)
				queue = append(queue, n)
			}
		}
	}
	slices.Sort(queue)
	return queue
}

// graphBack returns the reversed edges of the graph of locks.
func (a *analysis) graphBack() [][]int {
	if a.back == nil {
		a.back = a.graph.reversed()
	}
	return a.back
}

// cycleCertainty returns how sure a cycle is. Of goroutines that all wait for their next message, as they have done before, the first may come
// from elsewhere while the program goes on: so do two that serve each other and have nothing to do.
func (a *analysis) cycleCertainty(cycle []int) Certainty {
	for _, i := range cycle {
		w := a.wait(i)
		if !receives(w) || w.Probe.Op == runtime.OpRecv && !a.again(i) {
			return Likely
		}
	}
	for i := range a.s.Goroutines {
		if !a.claimed[i] && a.inScope(i) && a.eventful(i) {
			return Possible
		}
	}
	return Likely
}

// again reports whether goroutine i has been before at the place where it waits.
func (a *analysis) again(i int) bool {
	history := a.g(i).History
	return len(history) > 1 && slices.ContainsFunc(history[1:], func(s snapshot.Step) bool { return s.Probe == a.wait(i).Probe })
}

// link says why goroutine i waits for goroutine j.
func (a *analysis) link(i, j int) string {
	if _, ok := a.graph.lockOf(i); ok {
		return a.because(i, j)
	}
	w := a.wait(i)
	send := w.Probe.Op == runtime.OpSend
	obj := w.Obj
	for _, c := range w.Cases {
		if f := a.partner(c.Obj, c.Send); f != nil && f.Goroutine == a.g(j).ID {
			obj, send = c.Obj, c.Send
			break
		}
	}
	f := a.partner(obj, send)
	if f == nil {
		return a.object(obj, w.Probe)
	}
	did := "sent to"
	if send {
		did = "received from"
	}
	return fmt.Sprintf("goroutine %d %s %s last, at %s%s %s ago", f.Goroutine, did, a.object(obj, w.Probe), a.place(f.Probe), in(f.Probe.Func), a.ago(f.At))
}

// channelFix says how to break a cycle: where a lock is held while its holder waits for a channel.
func (a *analysis) channelFix(cycle []int) string {
	for k, i := range cycle {
		w := a.wait(i)
		if _, ok := a.graph.lockOf(i); ok {
			continue
		}
		before := a.wait(cycle[(k+len(cycle)-1)%len(cycle)])
		if h := a.holder(before.Obj, i); h.hold != nil {
			return fmt.Sprintf("unlock %s, locked at %s, before %s: who would end that wait needs it", a.object(before.Obj, before.Probe), a.place(h.hold.Probe), a.place(w.Probe))
		}
	}
	return fmt.Sprintf("let one of them go on without the other: a buffer, or a select with a case that ends the wait at %s", a.place(a.wait(cycle[0]).Probe))
}
