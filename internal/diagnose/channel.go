package diagnose

import (
	"fmt"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// fullChannels finds the sends that wait because a buffer is full, and says who should drain it and what that goroutine does instead.
func fullChannels(a *analysis) {
	lists := make(map[uint64][]int)
	var order []uint64
	a.unclaimed(Stuck, func(i int) {
		w := a.wait(i)
		if w.Probe.Op != runtime.OpSend || w.Cap <= 0 || w.Obj == 0 {
			return
		}
		if lists[w.Obj] == nil {
			order = append(order, w.Obj)
		}
		lists[w.Obj] = append(lists[w.Obj], i)
	})
	for _, obj := range order {
		a.fullChannel(obj, lists[obj])
	}
}

func (a *analysis) fullChannel(obj uint64, list []int) {
	i := a.oldest(list)
	w := a.wait(i)
	for _, i := range list {
		a.claim(i, Stuck)
	}
	name := a.object(obj, w.Probe)
	f := Finding{Kind: KindFullChannel, Certainty: a.unsure(Likely, list), Goroutines: a.ids(list)}
	f.Title = fmt.Sprintf("%s %s to %s, which is full with %s", a.who(list), verb(len(list), "sends"), name, plural(w.Cap, "element"))
	f.Fix = fmt.Sprintf("receive from %s for as long as anybody sends, or let the sender at %s give up", name, a.place(w.Probe))
	if o := a.s.Objects[obj]; o != nil && o.Received != nil {
		a.consumer(&f, o.Received)
	}
	f.Why = append(f.Why, a.facts(obj, true)...)
	f.Why = append(f.Why, a.others("sending", list)...)
	a.add(f)
}

// isCause reports whether the wait of goroutine j, who should drain a channel, is why it does not. What would be a wait for new work is none while
// there is work.
func (a *analysis) isCause(j int) bool {
	if a.claimed[j] {
		return false
	}
	return a.verdict[j] == Stuck || a.verdict[j] == Idle && a.long(j) && !a.external(j)
}

// consumer says in f what the goroutine that received last is doing.
func (a *analysis) consumer(f *Finding, last *snapshot.Fact) {
	j, ok := a.graph.index[last.Goroutine]
	switch {
	case last.Exited || !ok:
		f.Title += fmt.Sprintf("; goroutine %d, which received from it, has exited", last.Goroutine)
		return
	case a.wait(j) == nil && a.verdict[j] != Busy:
		f.Certainty = Possible // it goes on, and may come back to the channel
	}
	f.Root = last.Goroutine
	f.Why = append(f.Why, "its consumer: "+a.step(j))
	if a.isCause(j) { // and so are all who wait with it
		f.Why = append(f.Why, a.waitFacts(a.wait(j))...)
		together := []int{j}
		a.claim(j, Stuck)
		a.unclaimed(Stuck, func(i int) {
			if a.wait(i).Probe == a.wait(j).Probe {
				together = append(together, i)
			}
		})
		for _, i := range together[1:] {
			a.claim(i, Stuck)
		}
		if len(together) > 1 {
			f.Why = append(f.Why, a.others("waiting like it", together[1:])...)
		}
		f.Goroutines = append(a.ids(together), f.Goroutines...)
	}
	if w := a.wait(j); w != nil {
		f.Title += fmt.Sprintf("; goroutine %d, which should drain it, %s at %s", last.Goroutine, a.does(w), a.place(w.Probe))
	}
}
