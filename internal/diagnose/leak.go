package diagnose

import (
	"fmt"

	"github.com/awaittrace/awaittrace/runtime"
)

// leaks finds the waits that nothing can end: those for a nil channel.
func leaks(a *analysis) {
	var list []int
	a.unclaimed(Stuck, func(i int) {
		if a.never(i) {
			list = append(list, i)
		}
	})
	for _, p := range a.places(list) {
		for _, i := range p.list {
			a.claim(i, Leaked)
		}
		i := a.oldest(p.list)
		f := Finding{Kind: KindLeak, Certainty: Certain, Goroutines: a.ids(p.list), Root: a.g(i).ID}
		f.Title = fmt.Sprintf("%s %s for ever: the channel is nil", a.who(p.list), verb(len(p.list), "waits"))
		f.Why = []string{a.step(i)}
		f.Fix = fmt.Sprintf("make the channel before %s is reached, or do not wait for it while it is nil", a.place(p.probe))
		a.add(f)
	}
}

// never reports whether goroutine i waits for nil channels only.
func (a *analysis) never(i int) bool {
	w := a.wait(i)
	switch w.Probe.Op {
	case runtime.OpSend, runtime.OpRecv, runtime.OpRange:
		return w.Obj == 0
	case runtime.OpSelect:
		for _, c := range w.Cases {
			if c.Obj != 0 {
				return false
			}
		}
		return len(w.Cases) > 0 && w.More == 0
	}
	return false
}
