package diagnose

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A cause is a finding as a structure: which goroutines are stuck, on what, and which wait behind them. Goroutines are
// known by their index in the snapshot, as in the whole package. A writer puts a cause into words.
type cause struct {
	kind      Kind
	certainty Certainty
	// cycle are the goroutines of a deadlock, each of which waits for the next. members are the others of the same
	// knot. like are further cycles through the same places.
	cycle, members []int
	like           [][]int
	// roots are the goroutines at the root of a cause that is not a deadlock, all at the same place. It is empty if the
	// root has exited, or is unknown.
	roots []int
	// queue are the goroutines that wait for the root by a lock or a channel, directly or through others. behind are
	// those that wait for one of these in another way.
	queue, behind []int
	// by is how the queue waits for the root.
	by linkKind
	// obj is the address of the lock, channel or WaitGroup concerned.
	obj     uint64
	orphan  *snapshot.Hold
	gone    bool // no goroutine is left that could end it
	guess   bool // a link of the cycle rests only on what relatives may do
	proof   Proof
	pool    *pool
	growth  *Growth
	clients *clientConns
	rate    *Rate
	// starved is set if the roots want a processor, and get none.
	starved bool
}

// A linkKind is how goroutines wait for the root of a cause.
type linkKind uint8

const (
	byNothing linkKind = iota
	byLock
	byChannel // the root should receive
	byOther   // the root should send, signal, or call Done
)

// all returns the goroutines of c, the root first.
func (c *cause) all() []int {
	list := slices.Concat(c.cycle, c.members)
	for _, l := range c.like {
		list = append(list, l...)
	}
	return slices.Concat(list, c.roots, c.queue, c.behind)
}

// A finder finds causes. A goroutine belongs to the first cause that explains it.
type finder struct {
	*facts
	graph   *graph
	judge   *judge
	doubt   *doubtSet
	verdict []Verdict
	claimed []bool
	causes  []*cause
	// bad has, for each node of the graph, whether it waits for ever, for too long, or for goroutines that do.
	bad []bool
	// certain has, for each node, whether it is bad for certain.
	certain []bool
	links   map[int]link              // what the goroutines of chains wait for
	first   map[int]int               // the goroutine that each lock waits for (see ahead), by the lock's node
	kin     map[familyKey][]kinPlace  // where the goroutines of families wait
	stuckBy map[*snapshot.Probe][]int // see stuckAt
	// overload is what overloaded returns; nil: not needed yet.
	overload *bool
	// circling are the goroutines of Report.Circling.
	circling []int64
	// resting are the waits of Report.Resting.
	resting map[int64]int64
}

// A link is the goroutine that another waits for, and how it waits.
type link struct {
	to   int
	kind linkKind
}

// linkOf returns the link of goroutine i of a chain.
func (d *finder) linkOf(i int) (int, linkKind) {
	l, ok := d.links[i]
	if !ok {
		return noRoot, byNothing
	}
	return l.to, l.kind
}

// run finds all causes, the certain ones first.
func (d *finder) run() {
	n := d.graph.n
	dead := make([]bool, n)
	for i := range n {
		dead[i] = d.dead(i)
	}
	d.bad = make([]bool, d.graph.len())
	d.starving()
	d.certain = d.graph.closure(shut, dead, d.locking)
	d.bad = d.certain
	d.judge = newJudge(d.facts, d.certain[:n])
	d.knots(true, Certain)
	d.orphanedLocks()
	long := func(i int) bool { // or for an unknown time that may be longer
		return (d.long(i) || d.unprobed[i] && d.s.NoProbes != "") && !d.unread(i) && !d.timed(i)
	}
	d.bad = d.graph.closure(known, d.certain[:n], long)
	for _, c := range d.causes { // so far, causes of locks and of starvation
		c.behind = append(c.behind, d.behind(c.all(), verdictOf(c.kind))...)
	}
	if d.opt.OnlyLocks && !slices.Contains(dead, true) {
		return
	}
	d.pools()
	d.knots(false, Likely)
	d.judge = newJudge(d.facts, d.claimed)
	d.judge.findActive() // now: more are claimed from here on
	d.alone(dead)
	d.chains()
	d.computing()
	d.spinning()
	d.clients()
	d.growing()
	d.doubts()
}

// alone judges the goroutines that no cause explains yet, each by itself, and finds those that wait for stuck ones.
func (d *finder) alone(dead []bool) {
	stuck := make([]bool, d.graph.n)
	var todo []int
	for i := range stuck {
		switch {
		case d.claimed[i]:
		case dead[i] && !d.judge.meant(i):
			d.verdict[i] = Leaked
		default:
			d.verdict[i] = d.judge.verdict(i)
		}
		if stuck[i] = d.claimed[i] && d.verdict[i].Bad() || d.verdict[i].Bad(); stuck[i] {
			todo = append(todo, i)
		}
	}
	in := d.graph.closure(known, stuck, func(i int) bool {
		return d.long(i) && !d.unread(i) && !d.judge.explained(i) && !d.judge.external(i)
	})
	// Among the others, only those that wait for one of these are bad. Two goroutines that serve each other and have
	// nothing to do are not.
	d.bad = make([]bool, len(in))
	for _, i := range todo {
		d.bad[i] = true
	}
	for ; len(todo) > 0; todo = todo[1:] {
		for _, up := range d.graph.back.of(todo[0]) {
			if in[up] && !d.bad[up] {
				d.bad[up] = true
				todo = append(todo, int(up))
			}
		}
	}
}

// dead reports whether nothing can wake goroutine i, as proven by the program's memory or by the garbage collector.
func (d *finder) dead(i int) bool {
	return d.wait(i) != nil && (d.proven(i) || d.g(i).Leaked)
}

// unread reports whether goroutine i waits without a probe, and only its memory could say for what.
func (d *finder) unread(i int) bool {
	return d.unprobed[i] && d.wait(i).Obj == 0 && len(d.wait(i).Cases) == 0
}

// claim gives the goroutines of list a verdict and makes them part of a cause.
func (d *finder) claim(v Verdict, list ...int) {
	for _, i := range list {
		d.verdict[i], d.claimed[i] = v, true
	}
}

// knots makes the causes of the cycles among the bad goroutines, by locks alone or by all edges, and of the goroutines
// that wait for them. The causes are at least as certain as least.
func (d *finder) knots(onlyLocks bool, least Certainty) {
	free := func(i int) bool { return d.bad[i] && !d.claimed[i] && d.wait(i) != nil }
	if !d.some(free) {
		return
	}
	edges := d.graph.edges(free, onlyLocks)
	at := make(map[knotKey]*cause)
	var made []*cause
	for _, nodes := range cycles(edges) {
		if nodes[0] >= d.graph.n {
			continue
		}
		c := &cause{kind: KindDeadlock, certainty: Certain, cycle: d.graph.oneCycle(edges, nodes, d.guesses)}
		if !onlyLocks {
			c.certainty = d.knotCertainty(c)
		}
		if c.certainty == "" || slices.Index(certaintyOrder, c.certainty) > slices.Index(certaintyOrder, least) ||
			c.guess && (len(c.cycle) == 1 || d.alike(c.cycle) || slices.ContainsFunc(c.cycle, d.open)) {
			continue
		}
		for _, i := range nodes {
			if i >= d.graph.n {
				continue
			}
			d.claim(Deadlock, i)
			if !slices.Contains(c.cycle, i) {
				c.members = append(c.members, i)
			}
		}
		key := d.knotKey(c)
		if was := at[key]; was != nil && len(c.members) == 0 && was.certainty == c.certainty {
			was.like = append(was.like, c.cycle)
			continue
		}
		at[key] = c
		made = append(made, c)
	}
	for _, c := range made {
		c.behind = d.behind(c.all(), Deadlock)
		d.addCause(c)
	}
}

// some reports whether is holds for some goroutine.
func (d *finder) some(is func(i int) bool) bool {
	for i := range d.graph.n {
		if is(i) {
			return true
		}
	}
	return false
}

// alike reports whether two neighbours of a cycle wait for the same thing. Neither could end the wait of the other.
func (d *finder) alike(cycle []int) bool {
	for k, i := range cycle {
		if d.likewise(i, cycle[(k+1)%len(cycle)]) {
			return true
		}
	}
	return false
}

// A knotKey identifies a cycle by its places.
type knotKey struct {
	n    int
	a, b snapshot.Probe
}

func (d *finder) knotKey(c *cause) knotKey {
	k := knotKey{n: len(c.cycle), a: *d.wait(c.cycle[0]).Probe}
	if len(c.cycle) > 1 {
		k.b = *d.wait(c.cycle[1]).Probe
	}
	if len(c.cycle) > 2 { // it has more places than the key, so it is reported by itself
		k.n = -c.cycle[0] - 1
	}
	return k
}

// knotCertainty returns how certain a cycle is. If all its goroutines wait for their next message, as they have done
// before, the first message may come from elsewhere while the program goes on. That is so for two goroutines that serve
// each other and have nothing to do.
func (d *finder) knotCertainty(c *cause) Certainty {
	locks := slices.ContainsFunc(c.cycle, d.locking)
	firm, guess := d.firmKnot(c.cycle)
	c.guess = guess
	proven := every(c.cycle, func(i int) bool { return d.certain[i] })
	switch {
	case proven && (locks || firm):
		return Certain
	case proven: // all wait for a message, or for the end: a leak rather than a deadlock
		c.guess, c.certainty = true, ""
		return c.certainty
	}
	// Waits without probes have no known start, but each look at the program found them.
	if locks &&
		every(c.cycle, func(i int) bool { return d.unprobed[i] && (d.s.Before == nil || d.wait(i).Since != 0) }) {
		return Likely
	}
	if locks || firm && !c.guess {
		return d.certaintyOf(c.cycle)
	}
	if d.some(func(i int) bool {
		return !d.claimed[i] && !slices.Contains(c.cycle, i) && d.inScope(i) && d.judge.eventful(i)
	}) {
		return Possible
	}
	return d.certaintyOf(c.cycle)
}

// firmKnot reports whether a wait of a cycle is firm, see firmWait, and whether one is a guess.
func (d *finder) firmKnot(cycle []int) (firm, guess bool) {
	for k, i := range cycle {
		if d.guessed(i, cycle[(k+1)%len(cycle)]) {
			guess, firm = true, firm || d.proven(i) && !receives(d.wait(i))
		} else {
			firm = firm || d.firmWait(i, len(cycle) == 1)
		}
	}
	return firm, guess
}

// firmWait reports whether goroutine i, which waits for the next of a cycle, or for itself alone, waits for that one
// act of it: not for a next message, and not for a WaitGroup that others may end.
func (d *finder) firmWait(i int, alone bool) bool {
	w := d.wait(i)
	switch op := w.Probe.Op; {
	case d.locking(i):
		return true
	case alone && (op == runtime.OpCond || op == runtime.OpSend): // see condNeed and sendsToItself
		return true
	case receives(w):
		return op == runtime.OpRecv && !d.again(i)
	case op == runtime.OpWait:
		return d.exact(w.Obj)
	}
	return true
}

// exact reports whether the WaitGroup at obj is owed exactly as many Dones as there are goroutines that may owe one.
func (d *finder) exact(obj uint64) bool {
	o := d.s.Objects[obj]
	return o != nil && o.Count > 0 && len(d.owers(o)) == o.Count
}

// guessed reports whether goroutine i waits for goroutine j only because j is a relative of the goroutine that made
// what i waits for.
func (d *finder) guessed(i, j int) bool {
	if d.locking(i) {
		return false
	}
	for _, at := range d.graph.waits[i] {
		nd := &d.graph.node(at).need
		if slices.Contains(nd.by, j) {
			return !nd.direct && !nd.each && !(nd.reached && !d.proven(i))
		}
	}
	return true
}

// guesses returns how much of a guess it is that goroutine i waits for goroutine j: 0 if it is a fact, below 0 if
// neither could end the wait of the other.
func (d *finder) guesses(i, j int) int {
	switch {
	case !d.guessed(i, j):
		return 0
	case i == j || d.likewise(i, j):
		return -1
	}
	return 1
}

// again reports whether goroutine i has been at the place of its wait before.
func (d *finder) again(i int) bool {
	history := d.g(i).History
	return len(history) > 1 &&
		slices.ContainsFunc(history[1:], func(s snapshot.Step) bool { return s.Probe == d.wait(i).Probe })
}

// behind claims every goroutine that waits for one of list, directly or through others: for a lock however short the
// wait, in other ways only if all goroutines that could end the wait are stuck.
func (d *finder) behind(list []int, v Verdict) []int {
	seen := make(map[int]bool, len(list))
	for _, i := range list {
		seen[i] = true
	}
	var queue []int
	for todo := slices.Clone(list); len(todo) > 0; todo = todo[1:] {
		for _, dependent := range d.graph.back.of(todo[0]) {
			up := int(dependent)
			if seen[up] || up < d.graph.n && d.claimed[up] ||
				up >= d.graph.n && d.graph.node(up).kind != ofLock && !d.bad[up] {
				continue
			}
			if up < d.graph.n {
				if !d.locking(up) && !d.bad[up] {
					continue
				}
				d.claim(v, up)
				queue = append(queue, up)
			}
			seen[up] = true
			todo = append(todo, up)
		}
	}
	slices.Sort(queue)
	return queue
}

// orphanedLocks makes the causes of locks that goroutines wait for and whose holders exited without unlocking them.
func (d *finder) orphanedLocks() {
	var waiters groups[uint64]
	for i := range d.graph.n {
		l, ok := d.lockOf(i)
		if !ok || d.claimed[i] || !d.orphaned(l) {
			continue
		}
		waiters.add(l.obj, i)
	}
	for _, obj := range waiters.order {
		c := &cause{kind: KindOrphanedLock, certainty: Certain, obj: obj, orphan: d.orphans[obj][0],
			queue: waiters.of[obj]}
		d.claim(Orphaned, c.queue...)
		c.behind = d.behind(c.queue, Stuck)
		d.addCause(c)
	}
}

// addCause adds a cause. A cause that is only possible does not change its goroutines, which stay idle or go on.
func (d *finder) addCause(c *cause) {
	d.prove(c)
	d.unsupported(c)
	slow := d.slowed(c)
	if slow || d.guesswork(c) || d.ordinary(c) || d.resumes(c) || d.mayDrain(c) {
		c.certainty = Possible
	}
	if c.certainty == Possible && !slow && c.kind != KindBusy && slices.ContainsFunc(d.main(c), d.unusual) {
		c.certainty = Likely
	}
	d.rest(c)
	d.markDown(c)
	d.causes = append(d.causes, c)
	if !doubt(d.s, &Finding{Certainty: c.certainty}) {
		for _, i := range c.all() { // including those that wait for ever, or for an unknown time
			if (d.unprobed[i] || d.dead(i)) && !d.verdict[i].Bad() {
				d.verdict[i] = Stuck
			}
		}
		return
	}
	for _, i := range c.all() {
		d.verdict[i] = OK
		if d.wait(i) != nil {
			d.verdict[i] = Idle
		}
	}
}

// rest notes the waits on which c rests. If one of them is known to be over, c is only possible.
func (d *finder) rest(c *cause) {
	if c.certainty == Possible || c.kind == KindBusy || c.kind == KindGrowth {
		return
	}
	for _, i := range slices.Concat(c.cycle, d.main(c)) {
		id, w := d.g(i).ID, d.wait(i)
		if w == nil || d.unprobed[i] {
			continue
		}
		d.resting[id] = w.Since
		if d.opt.Left[id] {
			c.certainty, c.proof = Possible, ""
		}
	}
}

// prove makes a cause certain if its goroutines are proven to wait for ever, by the program's memory or by the marks of
// Go's own leak profile.
func (d *finder) prove(c *cause) {
	root := c.roots
	if c.kind == KindDeadlock {
		root = c.cycle
	}
	if c.kind == KindOrphanedLock || len(root) == 0 {
		root = c.queue
	}
	switch {
	case len(root) == 0:
	// It is not known why the channel is nil, so nothing is proven.
	case c.kind == KindLeak && d.unprobed[root[0]] && d.wait(root[0]).Probe.Op != runtime.OpSelect && d.never(root[0]):
	case every(root, d.proven):
		if every(root, func(i int) bool { return provenByMemory(d.g(i)) }) {
			c.proof, c.certainty = ProofReachability, Certain
		} else if c.certainty == Possible {
			c.certainty = Likely
		}
		if c.kind == KindStuck && c.pool == nil {
			c.kind = KindLeak
		}
		if c.kind == KindLeak {
			for _, i := range c.all() {
				if d.proven(i) {
					d.verdict[i] = Leaked
				}
			}
		}
	case slices.ContainsFunc(c.all(), func(i int) bool { return d.g(i).Leaked }):
		c.proof, c.certainty = ProofLeakProfile, Certain
		// The memory does not confirm the marks, which can be wrong if there are weak pointers.
		if slices.ContainsFunc(root, d.read) {
			c.certainty = Likely
		}
	}
}
