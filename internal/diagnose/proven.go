package diagnose

import (
	"fmt"
	"slices"
)

// proven finds the goroutines of which the garbage collector has proven that nothing can wake them, and that no finding explains yet, however long they
// have waited.
func proven(a *analysis) {
	var probed, unprobed []int
	for i := range a.s.Goroutines {
		switch {
		case a.claimed[i] || !a.g(i).Leaked:
		case a.wait(i) != nil:
			probed = append(probed, i)
		default:
			unprobed = append(unprobed, i)
		}
	}
	for _, group := range a.sameCause(probed) {
		a.together(group, Certain)
	}
	a.leakedUnprobed(unprobed)
}

// leakedUnprobed makes the findings of goroutines that wait where there is no probe, one for each go statement that started them.
func (a *analysis) leakedUnprobed(list []int) {
	groups := make(map[string][]int)
	var order []string
	for _, i := range list {
		at := ""
		if c := a.g(i).CreatedBy; c != nil {
			at = a.position(c.File, c.Line)
		}
		if groups[at] == nil {
			order = append(order, at)
		}
		groups[at] = append(groups[at], i)
	}
	for _, at := range order {
		list := groups[at]
		for _, i := range list {
			a.claim(i, Leaked)
		}
		f := Finding{Kind: KindLeak, Goroutines: a.ids(list), Root: a.g(list[0]).ID}
		f.Title = fmt.Sprintf("%s %s for what can never come", a.who(list), verb(len(list), "waits"))
		f.Why = append([]string{a.step(list[0])}, a.started(list[0])...)
		f.Fix = "end what it waits for before it is forgotten: cancel its context, or close its channel"
		a.add(f)
	}
}

// prove makes a finding certain if the garbage collector has proven that nothing can wake its goroutines.
func (a *analysis) prove(f *Finding) {
	n := 0
	for _, id := range f.Goroutines {
		if i, ok := a.graph.index[id]; ok && a.g(i).Leaked {
			n++
		}
	}
	if n == 0 {
		return
	}
	f.Certainty = Certain
	who, waits := "it", "it waits"
	if len(f.Goroutines) > 1 {
		who, waits = fmt.Sprintf("%d of them", n), "they wait"
	}
	f.Why = append(f.Why, fmt.Sprintf("the garbage collector has proven that nothing can wake %s: nothing that goes on can reach what %s for", who, waits))
}

// allLeaked reports whether the garbage collector has proven all of list to wait for ever.
func (a *analysis) allLeaked(list []int) bool {
	return !slices.ContainsFunc(list, func(i int) bool { return !a.g(i).Leaked })
}
