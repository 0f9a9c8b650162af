package diagnose

import (
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/runtime"
)

// behind adds to the findings the goroutines that wait for an event which only goroutines of these findings could bring about: the
// one that waits for a WaitGroup whose Dones they owe, or for a channel that they should close.
func behind(a *analysis) {
	if a.s.HasStates && len(a.findings) > 0 {
		a.fold(newBlocking(a, true, nil))
	}
}

// fold adds to the findings who waits for their goroutines by a channel whose other side is all in b, and who waits for those.
func (a *analysis) fold(b *blocking) {
	if b.back == nil {
		return
	}
	finding := make(map[int]int) // by node
	var todo []int
	for k := range a.findings {
		if doubt(a.s, &a.findings[k]) {
			continue
		}
		for _, id := range a.findings[k].Goroutines {
			i := a.graph.index[id]
			if _, ok := finding[i]; !ok {
				finding[i] = k
				todo = append(todo, i)
			}
		}
	}
	slices.Sort(todo)
	more := make(map[int][]int)
	for ; len(todo) > 0; todo = todo[1:] {
		k := finding[todo[0]]
		for _, n := range b.back[todo[0]] {
			if _, ok := finding[n]; ok || !b.in[n] || n >= len(a.graph.edges) && !b.group[n] || b.claimed(n) {
				continue
			}
			finding[n] = k
			todo = append(todo, n)
			if n < len(a.claimed) {
				a.claim(n, behindVerdict(a.findings[k].Kind))
				more[k] = append(more[k], n)
			}
		}
	}
	for k := range a.findings {
		if list := more[k]; len(list) > 0 {
			slices.Sort(list)
			f := &a.findings[k]
			f.Goroutines = append(f.Goroutines, a.ids(list)...)
			f.Why = append(f.Why, a.others("waiting for them, or behind who does", list)...)
			f.Why = append(f.Why, a.owing(list)...)
		}
	}
}

// behindVerdict returns the verdict of a goroutine that waits for one of a finding.
func behindVerdict(k Kind) Verdict {
	if k == KindDeadlock {
		return Deadlock
	}
	return Stuck
}

// owing says who owes a Done to the WaitGroups that goroutines of list wait for, of one at each place.
func (a *analysis) owing(list []int) []string {
	var lines []string
	for _, p := range a.places(list) {
		w := a.wait(p.list[0])
		if o := a.s.Objects[w.Obj]; o != nil && w.Probe.Op == runtime.OpWait {
			lines = append(lines, a.owed(o.Addr)...)
		}
	}
	return lines
}

// owed says how many Dones the WaitGroup at addr is owed, and by whom.
func (a *analysis) owed(addr uint64) []string {
	o := a.s.Objects[addr]
	if o == nil || o.Kind != runtime.KindWaitGroup {
		return nil
	}
	var lines []string
	name := a.object(addr, nil)
	if o.Count > 0 {
		lines = append(lines, fmt.Sprintf("%s is owed %s", name, plural(o.Count, "Done")))
	}
	if !a.s.HasStates || o.Sent == nil {
		return lines
	}
	list := a.owers(o)
	if len(list) == 0 {
		return append(lines, "no goroutine is left that was started by the one which called Add, and has not called Done")
	}
	return append(lines, a.others("may owe it a Done, and was started where Add was called", list)...)
}
