package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A writer puts causes into words. It decides nothing.
type writer struct {
	*facts
	graph   *graph
	verdict []Verdict
	next    func(i int) (int, linkKind) // what the goroutines of a chain wait for
}

func (t *writer) finding(c *cause) Finding {
	f := Finding{Kind: c.kind, Certainty: c.certainty, Goroutines: t.ids(c.all()), Proof: c.proof, Growth: c.growth,
		Rate: c.rate}
	switch {
	case len(c.cycle) > 0:
		f.Root = t.g(c.cycle[0]).ID
	case len(c.roots) > 0:
		f.Root = t.g(t.root(c)).ID
	case c.kind != KindOrphanedLock && len(c.queue) > 0:
		if j, ok := t.behindOf(c); ok { // which belongs to another finding
			f.Root = t.g(j).ID
		}
	}
	switch {
	case c.kind == KindDeadlock:
		t.deadlock(&f, c)
	case c.kind == KindOrphanedLock:
		t.orphan(&f, c)
	case c.clients != nil:
		t.clients(&f, c)
	case c.kind == KindGrowth:
		t.growth(&f, c)
	case c.pool != nil:
		t.pool(&f, c)
	case c.starved:
		t.starved(&f, c)
	case c.rate != nil:
		t.loop(&f, c)
	case len(c.queue) > 0:
		t.queue(&f, c)
	case c.kind == KindBusy:
		t.busy(&f, c)
	default:
		t.together(&f, c)
	}
	f.Why = append(f.Why, t.others("waiting behind them", c.behind)...)
	for _, list := range t.places(c.behind) {
		if w := t.wait(list[0]); w.Probe.Op == runtime.OpWait {
			f.Why = append(f.Why, t.owed(w.Obj)...)
		}
	}
	t.tellUsual(&f, c)
	f.Why = append(f.Why, t.proof(c)...)
	if m := t.s.Memory; m != nil && m.Kept != nil {
		f.KeptBytes = m.Kept(f.Goroutines)
	}
	return f
}

// root returns the root of c: the one that has waited longest if there are several at the same place, unless a queue
// waits for the first.
func (t *writer) root(c *cause) int {
	if len(c.queue) > 0 || c.pool != nil { // goroutines with a token come first
		return c.roots[0]
	}
	return t.oldest(c.roots)
}

// behindOf returns the goroutine that the queue of c ultimately waits for.
func (t *writer) behindOf(c *cause) (int, bool) {
	if len(c.roots) > 0 {
		return c.roots[0], true
	}
	i := t.oldest(c.queue)
	for range len(c.queue) + 1 {
		l, ok := t.lockOf(i)
		if !ok {
			return i, true
		}
		nd := t.graph.node(t.graph.lock(l))
		if len(nd.deps) == 0 {
			return 0, false
		}
		i = t.oldest(nd.deps)
	}
	return i, true
}

// deadlock describes a cycle.
func (t *writer) deadlock(f *Finding, c *cause) {
	locks := every(c.cycle, t.locking)
	others := len(c.members) + len(c.behind)
	first := t.wait(c.cycle[0])
	switch {
	case len(c.cycle) == 1 && locks:
		f.Title = t.selfLock(c.cycle[0])
	case len(c.cycle) == 1 && first.Probe.Op == runtime.OpCond:
		f.Title = fmt.Sprintf("goroutine %d waits for itself: it %s, which it alone signals", t.g(c.cycle[0]).ID,
			t.does(first))
	case len(c.cycle) == 1 && first.Probe.Op == runtime.OpSend:
		f.Title = fmt.Sprintf("goroutine %d waits for itself: it %s, from which it alone receives", t.g(c.cycle[0]).ID,
			t.does(first))
	case len(c.cycle) == 1 && t.ender(c.cycle[0]) != nil:
		name, _ := enderName(t.ender(c.cycle[0]))
		f.Title = fmt.Sprintf("goroutine %d waits for itself: %s waits for the handler that calls it",
			t.g(c.cycle[0]).ID, name)
	case len(c.cycle) == 1 && len(c.members) == 0:
		f.Title = fmt.Sprintf("goroutine %d waits for itself: it %s, and owes it a Done", t.g(c.cycle[0]).ID,
			t.does(first))
	case t.owesItself(c):
		f.Title = fmt.Sprintf("%s wait for %s, and owe it %s themselves",
			names(t.ids(slices.Concat(c.cycle, c.members))), t.object(first.Obj, first.Probe), t.dones(first.Obj))
		others -= len(c.members)
	case every(c.cycle, func(i int) bool { return t.wait(i).Probe.Op == runtime.OpOnce }):
		f.Title = names(t.ids(c.cycle)) + " each run the function of a Once that the other waits for"
	case locks:
		f.Title = names(t.ids(c.cycle)) + " wait for each other's locks"
	default:
		f.Title = names(t.ids(c.cycle)) + " wait for each other"
	}
	if n := len(c.like); n > 0 {
		f.Title += fmt.Sprintf(", and so do %s", plural(n, "more such knot"))
	}
	if others > 0 {
		f.Title += fmt.Sprintf(", and %d more behind them", others)
	}
	var steps []string
	for k, i := range c.cycle {
		steps = append(steps, t.step(i))
		steps = append(steps, t.calledFrom(i)...)
		steps = append(steps, t.link(i, c.cycle[(k+1)%len(c.cycle)]))
	}
	f.Why = append(shorten(steps), t.others("also part of it", c.members)...)
	for _, l := range c.like[:min(len(c.like), 3)] {
		f.Why = append(f.Why, "in the same way: "+names(t.ids(l)))
	}
	if locks {
		f.Fix = t.lockFix(c.cycle)
	} else {
		f.Fix = t.cycleFix(c)
	}
}

// owesItself reports whether all goroutines of the knot wait for one WaitGroup.
func (t *writer) owesItself(c *cause) bool {
	w := t.wait(c.cycle[0])
	return w.Probe.Op == runtime.OpWait && every(c.cycle, func(i int) bool { return t.wait(i).Obj == w.Obj })
}

func (t *writer) dones(addr uint64) string {
	if o := t.s.Objects[addr]; o != nil && o.Count > 0 {
		return "the " + plural(o.Count, "Done")
	}
	return "the Done"
}

func (t *writer) selfLock(i int) string {
	w := t.wait(i)
	name := t.object(w.Obj, w.Probe)
	switch {
	case w.Probe.Op == runtime.OpOnce:
		return fmt.Sprintf("goroutine %d waits for itself: the function of %s calls Do again", t.g(i).ID, name)
	case len(t.holders[w.Obj]) == 0:
		return fmt.Sprintf("goroutine %d is likely to wait for itself: it seems to hold %s, and locks it again",
			t.g(i).ID, name)
	}
	return fmt.Sprintf("goroutine %d waits for itself: it holds %s and locks it again", t.g(i).ID, name)
}

// link returns why goroutine i waits for goroutine j.
func (t *writer) link(i, j int) string {
	w := t.wait(i)
	if t.locking(i) {
		return t.because(i, j)
	}
	if why := t.outsideLink(i, j); why != "" {
		return why
	}
	obj, send := w.Obj, w.Probe.Op == runtime.OpSend
	for _, c := range w.Cases {
		if p := t.partner(c.Obj, c.Send); p != nil && p.Goroutine == t.g(j).ID {
			obj, send = c.Obj, c.Send
			break
		}
	}
	name := t.object(obj, w.Probe)
	p := t.partner(obj, send)
	switch {
	case w.Probe.Op == runtime.OpWait:
		if p := t.partner(obj, false); p != nil && p.Goroutine == t.g(j).ID {
			return fmt.Sprintf("goroutine %d owes it a Done: it called Add at %s%s", p.Goroutine, t.place(p.Probe),
				in(p.Probe.Func))
		}
		if t.byGo(j) {
			return fmt.Sprintf("goroutine %d owes %s a Done: WaitGroup.Go started it", t.g(j).ID, name)
		}
		if c := t.g(j).CreatedBy; c != nil && c.File != "" {
			return fmt.Sprintf("goroutine %d owes %s a Done: it was started at %s%s, where Add was called", t.g(j).ID,
				name, t.position(c.File, c.Line), in(c.Func))
		}
		return fmt.Sprintf("goroutine %d owes %s a Done", t.g(j).ID, name)
	case p != nil && p.Goroutine == t.g(j).ID && w.Probe.Op == runtime.OpCond:
		return fmt.Sprintf("goroutine %d signaled %s last, at %s%s %s ago", p.Goroutine, name, t.place(p.Probe),
			in(p.Probe.Func), t.ago(p.At))
	case p != nil && p.Goroutine == t.g(j).ID:
		did := "sent to"
		if send {
			did = "received from"
		}
		return fmt.Sprintf("goroutine %d %s %s last, at %s%s %s ago", p.Goroutine, did, name, t.place(p.Probe),
			in(p.Probe.Func), t.ago(p.At))
	case t.read(i):
		return t.reachedLink(i, j)
	}
	return "every goroutine known to be able to end that is waiting too: " + t.guess(j, obj, p, nameOr(name, "it"))
}

// outsideLink returns why goroutine i waits for goroutine j by way of a handler, a connection or a process, or "".
func (t *writer) outsideLink(i, j int) string {
	if slices.Contains(t.handlers(i), j) {
		return t.handlerLink(t.ender(i), j)
	}
	if list := t.answerers(i); slices.Contains(list, j) {
		who := fmt.Sprintf("goroutine %d runs the handler", t.g(j).ID)
		if len(list) > 1 {
			who = fmt.Sprintf("goroutine %d, like %d more that wait, runs a handler", t.g(j).ID, len(list)-1)
		}
		return who + " of the request: this program also has the other end of the connection"
	}
	if users := t.across(i); slices.Contains(users, j) {
		who := fmt.Sprintf("only goroutine %d", t.g(j).ID)
		if len(users) > 1 {
			who = fmt.Sprintf("goroutine %d, like others that wait,", t.g(j).ID)
		}
		return who + " could write to that connection, or close it; nothing is on its way"
	}
	if p, _ := t.pipeOf(i); p != nil {
		if k, ok := t.commandOf(i); ok && k == j {
			return fmt.Sprintf("goroutine %d waits for the end of that process", t.g(j).ID)
		}
		return fmt.Sprintf("goroutine %d can reach file descriptor %d", t.g(j).ID, p.FD)
	}
	return ""
}

// guess returns why goroutine j may use the other end of the channel obj, which p used last, though it is not known to
// have done so.
func (t *writer) guess(j int, obj uint64, p *snapshot.Fact, name string) string {
	g, o := t.g(j), t.s.Objects[obj]
	switch {
	case o != nil && o.Made != nil && o.Made.Goroutine == g.ID:
		return fmt.Sprintf("goroutine %d made %s, at %s", g.ID, name, t.place(o.Made.Probe))
	case o != nil && o.Made != nil && g.CreatedBy != nil && g.CreatedBy.Goroutine == o.Made.Goroutine:
		return fmt.Sprintf("goroutine %d was started where %s was made", g.ID, name)
	case p != nil && slices.ContainsFunc(g.History, func(s snapshot.Step) bool { return s.Probe == p.Probe }):
		return fmt.Sprintf("goroutine %d has been at %s, from where %s was used last", g.ID, t.place(p.Probe), name)
	}
	return fmt.Sprintf("goroutine %d may", g.ID)
}

func nameOr(name, other string) string {
	if name == "" || name == "chan" {
		return other
	}
	return name
}

// reachedLink returns why goroutine i waits for goroutine j, which can reach what it waits for, by the program's
// memory.
func (t *writer) reachedLink(i, j int) string {
	for _, n := range t.needs(i) {
		if !n.named || !slices.Contains(n.by, j) {
			continue
		}
		p := t.namedUsers(i, n.obj, n.send)[j]
		return fmt.Sprintf("nobody has used this %s yet; goroutine %d can reach it, and uses those of that "+
			"name at %s%s", t.object(n.obj, nil), t.g(j).ID, t.place(p), in(p.Func))
	}
	path := t.pathTo(i, j)
	if others := len(t.wakers(i)) - 1; others > 0 {
		more := "1 more that waits itself"
		if others > 1 {
			more = fmt.Sprintf("%d more that wait themselves", others)
		}
		return fmt.Sprintf("only goroutine %d, and %s, could end that%s", t.g(j).ID, more, path)
	}
	return fmt.Sprintf("only goroutine %d could end that%s", t.g(j).ID, path)
}

// pathTo returns how goroutine j reaches what goroutine i waits for: by a variable, or at least the function that has
// it.
func (t *writer) pathTo(i, j int) string {
	for _, w := range t.reach(i).CouldEnd {
		if w.Kind != snapshot.WakerGoroutine || w.Goroutine != t.g(j).ID {
			continue
		}
		path := pathOf(&w)
		switch {
		case len(path) == 0:
			return ""
		case len(path) == 1 &&
			slices.ContainsFunc(t.g(j).Stack, func(fr snapshot.Frame) bool { return sameFunc(fr.Func, path[0]) }):
			return ": " + path[0] + ", on its stack, has it"
		}
		return ": it reaches it by " + strings.Join(path, " → ")
	}
	return ""
}

// packageFolders matches an import path up to its last element.
var packageFolders = regexp.MustCompile(`([\w.~%+-]+/)+`)

// pathOf returns the path from a waker to what is waited for, without the waker itself and unnamed steps, and with
// short names of types and functions.
func pathOf(w *snapshot.Waker) (path []string) {
	for k, s := range w.Path {
		if strings.HasPrefix(s, "object of ") ||
			k == 0 && w.Kind == snapshot.WakerGoroutine && strings.HasPrefix(s, "goroutine ") {
			continue
		}
		path = append(path, packageFolders.ReplaceAllString(s, ""))
	}
	return path
}

// because returns why goroutine i waits for goroutine j, by a lock.
func (t *writer) because(i, j int) string {
	w := t.wait(i)
	for _, h := range t.holders[w.Obj] {
		if h.g == j {
			return t.held(w.Obj, h)
		}
	}
	if outer := t.outerCall(i); i == j && outer != nil {
		at := lockingFrame(t.g(i))
		return fmt.Sprintf("goroutine %d locks it in %s at %s, and an outer call of the same, at %s, is likely to hold it",
			t.g(i).ID, ShortFunc(at.Func), t.position(at.File, at.Line), t.position(outer.File, outer.Line))
	}
	if other := t.wait(j); j != i && other != nil && other.Obj == w.Obj && other.Probe.Op == runtime.OpLock {
		return fmt.Sprintf("goroutine %d waits to write-lock %s for %s, which keeps new readers out", t.g(j).ID,
			t.object(w.Obj, w.Probe), t.ago(other.Since))
	}
	for _, b := range t.g(i).Blocked.On {
		for _, n := range b.Near {
			if n.Goroutine == t.g(j).ID {
				return fmt.Sprintf("goroutine %d is likely to hold it: it has its address on its stack in %s at %s",
					n.Goroutine, ShortFunc(n.Frame.Func), t.position(n.Frame.File, n.Frame.Line))
			}
		}
	}
	return fmt.Sprintf("goroutine %d is likely to hold it", t.g(j).ID)
}

// orphan describes a lock whose holder has exited.
func (t *writer) orphan(f *Finding, c *cause) {
	h := c.orphan
	name := t.object(c.obj, h.Probe)
	f.Title = fmt.Sprintf("%s %s for %s, which goroutine %d never unlocked before it exited", t.who(c.queue),
		verb(len(c.queue), "waits"), name, h.Goroutine)
	f.Why = append(f.Why, fmt.Sprintf("goroutine %d took %s at %s%s %s ago, and has exited", h.Goroutine, name,
		t.place(h.Probe), in(h.Probe.Func), t.ago(h.Since)))
	if h.Last != nil && h.Last != h.Probe {
		f.Why = append(f.Why, fmt.Sprintf("the last probe that it reached is %s at %s", h.Last.Expr, t.place(h.Last)))
	}
	f.Why = append(f.Why, t.others("waiting for it", c.queue)...)
	f.Why = append(f.Why, t.calledFrom(t.oldest(c.queue))...)
	unlock := "Unlock"
	if h.Read {
		unlock = "RUnlock"
	}
	f.Fix = t.ownFix(h.Probe, fmt.Sprintf("unlock %s on every path out of %s: defer the %s right after %s", name,
		ShortFunc(h.Probe.Func), unlock, t.place(h.Probe)))
}

// queue describes goroutines that wait for one goroutine, by a lock, a channel or in other ways.
func (t *writer) queue(f *Finding, c *cause) {
	root, ok := t.behindOf(c)
	if !ok {
		w := t.wait(t.oldest(c.queue))
		f.Title = fmt.Sprintf("%s %s for %s, whose holder is not known", t.who(c.queue),
			verb(len(c.queue), "waits"), t.object(w.Obj, w.Probe))
		f.Why = t.others("waiting", c.queue)
		if t.s.NoProbes != "" {
			f.Why = append(f.Why, "no goroutine has its address on the stack in a function that locks: the holder may "+
				"have exited without unlocking it")
			f.Fix = "unlock on every path out of the function that locks: defer the Unlock"
			return
		}
		f.Why = append(f.Why, "the holder is not on record: the lock was taken where there is no probe, or is a copy "+
			"of a locked one")
		f.Fix = "run go vet, which finds copied locks; if it finds none, build with -probe lock, and with -deps for " +
			"the module that locks it"
		return
	}
	var direct []int
	for _, i := range c.queue {
		if j, _ := t.next(i); j == root {
			direct = append(direct, i)
		}
	}
	if len(direct) == 0 {
		direct = c.queue
	}
	// The title is about a goroutine that waits in the way of the cause's kind.
	first := direct[max(slices.IndexFunc(direct, func(i int) bool { _, kind := t.next(i); return kind == c.by }), 0)]
	w := t.wait(first)
	f.Title = t.queueTitle(c, root, first)
	f.Why = append(f.Why, t.step(root))
	f.Why = append(f.Why, t.calledFrom(root)...)
	if rw := t.wait(root); rw != nil {
		if rw.Probe.Op == runtime.OpIO {
			f.Why = append(f.Why, t.ioFacts(t.ioOf(rw))...)
		} else if c.by != byLock || cases(rw) != nil {
			f.Why = append(f.Why, t.waitFacts(rw)...)
		}
	}
	f.Why = append(f.Why, t.loops(root)...)
	if chain := t.chain(c.queue, root); c.by != byChannel || len(chain) > 1 {
		f.Why = append(f.Why, chain...)
	}
	if c.by == byChannel {
		f.Why = append(f.Why, t.factsAbout(w.Obj, true)...)
	}
	if len(c.roots) > 1 {
		f.Why = append(f.Why, t.others("waiting like it", c.roots[1:])...)
	}
	f.Why = append(f.Why, t.others("waiting", c.queue)...)
	f.Fix = t.queueFix(c, root, first)
}

// queueTitle returns the title of a cause whose queue waits for root. direct is a goroutine that waits for root itself.
func (t *writer) queueTitle(c *cause, root, direct int) string {
	g, rw, w := t.g(root), t.wait(root), t.wait(direct)
	id := g.ID
	alike := slices.DeleteFunc(slices.Clone(c.queue), func(i int) bool { // without those that wait in another way
		_, kind := t.next(i)
		return i != direct && (kind != c.by || kind != byLock && !t.likewise(i, direct))
	})
	what := fmt.Sprintf("%s %s for %s", t.who(alike), verb(len(alike), "waits"), t.object(w.Obj, w.Probe))
	doing := "goes on"
	switch {
	case rw != nil:
		doing = t.does(rw)
	case t.verdict[root] == Busy:
		doing = "computes"
	}
	switch {
	case c.by == byLock:
		return what + ", which " + t.holdsWhile(c, root, w.Obj, doing)
	case c.by == byChannel && w.Cap > 0:
		senders := keep(c.queue, func(i int) bool { return t.wait(i).Obj == w.Obj })
		return fmt.Sprintf("%s %s to %s, which is full with %s; goroutine %d, which should drain it, %s%s",
			t.who(senders), verb(len(senders), "sends"), t.object(w.Obj, w.Probe), plural(w.Cap, "element"), id, doing,
			t.atOf(root))
	case c.by == byChannel:
		return fmt.Sprintf("%s %s; goroutine %d, which should receive, %s%s", t.who(alike), verb(len(alike), t.does(w)),
			id, doing, t.atOf(root))
	case t.pipeTitle(root) != "":
		return t.pipeTitle(root)
	case slices.Contains(t.handlers(direct), root):
		name, _ := enderName(t.ender(direct))
		return fmt.Sprintf("%s %s in %s for a handler: goroutine %d, which runs it, %s%s", t.who(alike),
			verb(len(alike), "waits"), name, id, doing, t.atOf(root))
	case w.Probe.Op == runtime.OpWait:
		return fmt.Sprintf("%s%s, which goroutine %d owes a Done while it %s%s", what, inEnd(w.Probe), id, doing,
			t.atOf(root))
	}
	if rw != nil && receives(w) && cases(rw) != nil { // it may only wait for its next message
		roots := c.roots
		if len(roots) == 0 { // the root belongs to another finding
			roots = []int{root}
		}
		if c.kind == KindUnreadPeer {
			return t.unreadTitle(roots)
		}
		return fmt.Sprintf("%s %s%s %s, and %s %s for that", t.who(roots), verb(len(roots), doing), t.atOf(root),
			t.span(roots), t.who(c.queue), verb(len(c.queue), "waits"))
	}
	return fmt.Sprintf("%s %s; goroutine %d, which could end that, %s%s", t.who(alike), verb(len(alike), t.does(w)), id,
		doing, t.atOf(root))
}

// holdsWhile says that goroutine i holds the lock obj, and what it is doing meanwhile.
func (t *writer) holdsWhile(c *cause, i int, obj uint64, doing string) string {
	who := fmt.Sprintf("goroutine %d", t.g(i).ID)
	switch {
	case t.wait(i) == nil && t.verdict[i] == Busy:
		return fmt.Sprintf("%s holds and has computed with for %s", who, Duration(t.waited(i)))
	case t.wait(i) == nil:
		return who + " holds"
	case c.kind == KindUnreadPeer:
		return fmt.Sprintf("%s holds while it %s: the peer does not read", who, doing)
	case len(t.holders[obj]) == 0:
		return fmt.Sprintf("%s is likely to hold while it %s", who, doing)
	}
	return fmt.Sprintf("%s holds while it %s", who, doing)
}

// pipeTitle says that goroutine i waits for a process that waits for this program. It is empty if it does not.
func (t *writer) pipeTitle(i int) string {
	p, _ := t.pipeOf(i)
	if p == nil {
		return ""
	}
	w := t.wait(i)
	does := "waits for input"
	if p.Write {
		does = "waits for somebody to read its output"
	}
	return fmt.Sprintf("goroutine %d %s at %s for %s, and %s %s", t.g(i).ID, t.does(w), t.place(w.Probe),
		t.ago(w.Since), p.Process, does)
}

// unreadTitle says what the goroutines of list write without being read.
func (t *writer) unreadTitle(list []int) string {
	i := t.shown(list)
	w := t.wait(i)
	call, peer := w.Probe.Expr, "the peer does not read"
	if fn, at := t.userCall(i); fn != "" && w.Probe.Op != runtime.OpIO {
		call = fn + " at " + t.position(at.File, at.Line)
	}
	if io := t.ioOf(w); io != nil && isPipe(io) && byItself(io.Peer) {
		peer = "nobody reads from the pipe, whose other end this program itself has"
	}
	return fmt.Sprintf("%s %s in %s %s: %s", t.who(list), verb(len(list), "is"), call, t.span(list), peer)
}

// inEnd names the function that ends something and waits, such as " in Close".
func inEnd(p *snapshot.Probe) string {
	if !endFunc(p.Func) {
		return ""
	}
	return " in " + ShortFunc(p.Func)
}

// atOf returns where goroutine i waits.
func (t *writer) atOf(i int) string {
	if p := t.probe(i); p != nil {
		return " at " + t.place(p)
	}
	return ""
}

// farthest returns the goroutine of list with the most others between itself and root, and of several the one that has
// waited longest.
func (t *writer) farthest(list []int, root int) int {
	far := map[int]int{root: 0} // links from the root
	best, most := t.oldest(list), 1
	for _, i := range list {
		var path []int
		at := i
		for ; at >= 0; at, _ = t.next(at) {
			if _, ok := far[at]; ok {
				break
			}
			far[at] = -1 // on the path: a cycle leads nowhere
			path = append(path, at)
		}
		n := -1
		if at >= 0 {
			n = far[at]
		}
		for k := len(path) - 1; k >= 0; k-- {
			if n >= 0 {
				n++
			}
			far[path[k]] = n
		}
		if far[i] > most {
			best, most = i, far[i]
		}
	}
	return best
}

// chain describes how the goroutine of list that is farthest from the root is connected with it: who holds what it
// waits for, and so on.
func (t *writer) chain(list []int, root int) []string {
	var lines []string
	seen := make(map[int]bool)
	for i := t.farthest(list, root); i != root && !seen[i]; {
		seen[i] = true
		j, kind := t.next(i)
		if j < 0 {
			break
		}
		line := t.link(i, j)
		switch {
		case kind == byOther: // the link may refer to the wait as "that"
			line = t.briefly(i) + "; " + line
		case len(lines) > 0 || j != root:
			line += "; " + t.briefly(i)
		}
		lines = append(lines, line)
		i = j
	}
	slices.Reverse(lines)
	return shorten(lines)
}

// briefly says what goroutine i does.
func (t *writer) briefly(i int) string {
	w := t.wait(i)
	return fmt.Sprintf("goroutine %d %s at %s", t.g(i).ID, t.does(w), t.place(w.Probe))
}

// together describes goroutines that wait in the same way, each for itself.
func (t *writer) together(f *Finding, c *cause) {
	i := t.shown(c.roots)
	w := t.wait(i)
	f.Title = t.waitTitle(c, i)
	f.Why = append(f.Why, t.step(i))
	f.Why = slices.Concat(f.Why, t.calledFrom(i), t.started(i))
	if held := t.g(i).Holds; len(held) > 0 {
		f.Why = append(f.Why, fmt.Sprintf("meanwhile it holds %s, taken at %s",
			t.object(held[len(held)-1].Obj, held[len(held)-1].Probe), t.place(held[len(held)-1].Probe)))
	}
	if !t.never(i) {
		f.Why = append(f.Why, t.waitFacts(w)...)
	}
	if list := t.answerers(i); len(list) > 0 {
		f.Why = append(f.Why, t.link(i, list[0]), t.step(list[0]))
	}
	if k, ok := t.bodyReader(i); ok {
		f.Why = append(f.Why, fmt.Sprintf("goroutine %d of net/http, which sends its body, waits in the Read of an "+
			"io.Pipe for more of it, or for its end", t.g(k).ID))
	}
	f.Why = append(f.Why, t.loops(i)...)
	if c.gone {
		f.Why = append(f.Why, t.nobody(w))
	}
	f.Why = append(f.Why, t.couldEnd(i)...)
	if n := len(keep(c.roots, func(i int) bool { return t.g(i).State == "syscall" && t.g(i).ThreadID != 0 })); n > 1 {
		f.Why = append(f.Why, fmt.Sprintf("they keep %d threads from other work", n))
	}
	if n := t.objects(c.roots); n > 1 {
		f.Why = append(f.Why, fmt.Sprintf("the others wait in the same way, for %s in all", plural(n, "object")))
	}
	if len(c.roots) > 1 {
		f.Why = append(f.Why, t.others("waiting", c.roots)...)
	}
	f.Fix = t.waitFix(c, i)
}

// waitTitle says what the goroutines of c wait for. It shows goroutine i.
func (t *writer) waitTitle(c *cause, i int) string {
	w := t.wait(i)
	n := len(c.roots)
	span := t.span(c.roots)
	switch {
	case c.kind == KindLeak && t.never(i) && w.Probe.Op == runtime.OpSelect && len(w.Cases) == 0:
		return fmt.Sprintf("%s %s for ever in select {}", t.who(c.roots), verb(n, "waits"))
	case c.kind == KindLeak && t.never(i):
		return fmt.Sprintf("%s %s for ever: the channel is nil", t.who(c.roots), verb(n, "waits"))
	case c.kind == KindUnreadPeer:
		return t.unreadTitle(c.roots)
	case c.kind == KindMissingDone:
		return fmt.Sprintf("%s %s for %s, %s", t.who(c.roots), verb(n, "waits"), t.object(w.Obj, w.Probe),
			t.missing(w.Obj))
	case c.kind == KindFullChannel && t.objects(c.roots) == 1:
		return fmt.Sprintf("%s %s to %s, which is full with %s%s", t.who(c.roots), verb(n, "sends"),
			t.object(w.Obj, w.Probe), plural(w.Cap, "element"), t.exited(w.Obj))
	case t.g(i).State == "syscall" && inC(t.g(i)):
		return strings.TrimSpace(fmt.Sprintf("%s %s, called at %s %s", t.who(c.roots), verb(n, t.does(w)),
			t.place(w.Probe), span))
	case c.kind == KindNoAnswer && isLocked(t.ioOf(w)):
		io := t.ioOf(w)
		return fmt.Sprintf("%s %s in %s at %s %s for the lock of file %s, which %s has", t.who(c.roots),
			verb(n, "waits"), w.Probe.Expr, t.place(w.Probe), span, io.Path, io.LockedBy)
	case c.kind == KindNoAnswer && n == 1 && t.pipeTitle(i) != "":
		return t.pipeTitle(i)
	case c.kind == KindNoAnswer && inEnd(w.Probe) != "":
		return strings.TrimSpace(fmt.Sprintf("%s %s%s at %s %s", t.who(c.roots), verb(n, t.does(w)), inEnd(w.Probe),
			t.place(w.Probe), span))
	case c.kind == KindNoAnswer:
		return fmt.Sprintf("%s %s at %s %s, and %s no answer", t.who(c.roots), verb(n, t.does(w)), t.place(w.Probe),
			span, verb(n, "has"))
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s at %s %s", t.who(c.roots), verb(n, t.does(w)), t.place(w.Probe), span))
}

// missing says which goroutine owes a WaitGroup the missing Done.
func (t *writer) missing(addr uint64) string {
	o := t.s.Objects[addr]
	switch {
	case o == nil || o.Sent == nil:
		return "and nobody is left that could call Done"
	case o.Sent.Exited:
		return fmt.Sprintf("which is owed %s by goroutine %d, which has exited", plural(max(o.Count, 1), "Done"),
			o.Sent.Goroutine)
	}
	return fmt.Sprintf("which is owed %s, and nobody is left that could call it", plural(max(o.Count, 1), "Done"))
}

// exited says that the goroutine that received from a channel last has exited.
func (t *writer) exited(addr uint64) string {
	if p := t.partner(addr, true); p != nil && p.Exited {
		return fmt.Sprintf("; goroutine %d, which received from it, has exited", p.Goroutine)
	}
	return ""
}

// objects returns the number of objects that the goroutines of list wait for.
func (f *facts) objects(list []int) int {
	objs := make(map[uint64]bool)
	for _, i := range list {
		if w := f.wait(i); w != nil && w.Obj != 0 {
			objs[w.Obj] = true
		}
	}
	return len(objs)
}

// nobody says that no goroutine is left for the channel of w, and where its maker has gone.
func (t *writer) nobody(w *snapshot.Wait) string {
	s := "no goroutine is known that could still end that"
	o := t.s.Objects[w.Obj]
	switch {
	case o == nil || o.Made == nil:
	case o.Made.Exited:
		s += fmt.Sprintf(": goroutine %d, which made the channel, has exited", o.Made.Goroutine)
	case t.left(o.Made.Goroutine, o.Made.Probe.Func):
		s += fmt.Sprintf(": goroutine %d, which made the channel, has returned from %s", o.Made.Goroutine,
			ShortFunc(o.Made.Probe.Func))
	}
	return s
}

// couldEnd returns what could end the wait of goroutine i, by the memory.
func (t *writer) couldEnd(i int) []string {
	r := t.reach(i)
	if r == nil || r.Answer != snapshot.Live || len(r.CouldEnd) == 0 {
		return nil
	}
	const room = 2
	var lines []string
	for _, w := range r.CouldEnd[:min(room, len(r.CouldEnd))] {
		if w.Kind == snapshot.WakerGlobal && w.Name == "" {
			continue // its path would be addresses
		}
		who := string(w.Kind) + " " + w.Name
		if w.Kind == snapshot.WakerGoroutine {
			who = fmt.Sprintf("goroutine %d", w.Goroutine)
		}
		s := "it could be ended by " + strings.TrimSpace(who)
		if w.File != "" {
			s += " at " + t.position(w.File, w.Line)
		}
		if path := pathOf(&w); len(path) > 0 {
			s += ", by " + strings.Join(path, " → ")
		}
		lines = append(lines, s)
	}
	if n := len(r.CouldEnd) - room + r.More; n > 0 && len(r.CouldEnd) >= room {
		lines = append(lines, fmt.Sprintf("and by %d more", n))
	}
	return lines
}

// proof returns what proves c.
func (t *writer) proof(c *cause) []string {
	n, marked := 0, 0
	for _, i := range c.all() {
		if t.proven(i) {
			n++
		}
		if t.g(i).Leaked {
			marked++
		}
	}
	all := len(c.all())
	who := func(n int) (string, string) {
		if all > 1 {
			return fmt.Sprintf("%d of them", n), "they wait"
		}
		return "it", "it waits"
	}
	switch {
	case c.proof == ProofReachability && c.kind != KindOrphanedLock:
		it, waits := who(n)
		return []string{fmt.Sprintf("proven: nothing that goes on can reach what %s for, so nothing can wake %s", waits,
			it)}
	case t.s.Asleep && n > 0:
		return []string{"it seems that the Go runtime ended the program because all goroutines were asleep: nothing " +
			"was left that could wake them"}
	case marked > 0:
		it, waits := who(marked)
		return []string{fmt.Sprintf("the garbage collector has proven that nothing can wake %s: nothing that goes on "+
			"can reach what %s for", it, waits)}
	}
	return nil
}

// busy describes goroutines that compute.
func (t *writer) busy(f *Finding, c *cause) {
	n := len(c.roots)
	if t.g(c.roots[0]).Last == nil {
		f.Title = fmt.Sprintf("%s %s, and %s never reached a probe", t.who(c.roots), verb(n, "computes"),
			verb(n, "has"))
		for _, i := range c.roots {
			f.Why = append(f.Why, t.step(i))
			f.Why = append(f.Why, t.started(i)...)
		}
		f.Why = shorten(f.Why)
	} else {
		does := "computed"
		if every(c.roots, func(i int) bool { return t.g(i).State == "runnable" }) {
			does = "computed, or wanted to,"
		}
		f.Title = fmt.Sprintf("%s %s %s and reached no probe %s", t.who(c.roots), verb(n, "has"), does, t.span(c.roots))
		f.Why = []string{t.step(t.oldest(c.roots))}
	}
	f.Fix = "build with -probe chan,lock,io,sync,sleep,loop to see in which loop; a computation that others wait for " +
		"should yield, or end when its context does"
}

// perSecond returns a rate as people write it.
func perSecond(x float64) string {
	if x >= 10 {
		return fmt.Sprintf("%d", int(x+0.5))
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
}

// growth describes goroutines that become more and more.
func (t *writer) growth(f *Finding, c *cause) {
	g := c.growth
	at := t.probe(c.roots[0])
	where := ""
	if at != nil {
		where = fmt.Sprintf(" in %s at %s%s", at.Expr, t.place(at), in(at.Func))
	}
	f.Title = fmt.Sprintf("%d goroutines%s, %s more a second, and hardly any has ended", g.Count, where,
		perSecond(g.PerSecond))
	f.Why = append(f.Why, fmt.Sprintf("the oldest has been there for %s, the newest for %s", Duration(g.Oldest),
		Duration(g.Newest)))
	f.Why = append(f.Why, t.started(c.roots...)...)
	f.Why = append(f.Why, t.calledFrom(c.roots[0])...)
	if w := t.wait(c.roots[0]); w != nil {
		f.Why = append(f.Why, t.waitFacts(w)...)
	}
	f.Why = append(f.Why, t.others("waiting", c.roots)...)
	f.Fix = "limit how many are started, or make each end: by a limit on its attempts, a deadline, or a context"
}

// loop describes a goroutine that goes round without getting anywhere.
func (t *writer) loop(f *Finding, c *cause) {
	i := c.roots[0]
	p := t.g(i).Last
	cpu := ""
	if c.rate.CPU > 0 {
		cpu = fmt.Sprintf(", %d %% of a processor", int(c.rate.CPU*100+0.5))
	}
	rate := ""
	if c.rate.PerSecond > 0 {
		rate = fmt.Sprintf(", %s times a second", perSecond(c.rate.PerSecond))
	}
	f.Title = fmt.Sprintf("goroutine %d loops at %s%s%s%s", t.g(i).ID, t.place(p), in(p.Func), rate, cpu)
	if c.rate.Kept >= 0.5 {
		f.Why = append(f.Why, fmt.Sprintf("other programs keep the processors from it for %d %% of the time",
			int(c.rate.Kept*100+0.5)))
	}
	f.Why = append(f.Why, t.loopFacts(i)...)
	f.Why = append(f.Why, t.started(i)...)
	f.Fix = t.loopFix(i)
}

// loops describes the loop of goroutine i, if it is in a call that polls.
func (t *writer) loops(i int) []string {
	g, w := t.g(i), t.wait(i)
	if w == nil || w.Probe.Op != runtime.OpSleep && len(g.Waits) < 2 {
		return nil
	}
	n, first := 0, int64(0)
	for _, s := range g.History {
		if s.Probe.Op == runtime.OpSleep {
			n++
			first = s.At
		}
	}
	if n < 3 || time.Duration(t.s.Taken-first) <= 0 {
		return nil
	}
	s := fmt.Sprintf("it loops: it has slept %d times in the last %s", n, t.ago(first))
	if fn, at := t.userCall(i); fn != "" {
		s += fmt.Sprintf(", in %s, called at %s%s", fn, t.position(at.File, at.Line), in(at.Func))
	}
	return []string{s}
}

// userCall returns the library function that the user's own code has called, and where. The name is empty if there is
// none.
func (f *facts) userCall(i int) (fn string, at *snapshot.Frame) {
	stack := f.g(i).Stack
	at = OwnFrame(stack)
	if at == nil {
		return "", nil
	}
	if k := slices.Index(stack, *at); k > 0 && !machinery(&stack[k-1]) {
		fn = ShortFunc(stack[k-1].Func)
	}
	return fn, at
}
