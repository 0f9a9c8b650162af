package diagnose

import (
	"fmt"

	"github.com/awaittrace/awaittrace/runtime"
)

// awaited returns a goroutine of list, all of which wait for locks that goroutine root holds, that root waits for itself: by a WaitGroup or a channel that only
// goroutines which wait too are known to be able to use (see family.go). It returns -1 if there is none. In
//
//	mu.Lock()                          // and elsewhere:
//	go func() { work(); close(done) }()    func work() { mu.Lock(); … }
//	<-done
//
// the first waits for the second by done, and the second for the first by mu.
func (a *analysis) awaited(root int, list []int) int {
	w := a.wait(root)
	if w == nil || !a.s.HasStates || !a.long(root) {
		return -1
	}
	if a.kin == nil {
		a.kin = newBlocking(a, true, nil)
	}
	if a.kin.back == nil || !a.kin.in[root] {
		return -1
	}
	o := a.s.Objects[w.Obj]
	if o == nil {
		return -1
	}
	made, by := o.Made, ""
	if w.Probe.Op == runtime.OpWait {
		made, by = o.Sent, goOfWaitGroup
	}
	k, family := a.family(made, by)
	if len(family) == 0 {
		return -1
	}
	for _, j := range list {
		c := a.g(j).CreatedBy
		if c != nil && c.Goroutine == k.parent && (k.fn == "" || c.Func == k.fn) && !(w.Probe.Op == runtime.OpWait && a.hasPaid(j, o)) {
			return j
		}
	}
	return -1
}

// mutual makes f, the finding of a queue whose root waits for goroutine j of list, a deadlock.
func (a *analysis) mutual(f *Finding, root, j int, list []int) {
	w, before := a.wait(root), a.wait(j)
	f.Kind, f.Certainty = KindDeadlock, a.unsure(Likely, []int{root, j})
	for _, i := range append([]int{root}, list...) {
		if a.verdict[i] != OK {
			a.verdict[i] = Deadlock
		}
	}
	f.Title = fmt.Sprintf("%s wait for each other", names(a.ids([]int{root, j})))
	if n := len(list) - 1; n > 0 {
		f.Title += fmt.Sprintf(", and %d more behind them", n)
	}
	f.Why = append(f.Why, fmt.Sprintf("all who are known to be able to end that are waiting themselves: goroutine %d for what goroutine %d holds", a.g(j).ID, a.g(root).ID))
	if h := a.holder(before.Obj, root); h.hold != nil {
		f.Fix = fmt.Sprintf("unlock %s, locked at %s, before %s: who would end that wait needs it", a.object(before.Obj, before.Probe), a.place(h.hold.Probe), a.place(w.Probe))
	}
}
