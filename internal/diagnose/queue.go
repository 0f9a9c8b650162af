package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/runtime"
)

// queues finds the goroutines that have queued for locks for too long, and what the holder at the head of each queue is doing:
// a hundred that wait behind one slow read are one finding, whose root is the read.
func queues(a *analysis) {
	roots := make([]int, len(a.s.Goroutines))
	for i := range roots {
		roots[i] = unvisited
	}
	type key struct {
		root int    // noHolder: nobody known
		obj  uint64 // of a queue whose holder is not known
	}
	lists := make(map[key][]int)
	var order []key
	for i := range a.s.Goroutines {
		l, ok := a.graph.lockOf(i)
		if !ok || a.claimed[i] {
			continue
		}
		k := key{root: a.root(i, roots)}
		if k.root < 0 {
			k.root, k.obj = noHolder, l.obj
		}
		if lists[k] == nil {
			order = append(order, k)
		}
		lists[k] = append(lists[k], i)
	}
	for _, k := range order {
		if list := lists[k]; slices.ContainsFunc(list, a.long) {
			a.queue(k.root, list)
		}
	}
}

const (
	unvisited = -1 - iota
	onPath
	noHolder
)

// root returns the goroutine at the head of the queue that goroutine i is in: it waits for no lock. Roots remembers them. The
// answer is negative if the holder of a lock on the way is not known.
func (a *analysis) root(i int, roots []int) int {
	var path []int
	r := noHolder
	for n := i; ; {
		if roots[n] != unvisited {
			if r = roots[n]; r == onPath {
				r = noHolder // a cycle; deadlocks has dealt with it
			}
			break
		}
		if _, waits := a.graph.lockOf(n); !waits {
			r = n
			break
		}
		roots[n] = onPath
		path = append(path, n)
		next := a.ahead(n)
		if next < 0 {
			break
		}
		n = next
	}
	for _, n := range path {
		roots[n] = r
	}
	return r
}

// ahead returns the goroutine that goroutine i waits for; of several readers the one that has not moved for longest. It is the same for
// all that wait for the lock.
func (a *analysis) ahead(i int) int {
	at := a.graph.edges[i][0]
	j, ok := a.first[at]
	if !ok {
		if j = noHolder; len(a.graph.edges[at]) > 0 {
			j = a.oldest(a.graph.edges[at])
		}
		a.first[at] = j
	}
	return j
}

// queue makes the finding of one queue.
func (a *analysis) queue(root int, list []int) {
	f := Finding{Kind: KindStuck, Certainty: a.unsure(Likely, list)}
	longest := time.Duration(0)
	for _, i := range list {
		longest = max(longest, a.waited(i))
		v := OK
		if a.long(i) {
			v = Stuck
		}
		a.claim(i, v)
	}
	w := a.wait(list[0])
	what := fmt.Sprintf("%s %s for %s", a.who(list), verb(len(list), "waits"), a.object(w.Obj, w.Probe))
	if root < 0 {
		f.Goroutines = a.ids(list)
		f.Title = what + ", and who holds it is not known"
		f.Why = append(a.others("waiting", list), "it was taken where there is no probe, or the record had no room to note it")
		f.Fix = "build again with -probe lock and with -deps for the module that takes it"
		a.add(f)
		return
	}
	f.Root = a.g(root).ID
	all := list
	if !a.claimed[root] {
		all = slices.Concat([]int{root}, list)
		v := a.verdict[root]
		if a.long(root) && !v.Bad() {
			v = Stuck
		}
		a.claim(root, v)
	}
	f.Goroutines = a.ids(all)
	a.queueWords(&f, root, w.Probe.Op, what)
	f.Why = append(f.Why, a.step(root))
	if j := a.awaited(root, list); j >= 0 {
		a.mutual(&f, root, j, list)
	}
	if w := a.wait(root); w != nil && w.Probe.Op == runtime.OpIO {
		f.Why = append(f.Why, a.ioFacts(a.ioOf(w))...)
	}
	f.Why = append(f.Why, a.chain(list, root)...)
	f.Why = append(f.Why, a.others("waiting", list)...)
	a.add(f)
}

// queueWords names the cause of a queue by what its root does. op is that of the goroutines that wait.
func (a *analysis) queueWords(f *Finding, root int, op runtime.Op, what string) {
	g, w := a.g(root), a.wait(root)
	switch {
	case w != nil:
		f.Kind = KindLockAcrossWait
		if f.Certainty == Likely {
			f.Certainty = Certain // what is held, and across what, is no guess
		}
		if w.Probe.Op == runtime.OpIO && isWrite(w.Probe) && a.long(root) {
			f.Kind = KindUnreadPeer
		}
		f.Title = fmt.Sprintf("%s, which goroutine %d holds while it %s", what, g.ID, a.does(w))
		f.Fix = fmt.Sprintf("unlock before %s, and lock again after it; or make what it waits for end sooner", a.place(w.Probe))
		if op == runtime.OpOnce {
			f.Fix = fmt.Sprintf("do not wait at %s in the function of a Once, or not for so long", a.place(w.Probe))
		}
	case a.verdict[root] == Busy:
		f.Kind = KindBusy
		f.Title = fmt.Sprintf("%s, which goroutine %d holds and has computed with for %s", what, g.ID, Duration(a.waited(root)))
		f.Fix = "compute outside of the lock, or in smaller steps"
	default:
		f.Title = fmt.Sprintf("%s, which goroutine %d holds", what, g.ID)
		f.Fix = "hold the lock for less time, or by fewer goroutines"
	}
}

// chain says how the one of list that has waited longest is connected with the root: who holds what it waits for, and so on.
func (a *analysis) chain(list []int, root int) []string {
	var lines []string
	for i := a.oldest(list); i != root; {
		j := a.ahead(i)
		if j < 0 {
			break
		}
		lines = append(lines, a.because(i, j))
		i = j
	}
	slices.Reverse(lines)
	return shorten(lines)
}

// shorten tells a long chain from both ends, and how much is left out.
func shorten(lines []string) []string {
	const room = 16
	n := len(lines)
	if n <= room {
		return lines
	}
	return slices.Concat(lines[:room/2], []string{fmt.Sprintf("… %d more steps, of the same chain, are left out here …", n-room)}, lines[n-room/2:])
}
