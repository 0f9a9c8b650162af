package diagnose

import (
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
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

// lost reports whether nobody is known to be left who could end the wait of goroutine i for a channel, or for those of a select: who made the channel and who used its other
// side have exited, or have returned from where they did so, and of their family nobody is left who does not wait for it too.
func (a *analysis) lost(i int) bool {
	w := a.wait(i)
	if !a.s.HasStates || w.More > 0 {
		return false
	}
	switch w.Probe.Op {
	case runtime.OpSend:
		return a.lostChannel(i, w.Obj, true)
	case runtime.OpRecv, runtime.OpRange:
		return a.lostChannel(i, w.Obj, false)
	case runtime.OpSelect:
		for _, c := range w.Cases {
			if c.Obj != 0 && !a.lostChannel(i, c.Obj, c.Send) {
				return false
			}
		}
		return len(w.Cases) > 0
	}
	return false
}

func (a *analysis) lostChannel(i int, obj uint64, send bool) bool {
	o := a.s.Objects[obj]
	if o == nil || o.Made == nil {
		return false
	}
	if f := a.partner(obj, send); f != nil && !f.Exited {
		return false
	}
	made := o.Made
	if made.Goroutine != a.g(i).ID && !made.Exited && !a.left(made.Goroutine, made.Probe.Func) {
		return false
	}
	others, ok := a.relations[obj]
	if !ok {
		_, family := a.family(made, "")
		others = slices.ContainsFunc(family, func(j int) bool { return !a.waitsFor(j, obj) })
		if a.relations == nil {
			a.relations = make(map[uint64]bool)
		}
		a.relations[obj] = others
	}
	return !others
}

// waitsFor reports whether goroutine j waits for obj.
func (a *analysis) waitsFor(j int, obj uint64) bool {
	w := a.wait(j)
	return w != nil && (w.Obj == obj || slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool { return c.Obj == obj }))
}

// allLost reports whether nobody is left who could end any of the waits of list.
func (a *analysis) allLost(list []int) bool {
	return !slices.ContainsFunc(list, func(i int) bool { return !a.lost(i) })
}

// nobody says that nobody is left for the channel of w, and where who made it has gone.
func (a *analysis) nobody(w *snapshot.Wait) string {
	s := "nobody is known to be left who could end that"
	o := a.s.Objects[w.Obj]
	switch {
	case o == nil || o.Made == nil:
	case o.Made.Exited:
		s += fmt.Sprintf(": goroutine %d, which made the channel, has exited", o.Made.Goroutine)
	case a.left(o.Made.Goroutine, o.Made.Probe.Func):
		s += fmt.Sprintf(": goroutine %d, which made the channel, has returned from %s", o.Made.Goroutine, ShortFunc(o.Made.Probe.Func))
	}
	return s
}
