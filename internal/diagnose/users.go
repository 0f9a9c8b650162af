package diagnose

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// No record says which goroutine may use a channel that has not been used yet, or owes a WaitGroup its Done. Most often
// it is a goroutine that was started where the channel was made or Add was called:
//
//	done := make(chan bool)
//	go func() { …; close(done) }()
//	<-done
//
// So the goroutines that one goroutine has started are a family, and those that it started in one function a closer
// one. Families are known if the states of all goroutines are.

// A familyKey identifies the goroutines that a goroutine has started: in the function fn, or, if that is empty, in any.
type familyKey struct {
	parent int64
	fn     string
}

// goOfWaitGroup is the function whose go statement starts the argument of WaitGroup.Go.
const goOfWaitGroup = "sync.(*WaitGroup).Go"

// byGo reports whether WaitGroup.Go started goroutine i, so that its go statement says nothing.
func (f *facts) byGo(i int) bool {
	c := f.g(i).CreatedBy
	return c != nil && c.Func == goOfWaitGroup
}

// family returns the goroutines that may act on what p describes, which the goroutine of p made or added to: those that
// it has started in the same function, or in the function by if that is not empty, or, if there are none, all that it
// has started.
func (f *facts) family(p *snapshot.Fact, by string) (familyKey, []int) {
	if p == nil || p.Probe == nil {
		return familyKey{}, nil
	}
	if f.families == nil {
		f.families = make(map[familyKey][]int)
		for i := range f.s.Goroutines {
			if f.g(i).State == "unknown" && !f.s.HasStates { // it may be of any family
				clear(f.families)
				break
			}
			if c := f.g(i).CreatedBy; c != nil && c.Goroutine != 0 && f.g(i).State != "exited" {
				all := familyKey{parent: c.Goroutine}
				f.families[all] = append(f.families[all], i)
				if c.Func != "" { // tests do not set it
					k := familyKey{c.Goroutine, c.Func}
					f.families[k] = append(f.families[k], i)
				}
			}
		}
	}
	for _, k := range []familyKey{{p.Goroutine, by}, {p.Goroutine, p.Probe.Func}} {
		if list := f.families[k]; k.fn != "" && len(list) > 0 {
			return k, list
		}
	}
	k := familyKey{parent: p.Goroutine}
	return k, f.families[k]
}

// owers returns the goroutines that are likely to owe the WaitGroup o a Done: the family of the one that called Add
// last, except those that have called Done or wait for o. If all that were started right after the Add wait for o, and
// o is owed exactly that many Dones, it returns these.
func (f *facts) owers(o *snapshot.Object) []int {
	_, all := f.family(o.Sent, goOfWaitGroup)
	if len(all) == 0 && f.onlyAsleep() { // it is unknown who started whom
		for i := range f.s.Goroutines {
			if f.wait(i) != nil {
				all = append(all, i)
			}
		}
	}
	var list, waiting []int
	for _, i := range all {
		switch {
		case f.hasPaid(i, o):
		case !f.waitsFor(i, o.Addr):
			list = append(list, i)
		case behindAdd(f.g(i).CreatedBy, o.Sent):
			waiting = append(waiting, i)
		}
	}
	if len(list) == 0 && len(waiting) == o.Count {
		return waiting
	}
	if i, ok := f.other(-1, o.Sent); ok && len(list) == 0 && f.waitsFor(i, o.Addr) && f.cameBack(i, o.Sent.Probe) {
		return []int{i}
	}
	// The Add is for the goroutines that were started right after it.
	if near := slices.DeleteFunc(slices.Clone(list),
		func(i int) bool { return !behindAdd(f.g(i).CreatedBy, o.Sent) }); len(near) > 0 {
		return near
	}
	return list
}

// cameBack reports whether goroutine i is in an outer call of the function of p that has passed p, and has called the
// function again.
func (f *facts) cameBack(i int, p *snapshot.Probe) bool {
	var calls []snapshot.Frame
	for _, fr := range f.g(i).Stack {
		if sameFunc(fr.Func, p.Func) {
			calls = append(calls, fr)
		}
	}
	return len(calls) > 1 && calls[len(calls)-1].Line > p.Line
}

// onlyAsleep reports whether the program has ended because all goroutines were asleep, and only its record is known.
func (f *facts) onlyAsleep() bool { return f.s.Asleep && !f.s.HasStates }

// atOnePlace reports whether all goroutines of list wait at the same place.
func (f *facts) atOnePlace(list []int) bool {
	return every(list, func(i int) bool { return *f.wait(i).Probe == *f.wait(list[0]).Probe })
}

// behindAdd reports whether a go statement directly follows the Add of add:
//
//	wg.Add(1)
//	go func() { … }()
func behindAdd(c *snapshot.Created, add *snapshot.Fact) bool {
	return c != nil && c.File == add.Probe.File && c.Line == add.Probe.Line+1
}

// hasPaid reports whether goroutine i is known to have been where Done was last called for the WaitGroup o.
func (f *facts) hasPaid(i int, o *snapshot.Object) bool {
	return o.Received != nil &&
		slices.ContainsFunc(f.g(i).History, func(s snapshot.Step) bool { return s.Probe == o.Received.Probe })
}

// users returns the goroutines that have been at a place, except those that wait there. Those wait for another object,
// because this one would have let them go on.
func (f *facts) users(p *snapshot.Probe) []int {
	if f.been == nil {
		f.been = make(map[*snapshot.Probe][]int)
		for i := range f.s.Goroutines {
			w := f.wait(i)
			for k, step := range f.g(i).History {
				if w != nil && w.Probe == step.Probe ||
					slices.ContainsFunc(f.g(i).History[:k],
						func(s snapshot.Step) bool { return s.Probe == step.Probe }) {
					continue
				}
				f.been[step.Probe] = append(f.been[step.Probe], i)
			}
		}
	}
	return f.been[p]
}

// feeders returns the goroutines that have ended such a wait before.
func (f *facts) feeders(w *snapshot.Wait) []*snapshot.Fact {
	if w.Probe.Op == runtime.OpCond {
		return []*snapshot.Fact{f.partner(w.Obj, false)}
	}
	var list []*snapshot.Fact
	for _, c := range cases(w) {
		list = append(list, f.partner(c.Obj, c.Send))
	}
	return list
}

// gone reports whether no goroutine is known to be left that could end the wait of goroutine i for a channel, or for
// those of a select. The maker of the channel and the last user of its other end have exited, or have returned from the
// function where they did so, and all that is left of their family waits for it too.
func (f *facts) gone(i int) bool {
	w := f.wait(i)
	if !f.s.HasStates || w == nil || w.More > 0 || f.unprobed[i] {
		return false
	}
	list := cases(w)
	return len(list) > 0 &&
		every(list, func(c snapshot.Case) bool {
			return len(w.Cases) > 0 && c.Obj == 0 || f.goneChannel(i, c.Obj, c.Send)
		})
}

func (f *facts) goneChannel(i int, obj uint64, send bool) bool {
	o := f.s.Objects[obj]
	if o == nil || o.Made == nil {
		return false
	}
	if p := f.partner(obj, send); p != nil && !p.Exited {
		return false
	}
	made := o.Made
	if made.Goroutine != f.g(i).ID && !made.Exited && !f.left(made.Goroutine, made.Probe.Func) {
		return false
	}
	others, ok := f.relations[obj]
	if !ok {
		_, family := f.family(made, "")
		others = slices.ContainsFunc(family, func(j int) bool { return !f.waitsFor(j, obj) })
		f.relations[obj] = others
	}
	return !others
}

// missingDone reports whether goroutine i waits for a WaitGroup whose Done is owed by a goroutine that has exited: no
// goroutine that could reach the group is left, or the Add was called by one that has exited, in the very function that
// waits.
func (f *facts) missingDone(i int) bool {
	w := f.wait(i)
	if w == nil || w.Probe.Op != runtime.OpWait {
		return false
	}
	o := f.s.Objects[w.Obj]
	if o == nil || o.Count == 0 || len(f.owers(o)) > 0 {
		return false
	}
	if f.proven(i) {
		return true
	}
	return o.Count > 0 && o.Sent != nil && o.Sent.Exited && o.Sent.Probe.Func == w.Probe.Func && f.s.HasStates
}
