package diagnose

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Who may use a channel that nobody has used yet, or owes a WaitGroup its Done, no record says. Most often it is a goroutine that was started
// where the channel was made or Add was called:
//
//	done := make(chan bool)
//	go func() { …; close(done) }()
//	<-done
//
// So the goroutines that one goroutine has started are a family, and those that it started in one function a closer one. They are known where the
// states of all goroutines are.

// A familyKey names the goroutines that a goroutine has started in a function, or, with an empty one, in all.
type familyKey struct {
	parent int64
	fn     string
}

// goOfWaitGroup is the function whose go statement starts what WaitGroup.Go is given.
const goOfWaitGroup = "sync.(*WaitGroup).Go"

// family returns the goroutines that may act for what f tells of, which its goroutine made or added to, and their family: those that it has started in the
// same function, or in the function by if that is not empty, or, if there are none, all that it has started.
func (a *analysis) family(f *snapshot.Fact, by string) (familyKey, []int) {
	if f == nil || f.Probe == nil {
		return familyKey{}, nil
	}
	if a.families == nil {
		a.families = make(map[familyKey][]int)
		for i := range a.s.Goroutines {
			if c := a.g(i).CreatedBy; c != nil && c.Goroutine != 0 && a.g(i).State != "exited" {
				for _, k := range []familyKey{{c.Goroutine, c.Func}, {parent: c.Goroutine}} {
					a.families[k] = append(a.families[k], i)
				}
			}
		}
	}
	for _, k := range []familyKey{{f.Goroutine, by}, {f.Goroutine, f.Probe.Func}} {
		if list := a.families[k]; k.fn != "" && len(list) > 0 {
			return k, list
		}
	}
	k := familyKey{parent: f.Goroutine}
	return k, a.families[k]
}

// owers returns the goroutines that are likely to owe the WaitGroup o a Done: the family of the one that called Add last, without those that have called Done, or
// wait for it.
func (a *analysis) owers(o *snapshot.Object) []int {
	_, all := a.family(o.Sent, goOfWaitGroup)
	var list []int
	for _, i := range all {
		if w := a.wait(i); (w == nil || w.Obj != o.Addr) && !a.hasPaid(i, o) {
			list = append(list, i)
		}
	}
	return list
}

// hasPaid reports whether goroutine i is known to have been where Done was called last for the WaitGroup o.
func (a *analysis) hasPaid(i int, o *snapshot.Object) bool {
	return o.Received != nil && slices.ContainsFunc(a.g(i).History, func(s snapshot.Step) bool { return s.Probe == o.Received.Probe })
}

// relatives notes that goroutine i waits for the goroutine of f, and for its family (see analysis.family). It reports whether there is anybody.
func (b *blocking) relatives(i int, f *snapshot.Fact, by string) bool {
	known := false
	if j, ok := b.other(i, f); ok {
		b.deps[i] = append(b.deps[i], j)
		known = true
	}
	k, list := b.a.family(f, by)
	if len(list) == 0 {
		return known
	}
	n, ok := b.groups[k]
	if !ok {
		n = b.node(list)
		b.groups[k], b.group[n] = n, true
	}
	b.deps[i] = append(b.deps[i], n)
	return true
}

// waitGroup notes who may end the wait of goroutine i for the WaitGroup at obj, and reports whether that is known. Where no more goroutines can owe it a Done than
// it is owed, it is these; otherwise the one that adds to it and its family, and without one who called Done last.
func (b *blocking) waitGroup(i int, obj uint64) bool {
	o := b.a.s.Objects[obj]
	if o == nil {
		return false
	}
	n, ok := b.debts[obj]
	if !ok {
		n = -1
		if list := b.a.owers(o); len(list) > 0 && len(list) <= o.Count {
			n = b.node(list)
			b.group[n] = true
		}
		b.debts[obj] = n
	}
	if n >= 0 {
		b.deps[i] = append(b.deps[i], n)
		return true
	}
	if b.relatives(i, o.Sent, goOfWaitGroup) {
		return true
	}
	j, ok := b.other(i, o.Received)
	if ok {
		b.deps[i] = append(b.deps[i], j)
	}
	return ok
}
