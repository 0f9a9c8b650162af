package diagnose

import "fmt"

// unreadPeers finds the writes to a connection whose peer does not read: the buffers on both sides are full.
func unreadPeers(a *analysis) {
	var list []int
	a.unclaimed(Stuck, func(i int) {
		if isWrite(a.wait(i).Probe) {
			list = append(list, i)
		}
	})
	for _, p := range a.places(list) {
		for _, i := range p.list {
			a.claim(i, Stuck)
		}
		i := a.oldest(p.list)
		w := a.wait(i)
		f := Finding{Kind: KindUnreadPeer, Certainty: a.unsure(Likely, p.list), Goroutines: a.ids(p.list), Root: a.g(i).ID}
		f.Title = fmt.Sprintf("%s %s in %s %s: the peer does not read", a.who(p.list), verb(len(p.list), "is"), p.probe.Expr, a.span(p.list))
		f.Why = append(f.Why, a.step(i))
		io := a.ioOf(w)
		f.Why = append(f.Why, a.ioFacts(io)...)
		if io != nil && io.Unsent > 0 {
			f.Certainty = Certain
		}
		if len(p.list) > 1 {
			f.Why = append(f.Why, a.others("waiting", p.list)...)
		}
		f.Fix = fmt.Sprintf("set a write deadline before %s, and see why the peer has stopped reading", a.place(p.probe))
		if io != nil && io.Deadline > 0 {
			f.Fix = "see why the peer has stopped reading, and whether the write deadline is as short as it can be"
		}
		a.add(f)
	}
}
