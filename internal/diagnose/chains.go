package diagnose

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A chain is a sequence of goroutines, each of which waits for the next, down to a root. A hundred goroutines that
// queue behind one slow read have one cause, whose root is the read.

const (
	unvisited = -1 - iota
	onPath
	noRoot // the holder of the lock at its head is unknown
)

// chains makes the causes of the stuck goroutines that are in no cycle. A library goroutine that only waits for work
// belongs to the goroutines that wait for it, if there are any, because those show the user's own line.
func (d *finder) chains() {
	d.chainsOf(func(i int) bool { return !d.servant(i) })
	d.chainsOf(func(int) bool { return true })
}

// servant reports whether goroutine i belongs to a library, with no function of the user on its stack, and waits for
// something to do.
func (f *facts) servant(i int) bool {
	g, w := f.g(i), f.wait(i)
	return w != nil && f.unprobed[i] && f.proven(i) && receives(w) && len(g.Stack) > 0 && OwnFrame(g.Stack) == nil
}

// chainsOf makes the causes of the goroutines for which may returns true, and of those that wait for them.
func (d *finder) chainsOf(may func(i int) bool) {
	roots := make([]int, d.graph.n)
	for i := range roots {
		roots[i] = unvisited
	}
	queues := make(map[head][]int)
	var order []head
	for i := range d.graph.n {
		if d.claimed[i] || !d.locking(i) && !d.tied(i) || !may(i) {
			continue
		}
		k := head{root: d.root(i, roots)}
		if k.root < 0 {
			k.root, k.obj = noRoot, d.wait(d.end(i)).Obj
		}
		if queues[k] == nil {
			order = append(order, k)
		}
		if k.root != i {
			queues[k] = append(queues[k], i)
		} else if queues[k] == nil {
			queues[k] = []int{}
		}
	}
	alike, alone := d.join(queues, order)
	for _, k := range order {
		if slices.ContainsFunc(queues[k], func(i int) bool { return d.verdict[i].Bad() || d.tied(i) }) {
			d.queue(k.root, k.obj, queues[k], alike[k])
		}
	}
	alone = slices.DeleteFunc(alone, func(i int) bool { return d.claimed[i] })
	for _, group := range d.sameCause(alone) {
		d.together(group)
	}
}

// A head is the root of a chain, or the lock at its end whose holder is unknown.
type head struct {
	root int
	obj  uint64 // of the lock
}

// join gives roots that wait at one place, or for one Cond, one cause: the first of them gets the queues of the others,
// which alike lists. Goroutines that wait for locks stay with their root. alone are the roots that nobody waits for.
func (d *finder) join(queues map[head][]int, order []head) (alike map[head][]int, alone []int) {
	firsts := make(map[spot]head)
	for _, k := range order {
		if len(queues[k]) == 0 || slices.ContainsFunc(queues[k], d.locking) {
			continue
		}
		first, spots := k, d.heads(k.root)
		for _, h := range spots {
			if is, ok := firsts[h]; ok {
				first = is
			}
		}
		for _, h := range spots {
			if _, ok := firsts[h]; !ok {
				firsts[h] = first
			}
		}
	}
	alike = make(map[head][]int)
	for _, k := range order {
		first, is := k, false
		for _, h := range d.heads(k.root) {
			if !is {
				first, is = firsts[h]
			}
		}
		switch {
		case is && first != k && !slices.ContainsFunc(queues[k], d.locking):
			queues[first] = append(queues[first], queues[k]...)
			alike[first] = append(alike[first], k.root)
			queues[k] = nil
		case len(queues[k]) == 0:
			alone = append(alone, k.root)
		}
	}
	return alike, alone
}

// A spot is the place of a wait, or a Cond, within Options.Scope or outside.
type spot struct {
	probe   snapshot.Probe
	cond    uint64
	inScope bool
}

func (d *finder) placeOf(i int) spot { return spot{probe: *d.wait(i).Probe, inScope: d.inScope(i)} }

// heads returns where the root of a chain waits, its place and its Cond, if it is stuck and does not wait for a lock.
func (d *finder) heads(root int) []spot {
	if root < 0 || d.claimed[root] || !d.tied(root) || d.locking(root) {
		return nil
	}
	list := []spot{d.placeOf(root)}
	if w := d.wait(root); w.Probe.Op == runtime.OpCond && w.Obj != 0 {
		list = append(list, spot{cond: w.Obj, inScope: d.inScope(root)})
	}
	return list
}

// tied reports whether goroutine i is stuck, by itself or through the goroutines that it waits for.
func (d *finder) tied(i int) bool {
	return d.wait(i) != nil && (d.verdict[i] == Stuck || d.verdict[i] == Leaked || d.bad[i])
}

// root returns the goroutine at the head of the chain of goroutine i, and remembers it in roots. The result is negative
// if the chain passes a lock whose holder is unknown.
func (d *finder) root(i int, roots []int) int {
	var path []int
	r := noRoot
	for at := i; ; {
		if roots[at] != unvisited {
			if r = roots[at]; r == onPath {
				r = at // a cycle that knots left out
			}
			break
		}
		roots[at] = onPath
		path = append(path, at)
		next, kind := d.next(at)
		d.links[at] = link{next, kind}
		if next == noRoot {
			if !d.locking(at) {
				r = at
			}
			break
		}
		at = next
	}
	for _, at := range path {
		roots[at] = r
	}
	return r
}

// end returns the goroutine at the end of the chain of goroutine i, which waits for a lock whose holder is unknown.
func (d *finder) end(i int) int {
	for d.links[i].to != noRoot {
		i = d.links[i].to
	}
	return i
}

// next returns the goroutine that goroutine i waits for, and how. It returns noRoot if that goroutine is unknown or
// goes on.
func (d *finder) next(i int) (int, linkKind) {
	w := d.wait(i)
	if w == nil || d.claimed[i] {
		return noRoot, byNothing
	}
	if l, ok := d.lockOf(i); ok {
		return d.ahead(l), byLock
	}
	if !d.tied(i) {
		return noRoot, byNothing
	}
	kind := byOther
	if w.Probe.Op == runtime.OpSend {
		kind = byChannel
		if j, ok := d.consumer(i); ok {
			return j, kind
		}
	}
	for _, at := range d.graph.waits[i] {
		nd := d.graph.node(at)
		for _, j := range nd.need.by {
			if j != i && !d.claimed[j] && d.wait(j) != nil && d.cause(i, j, nd) {
				return j, kind
			}
		}
		if j := d.relative(i, nd); j != noRoot {
			return j, kind
		}
	}
	return noRoot, byNothing
}

// relative returns the first goroutine of the family that could meet a need of goroutine i, if its own wait is why i
// waits, or noRoot.
func (d *finder) relative(i int, nd *node) int {
	key, first := nd.need.kin, noRoot
	if key == (familyKey{}) {
		return first
	}
	places, ok := d.kin[key]
	if !ok {
		places = d.kinPlaces(d.families[key])
		d.kin[key] = places
	}
	for _, p := range places {
		if *d.wait(i).Probe == *p.probe {
			continue // likewise
		}
		k := slices.IndexFunc(p.members, func(j int) bool { return d.cause(i, j, nd) })
		if k >= 0 && (first == noRoot || p.members[k] < first) {
			first = p.members[k]
		}
	}
	return first
}

// A kinPlace has the goroutines of a family that wait at one place. For each object it keeps only the first that is
// tied and the first that has waited for long. The others would give the same answer to any question about a cause.
type kinPlace struct {
	probe   *snapshot.Probe
	members []int // in order
}

// kinPlaces returns the places where the goroutines of a family wait. Families may be large, and each of their
// goroutines may ask.
func (d *finder) kinPlaces(family []int) []kinPlace {
	type class struct {
		place int
		obj   uint64
		tied  bool
	}
	var places []kinPlace
	index := make(map[snapshot.Probe]int)
	seen := make(map[class]bool)
	for _, j := range family {
		w := d.wait(j)
		if w == nil || d.claimed[j] {
			continue
		}
		at, ok := index[*w.Probe]
		if !ok {
			at = len(places)
			index[*w.Probe] = at
			places = append(places, kinPlace{probe: w.Probe})
		}
		tied, long := class{at, w.Obj, true}, class{at, w.Obj, false}
		if isTied, isLong := d.tied(j) && !seen[tied], d.long(j) && !seen[long]; isTied || isLong {
			seen[tied], seen[long] = seen[tied] || isTied, seen[long] || isLong
			places[at].members = append(places[at].members, j)
		}
	}
	return places
}

// cause reports whether the wait of goroutine j is why goroutine i waits: j is stuck; or i waits for a WaitGroup that
// is owed exactly as many Dones as there are goroutines that owe one, and should not wait long, whatever j waits for.
func (d *finder) cause(i, j int, nd *node) bool {
	if d.likewise(i, j) || d.servant(j) && d.proven(i) && OwnFrame(d.g(i).Stack) != nil {
		return false
	}
	if d.bad[i] && d.tied(j) && nd.open <= known {
		return true
	}
	w := d.wait(i)
	return (w.Probe.Op == runtime.OpWait || d.ender(i) != nil && nd.need.each) && nd.open == known &&
		d.judge.ending(i) && d.long(j) && (nd.need.each || len(nd.need.by) == 1)
}

// consumer returns the goroutine that should receive what goroutine i sends, if its own wait is why it does not. A
// consumer with work queued is not idle.
func (d *finder) consumer(i int) (int, bool) {
	w := d.wait(i)
	j, ok := d.other(i, d.partner(w.Obj, true))
	if !ok || d.claimed[j] || d.wait(j) == nil || d.likewise(i, j) {
		return 0, false
	}
	switch {
	case d.verdict[j] == Stuck && (w.Cap > 0 || d.bad[i]):
		return j, true
	case w.Cap > 0 && d.verdict[j] == Idle && d.long(j) && !d.judge.external(j) && !d.waitsFor(j, w.Obj):
		return j, true
	}
	return 0, false
}

// ahead returns the goroutine that the lock l waits for: of several readers, the one that has not moved for longest.
// All goroutines that wait for the lock get the same answer.
func (d *finder) ahead(l lock) int {
	at := d.graph.lock(l)
	j, ok := d.first[at]
	if !ok {
		if j = noRoot; len(d.graph.node(at).deps) > 0 {
			j = d.oldest(d.graph.node(at).deps)
		}
		d.first[at] = j
	}
	return j
}

// queue makes the cause of the chains that end at root, and at the roots alike.
func (d *finder) queue(root int, obj uint64, list, alike []int) {
	c := &cause{kind: KindStuck, certainty: d.certaintyOf(list), obj: obj}
	direct := list
	if root >= 0 {
		direct = nil
		for _, i := range list {
			if j, kind := d.linkOf(i); j == root || slices.Contains(alike, j) {
				direct = append(direct, i)
				if c.by == byNothing || kind < c.by { // locks come before channels, channels before other links
					c.by = kind
				}
			}
		}
		if len(direct) == 0 { // all wait for it through goroutines of another cause
			direct = list
		}
	}
	for _, i := range list {
		v := OK
		if d.long(i) {
			v = Stuck
		}
		d.claim(v, i)
	}
	if root < 0 {
		c.by = byLock
		for _, i := range list {
			if l, ok := d.lockOf(i); ok && l.obj == obj {
				c.queue = append(c.queue, i)
			} else {
				c.behind = append(c.behind, i)
			}
		}
		if slices.ContainsFunc(list, func(i int) bool { return d.unprobed[i] }) && c.certainty == Likely &&
			!d.s.HasStates {
			c.certainty = Possible
		}
		d.addCause(c)
		return
	}
	c.queue = list
	c.obj = d.wait(direct[0]).Obj
	fresh := !d.claimed[root]
	if fresh {
		v := d.verdict[root]
		if d.long(root) && !v.Bad() {
			v = Stuck
		}
		d.claim(v, root)
		c.roots = []int{root}
		for _, i := range alike {
			d.claim(v, i)
			c.roots = append(c.roots, i)
		}
	}
	d.kindOfQueue(c, root, direct)
	if c.by != byLock && fresh { // goroutines that wait like the root have the same cause
		for _, i := range d.stuckAt(d.wait(root).Probe) {
			if !d.claimed[i] && d.verdict[i] == Stuck {
				d.claim(Stuck, i)
				c.roots = append(c.roots, i)
			}
		}
	}
	c.behind = d.behind(c.all(), Stuck)
	d.addCause(c)
}

// stuckAt returns the goroutines that are stuck at a place.
func (d *finder) stuckAt(p *snapshot.Probe) []int {
	if d.stuckBy == nil {
		d.stuckBy = make(map[*snapshot.Probe][]int)
		for i := range d.graph.n {
			if w := d.wait(i); w != nil && d.verdict[i] == Stuck {
				d.stuckBy[w.Probe] = append(d.stuckBy[w.Probe], i)
			}
		}
	}
	return d.stuckBy[p]
}

// kindOfQueue sets the kind of the cause of goroutines that wait for root.
func (d *finder) kindOfQueue(c *cause, root int, direct []int) {
	w := d.wait(root)
	switch {
	case w == nil && d.verdict[root] == Busy:
		c.kind = KindBusy
	case w == nil:
	case d.missingDone(root):
		c.kind = KindMissingDone
	case d.writes(root):
		c.kind = KindUnreadPeer
	case c.by == byLock:
		c.kind = KindLockAcrossWait
		if c.certainty == Likely && !slices.ContainsFunc(direct, func(i int) bool { return d.unprobed[i] }) {
			c.certainty = Certain // which lock is held, and during what, is a fact
		}
	case c.by == byChannel && d.wait(direct[0]).Cap > 0:
		c.kind = KindFullChannel
	case d.noAnswer(root) || c.by == byOther && d.judge.ending(direct[0]):
		c.kind = KindNoAnswer
	}
	if w != nil && c.kind == KindUnreadPeer && c.certainty == Likely && d.unsent(w) {
		c.certainty = Certain
	}
}

// sameCause divides list into groups. Two goroutines are in one group if they wait for the same object, or at the same
// probe and on the same side of Options.Scope. Groups are in the order of their first members.
func (d *finder) sameCause(list []int) [][]int {
	parent := make([]int, len(list))
	find := func(k int) int {
		for parent[k] != k {
			parent[k] = parent[parent[k]]
			k = parent[k]
		}
		return k
	}
	probes, objects := make(map[spot]int), make(map[uint64]int)
	for k, i := range list {
		parent[k] = k
		w := d.wait(i)
		at := d.placeOf(i)
		if d.unprobed[i] && w.Probe.Line != 0 {
			at.probe.Func = "" // an inlined function has a different name in each of its callers
		}
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

// together makes the cause of goroutines that are stuck in the same wait, each for itself.
func (d *finder) together(list []int) {
	c := &cause{kind: KindStuck, certainty: d.sure(list), roots: list}
	i := d.oldest(list)
	w := d.wait(i)
	c.obj = w.Obj
	never := every(list, d.never)
	switch {
	case never && slices.ContainsFunc(list, func(i int) bool { return d.unprobed[i] }):
		c.kind, c.certainty = KindLeak, Possible
	case never:
		c.kind, c.certainty = KindLeak, Certain
	case d.missingDone(i):
		c.kind = KindMissingDone
	case d.writes(i):
		if c.kind, c.certainty = KindUnreadPeer, d.certaintyOf(list); d.unsent(w) {
			c.certainty = Certain
		}
	case every(list, d.gone):
		c.kind, c.gone = KindLeak, true
	case every(list, d.dead):
		c.kind = KindLeak
	case w.Probe.Op == runtime.OpSend && w.Cap > 0:
		c.kind, c.certainty = KindFullChannel, d.certaintyOf(list)
		if j, ok := d.other(i, d.partner(w.Obj, true)); ok && d.wait(j) == nil && d.verdict[j] != Busy {
			c.certainty = Possible // its consumer goes on, and may come back to the channel
		}
	case d.noAnswer(i):
		c.kind = KindNoAnswer
	}
	d.asPool(c)
	d.claim(verdictOf(c.kind), list...)
	c.behind = d.behind(list, Stuck)
	d.addCause(c)
}

// verdictOf returns the verdict of the goroutines at the root of a kind of cause.
func verdictOf(k Kind) Verdict {
	switch k {
	case KindDeadlock:
		return Deadlock
	case KindOrphanedLock, KindMissingDone:
		return Orphaned
	case KindLeak:
		return Leaked
	case KindBusy:
		return Busy
	}
	return Stuck
}

// sure returns how certain it is that the goroutines of list are stuck: as certain as for the most certain one.
func (d *finder) sure(list []int) Certainty {
	if slices.ContainsFunc(list, d.likely) {
		return d.certaintyOf(list)
	}
	return Possible
}

// likely reports whether nobody is likely to end the wait of goroutine i, as opposed to a wait for something that may
// still come.
func (d *finder) likely(i int) bool {
	w := d.wait(i)
	if d.judge.ending(i) || isLocked(d.ioOf(w)) || d.judge.deserted(i) {
		return true
	}
	switch w.Probe.Op {
	case runtime.OpIO:
		if d.unprobed[i] {
			return inC(d.g(i))
		}
		if w.Probe.Flags&runtime.SiteRequest != 0 {
			io := d.ioOf(w)
			return w.Probe.Flags&runtime.SiteBounded == 0 && (io == nil || io.Deadline <= 0)
		}
		switch w.Probe.Kind {
		case runtime.KindConn, runtime.KindFile, runtime.KindProcess:
			return isOpen(w.Probe)
		}
		return isOpen(w.Probe) || !isRead(w.Probe)
	case runtime.OpSelect:
		return len(w.Cases) > 0 && w.More == 0 &&
			!slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool {
				return c.Obj != 0 && !d.forsaken(c.Obj, c.Send)
			})
	case runtime.OpRecv, runtime.OpRange, runtime.OpCond:
		return d.forsaken(w.Obj, false)
	case runtime.OpWait:
		return !d.judge.expects() || d.missingDone(i)
	}
	return true
}

// forsaken reports whether every goroutine that has used or made a channel or Cond no longer goes on, so that it is
// hard to see who could still act on it. An object without known uses may have users without probes.
func (d *finder) forsaken(obj uint64, send bool) bool {
	o := d.s.Objects[obj]
	if o == nil || o.Made == nil && o.Sent == nil && o.Received == nil {
		return false
	}
	if send {
		return !d.judge.fed(o.Received)
	}
	return !d.judge.fed(o.Sent) && (o.Sent != nil || !d.judge.fed(o.Made))
}

// writes reports whether goroutine i has long been in a write to a connection or a pipe whose peer does not read. The
// write may be deep in a library.
func (d *finder) writes(i int) bool {
	w := d.wait(i)
	switch {
	case w == nil || !d.long(i):
		return false
	case d.stalled(i) || isWrite(w.Probe):
		return true
	case w.Probe.Op != runtime.OpIO:
		return false
	}
	io := d.ioOf(w)
	return io != nil && (io.Network == "tcp" || io.Network == "unix" || isPipe(io)) && inWrite(d.g(i).Stack)
}

// unsent reports whether the kernel holds bytes of w that the peer has not taken.
func (d *finder) unsent(w *snapshot.Wait) bool {
	io := d.ioOf(w)
	return io != nil && io.Unsent > 0
}

// inWrite reports whether a stack is in a write to a connection.
func inWrite(stack []snapshot.Frame) bool {
	return innermost(stack, "internal/poll.(*FD).Write", "internal/poll.(*FD).Writev", "net.(*conn).Write",
		"internal/poll.(*FD).WriteTo")
}

// noAnswer reports whether goroutine i is in a call that should return: it has sent a request, waits for something to
// end, or waits for the lock of a file.
func (d *finder) noAnswer(i int) bool {
	w := d.wait(i)
	return d.judge.ending(i) || d.judge.deserted(i) || w.Probe.Op == runtime.OpIO && isLocked(d.ioOf(w)) ||
		w.Probe.Op == runtime.OpIO && w.Probe.Flags&runtime.SiteRequest != 0
}
