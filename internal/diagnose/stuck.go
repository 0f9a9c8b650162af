package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// stuck finds all other waits that are longer than they should be. Goroutines that wait at the same place, or for the same object, have the same
// cause.
func stuck(a *analysis) {
	var list []int
	a.unclaimed(Stuck, func(i int) { list = append(list, i) })
	for _, group := range a.sameCause(list) {
		a.stuckTogether(group)
	}
}

// sameCause divides list into groups: two goroutines are in the same if they wait at the same probe, both in Options.Scope or neither, or for the same object. Groups are in the
// order of their first members.
func (a *analysis) sameCause(list []int) [][]int {
	parent := make([]int, len(list))
	find := func(k int) int {
		for parent[k] != k {
			parent[k] = parent[parent[k]]
			k = parent[k]
		}
		return k
	}
	type place struct {
		probe   *snapshot.Probe
		inScope bool
	}
	probes, objects := make(map[place]int), make(map[uint64]int)
	for k, i := range list {
		parent[k] = k
		w := a.wait(i)
		at := place{w.Probe, a.inScope(i)}
		if j, ok := probes[at]; ok {
			parent[find(k)] = find(j)
		} else {
			probes[at] = k
		}
		if w.Obj == 0 {
			continue
		}
		if j, ok := objects[w.Obj]; ok {
			parent[find(k)] = find(j)
		} else {
			objects[w.Obj] = k
		}
	}
	at := make(map[int]int)
	var groups [][]int
	for k, i := range list {
		root := find(k)
		n, ok := at[root]
		if !ok {
			n = len(groups)
			at[root] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], i)
	}
	return groups
}

func (a *analysis) stuckTogether(list []int) { a.together(list, a.sure(list)) }

// together makes the finding of goroutines that wait for the same cause.
func (a *analysis) together(list []int, c Certainty) {
	kind, verdict := KindStuck, Stuck
	lost := a.allLost(list)
	if lost || a.allLeaked(list) {
		kind, verdict = KindLeak, Leaked
	}
	for _, i := range list {
		a.claim(i, verdict)
	}
	i := a.oldest(list)
	w := a.wait(i)
	f := Finding{Kind: kind, Certainty: c, Goroutines: a.ids(list), Root: a.g(i).ID}
	f.Title = fmt.Sprintf("%s %s at %s %s", a.who(list), verb(len(list), a.does(w)), a.place(w.Probe), a.span(list))
	f.Why = append(f.Why, a.step(i))
	f.Why = append(f.Why, a.origin(i)...)
	if held := a.g(i).Holds; len(held) > 0 {
		f.Why = append(f.Why, fmt.Sprintf("meanwhile it holds %s, taken at %s", a.object(held[len(held)-1].Obj, held[len(held)-1].Probe), a.place(held[len(held)-1].Probe)))
	}
	f.Why = append(f.Why, a.waitFacts(w)...)
	if lost {
		f.Why = append(f.Why, a.nobody(w))
	}
	if n := a.threads(list); n > 1 {
		f.Why = append(f.Why, fmt.Sprintf("they keep %d threads from other work", n))
	}
	if n := a.objects(list); n > 1 {
		f.Why = append(f.Why, fmt.Sprintf("the others wait in the same way, for %s in all", plural(n, "object")))
	}
	if len(list) > 1 {
		f.Why = append(f.Why, a.others("waiting", list)...)
	}
	f.Fix = a.stuckFix(w)
	if lost && w.Probe.Op == runtime.OpSend && w.Cap == 0 {
		f.Fix = fmt.Sprintf("make the channel at %s with a buffer for what is sent when the receiver has gone, or let the sender at %s give up when the receiver does",
			a.place(a.s.Objects[w.Obj].Made.Probe), a.place(w.Probe))
	}
	a.add(f)
}

// threads counts the goroutines of list that keep a thread, in a system call or in C code.
func (a *analysis) threads(list []int) int {
	n := 0
	for _, i := range list {
		if g := a.g(i); g.State == "syscall" && g.ThreadID != 0 {
			n++
		}
	}
	return n
}

// objects counts the objects that the goroutines of list wait for.
func (a *analysis) objects(list []int) int {
	objs := make(map[uint64]bool)
	for _, i := range list {
		if w := a.wait(i); w.Obj != 0 {
			objs[w.Obj] = true
		}
	}
	return len(objs)
}

// waitFacts says what is known of what w waits for.
func (a *analysis) waitFacts(w *snapshot.Wait) []string {
	if io := a.ioOf(w); io != nil {
		return a.ioFacts(io)
	}
	lines := a.facts(w.Obj, w.Probe.Op == runtime.OpSend)
	for n, c := range w.Cases {
		dir := "receive from "
		if c.Send {
			dir = "send to "
		}
		lines = append(lines, fmt.Sprintf("case %d: %s%s", n+1, dir, orNil(a.object(c.Obj, nil), c.Obj)))
		if c.Obj == 0 {
			continue
		}
		for _, fact := range a.facts(c.Obj, c.Send) {
			lines = append(lines, "  "+fact)
		}
	}
	if w.More > 0 {
		lines = append(lines, fmt.Sprintf("%s more, of which the record has no room to tell", plural(w.More, "case")))
	}
	return lines
}

// sure returns how sure it is that the goroutines of list are stuck: as sure as of the surest.
func (a *analysis) sure(list []int) Certainty {
	c := Possible
	for _, i := range list {
		if a.likely(i) {
			c = Likely
		}
	}
	return a.unsure(c, list)
}

// likely reports whether the wait of goroutine i is likely to be one that nobody will end, rather than one for something that may still come.
func (a *analysis) likely(i int) bool {
	w := a.wait(i)
	switch w.Probe.Op {
	case runtime.OpIO:
		switch w.Probe.Kind {
		case runtime.KindConn, runtime.KindFile, runtime.KindProcess:
			return isOpen(w.Probe)
		}
		return isOpen(w.Probe) || !isRead(w.Probe)
	case runtime.OpSelect:
		return len(w.Cases) > 0 && w.More == 0 && !slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool { return c.Obj != 0 && !a.forsaken(c.Obj, c.Send) })
	case runtime.OpRecv, runtime.OpRange:
		return a.forsaken(w.Obj, false)
	case runtime.OpCond:
		return a.forsaken(w.Obj, false)
	case runtime.OpWait:
		return a.events == 0
	}
	return true
}

// forsaken reports whether nobody who has used a channel or Cond, or made it, goes on, so that it is hard to see who could still act on it. An
// object of which nothing is known may have users without probes.
func (a *analysis) forsaken(obj uint64, send bool) bool {
	o := a.s.Objects[obj]
	if o == nil || o.Made == nil && o.Sent == nil && o.Received == nil {
		return false
	}
	if send {
		return !a.fed(o.Received)
	}
	return !a.fed(o.Sent) && (o.Sent != nil || !a.fed(o.Made))
}

// stuckFix says what to do about a wait.
func (a *analysis) stuckFix(w *snapshot.Wait) string {
	at := a.place(w.Probe)
	switch w.Probe.Op {
	case runtime.OpSend:
		return fmt.Sprintf("see that somebody receives for every send, or let the sender at %s give up (select with ctx.Done(), or a buffer for the last value)", at)
	case runtime.OpRange:
		if f := a.partner(w.Obj, false); f != nil {
			return fmt.Sprintf("close the channel after the last send, at %s, so that the loop at %s ends", a.place(f.Probe), at)
		}
		return fmt.Sprintf("close the channel when everything has been sent, so that the loop at %s ends", at)
	case runtime.OpRecv:
		switch o := a.s.Objects[w.Obj]; {
		case o != nil && o.Stopped:
			return fmt.Sprintf("do not receive from %s at %s when the timer was stopped or has gone off: since Go 1.23 there is nothing to drain", a.object(w.Obj, w.Probe), at)
		case strings.HasSuffix(w.Probe.Expr, ".Done()"):
			return fmt.Sprintf("call the function that cancels the context on every way out of where it was made, so that %s ends: defer it", at)
		}
		return fmt.Sprintf("see that somebody sends to the channel or closes it, also when it fails, or let %s give up (select with ctx.Done())", at)
	case runtime.OpSelect:
		if a.canEnd(w) {
			return fmt.Sprintf("cancel the context of the select at %s when nobody is left who could use its channels", at)
		}
		return fmt.Sprintf("add a case to the select at %s that ends it: ctx.Done(), or a channel that is closed at shutdown", at)
	case runtime.OpWait:
		return "see that every Add is followed by one Done on every way out: defer it"
	case runtime.OpCond:
		return "signal after every change of the condition, with the lock held"
	case runtime.OpIO:
		if isOpen(w.Probe) {
			return "see why nobody has the other end of the pipe open, and open it where nobody else has to wait for that"
		}
		return fmt.Sprintf("give %s a deadline or a context, so that it ends when the other side does not answer", at)
	}
	return ""
}

// canEnd reports whether a select has a case for the end of a context.
func (a *analysis) canEnd(w *snapshot.Wait) bool {
	return strings.Contains(w.Probe.Expr, ".Done()") || slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool {
		o := a.s.Objects[c.Obj]
		return o != nil && strings.HasSuffix(o.Expr, ".Done()")
	})
}
