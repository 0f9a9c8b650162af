package diagnose

import (
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A poolKind is a pool of a library: goroutines take a token in one call, and keep it until another.
type poolKind struct {
	// waits is a function that goroutines that wait for a token have on their stack.
	waits string
	// token names what is waited for. takes are the calls that take a token, by their names in the catalog. gives are
	// the functions that give it back.
	token        string
	takes, gives []string
}

var poolKinds = []poolKind{
	{
		waits: "database/sql.(*DB).conn", token: "a connection",
		takes: []string{"database/sql.DB.Begin", "database/sql.DB.BeginTx", "database/sql.DB.Conn",
			"database/sql.DB.Query", "database/sql.DB.QueryContext"},
		gives: []string{"database/sql.Conn.Close", "database/sql.Rows.Close", "database/sql.Tx.Commit",
			"database/sql.Tx.Rollback"},
	},
	{
		waits: "golang.org/x/sync/semaphore.(*Weighted).Acquire", token: "a token",
		takes: []string{"golang.org/x/sync/semaphore.Weighted.Acquire"},
		gives: []string{"golang.org/x/sync/semaphore.(*Weighted).Release"},
	},
	{waits: "net/http.(*Transport).getConn", token: "a connection"},
}

// TakesToken reports whether a call takes a token of a library's pool, by its name in the catalog.
func TakesToken(callee string) bool {
	return slices.ContainsFunc(poolKinds, func(k poolKind) bool { return slices.Contains(k.takes, callee) })
}

// pools makes the causes of goroutines that wait for a token of a library's pool, if the holders of all tokens do not
// give them back.
func (d *finder) pools() {
	type key struct {
		kind *poolKind
		obj  uint64
	}
	var waiting groups[key]
	places := make(map[*snapshot.Probe]*poolKind) // of the goroutines at one place, only some stacks are read
	for i := range d.graph.n {
		if k := d.poolWait(i); k != nil && d.wait(i) != nil {
			places[d.wait(i).Probe] = k
		}
	}
	for i := range d.graph.n {
		w := d.wait(i)
		if d.claimed[i] || w == nil || places[w.Probe] == nil || len(d.g(i).Stack) > 0 && d.poolWait(i) == nil {
			continue
		}
		k := places[w.Probe]
		if obj, ok := d.poolCalled(i, k); ok {
			waiting.add(key{k, obj}, i)
		}
	}
	for _, k := range waiting.order {
		if list := waiting.of[k]; d.s.Asleep || slices.ContainsFunc(list, d.long) {
			d.libraryPool(k.kind, k.obj, list)
		}
	}
	d.channelPools()
	d.workerPools()
}

// channelPools makes the causes of goroutines that wait for a channel that is used as a semaphore or a pool, if the
// holders of its tokens wait, too.
func (d *finder) channelPools() {
	var waiting groups[uint64]
	for i := range d.graph.n {
		if d.claimed[i] || d.wait(i) == nil || d.unprobed[i] {
			continue
		}
		obj, _ := d.poolChannel(i)
		if o := d.s.Objects[obj]; o == nil || o.Cap <= 0 || o.Kind != runtime.KindChan {
			continue
		}
		waiting.add(obj, i)
	}
	for _, obj := range waiting.order {
		list := waiting.of[obj]
		p := d.channelPool(list[0])
		if p == nil || len(p.holders) != p.size || p.size == 1 && !takes(d.wait(list[0]), obj) ||
			!slices.ContainsFunc(list, d.long) || slices.ContainsFunc(list, func(i int) bool { return d.claimed[i] }) {
			continue
		}
		if _, send := d.poolChannel(list[0]); d.moves(obj, send) ||
			slices.ContainsFunc(p.holders, func(i int) bool { return !d.keeps(i, obj) }) {
			continue
		}
		p.behind = p.nested == 0 && every(p.holders, func(i int) bool { return d.bad[i] })
		d.addPool(p, list)
	}
}

// poolChannel returns the channel that goroutine i waits for: in a select, the one with a buffer.
func (d *finder) poolChannel(i int) (obj uint64, send bool) {
	w := d.wait(i)
	for k, cs := range w.Cases {
		if o := d.s.Objects[cs.Obj]; o != nil && o.Cap > 0 && !d.endOnly(w, k) {
			return cs.Obj, cs.Send
		}
	}
	return w.Obj, w.Probe.Op == runtime.OpSend
}

// keeps reports whether goroutine i, which has a token of the channel at obj, is not known to give it back: it waits
// for another token, or only for goroutines that wait themselves, or has long had no answer.
func (d *finder) keeps(i int, obj uint64) bool {
	w := d.wait(i)
	return w != nil && d.long(i) && !d.timed(i) &&
		(d.waitsFor(i, obj) || d.bad[i] || w.Probe.Op == runtime.OpIO && d.likely(i))
}

// poolWait returns the kind of pool that goroutine i waits for, by its stack, or nil. If all goroutines slept and no
// stack is known, it goes by the goroutine's calls.
func (d *finder) poolWait(i int) *poolKind {
	g := d.g(i)
	for n := range poolKinds {
		k := &poolKinds[n]
		if w := d.wait(i); d.onlyAsleep() && w != nil && k.takes != nil && pkgPath(w.Probe.Callee) == pkgPath(k.waits) {
			return k
		}
		if !strings.HasPrefix(g.Reason, "sync.") && onStack(g.Stack[:min(len(g.Stack), 8)], k.waits) {
			return k
		}
	}
	return nil
}

// poolCalled returns the address of the pool of kind k that goroutine i has called.
func (d *finder) poolCalled(i int, k *poolKind) (uint64, bool) {
	for _, w := range d.g(i).Waits {
		if w.Probe.Op == runtime.OpIO && w.Probe.Callee != "" && pkgPath(w.Probe.Callee) == pkgPath(k.waits) {
			return w.Obj, true
		}
	}
	return 0, false
}

// libraryPool makes the cause of list, goroutines that wait for a pool of a library.
func (d *finder) libraryPool(k *poolKind, obj uint64, list []int) {
	p := &pool{kind: k, obj: obj, name: k.token}
	if o := d.s.Objects[obj]; o != nil && o.Expr != "" {
		p.name += " of " + o.Expr
	}
	for _, i := range list {
		for _, w := range d.g(i).Waits {
			if w.IO != nil && w.IO.Limit > 0 {
				p.size = w.IO.Limit
			}
		}
	}
	fill := d.fillTokens
	if k.takes == nil {
		fill = d.fillConnections
	}
	if fill(p, list) {
		d.addPool(p, list)
	}
}

// fillConnections sets who holds the connections of p, a pool of an HTTP client for which the goroutines of list wait.
// It reports whether responses that nobody reads hold all of them.
func (d *finder) fillConnections(p *pool, list []int) bool {
	if p.size == 0 || d.dials() || d.answered() {
		return false
	}
	loops, _ := d.clientLoops()
	if p.unread = len(loops); p.unread < p.size {
		return false
	}
	// A goroutine that has called before, in a function that it is still in, has the response in hand.
	for _, i := range list {
		if slices.ContainsFunc(d.g(i).History, func(s snapshot.Step) bool { return d.hasResponse(i, &s) }) {
			p.holders, p.nested = append(p.holders, i), p.nested+1
		}
	}
	if len(p.holders) >= p.size {
		p.unread = 0
	}
	return true
}

// fillTokens sets who holds the tokens of p, for which the goroutines of list wait. It reports whether they are all
// taken, and nobody will give one back.
func (d *finder) fillTokens(p *pool, list []int) bool {
	for i := range d.graph.n {
		s, has := d.tokenOf(p, i)
		waits := slices.Contains(list, i)
		switch lately := s != nil && d.s.Taken-s.At < int64(d.opt.After); {
		case lately && !(waits && has):
			return false // the pool moves
		case has && !waits && !d.keeps(i, p.obj):
			return false // the goroutine may give it back
		case has && waits:
			p.nested++
		}
		if has {
			p.holders = append(p.holders, i)
		}
	}
	switch {
	case p.size == 0:
		return p.nested > 0
	case len(p.holders) > p.size:
		return false
	case p.nested > 0 || len(p.holders) == p.size:
		return true
	}
	p.lost = d.allKnown(list) // the holders of the others are done with them, or have exited
	return p.lost
}

// hasResponse reports whether step s of goroutine i is a finished call of an HTTP client, in a function that the
// goroutine is still in.
func (d *finder) hasResponse(i int, s *snapshot.Step) bool {
	own := OwnFrame(d.g(i).Stack)
	return httpCall(s.Probe) && own != nil && own.Func != s.Probe.Func && onStack(d.g(i).Stack, s.Probe.Func)
}

// allKnown reports whether the histories of all goroutines that have moved lately, except those of list, are complete.
// If so, no goroutine can have a token since before its history begins.
func (d *finder) allKnown(list []int) bool {
	const whole = 16 // steps: a history this long may have lost its beginning
	for i := range d.graph.n {
		g := d.g(i)
		if !slices.Contains(list, i) && g.Last != nil && len(g.History) >= whole &&
			d.s.Taken-g.LastAt < int64(d.opt.After) {
			return false
		}
	}
	return true
}

// waitsAt reports whether s is the step into an operation that goroutine i is still in.
func (f *facts) waitsAt(i int, s *snapshot.Step) bool {
	g := f.g(i)
	k := slices.IndexFunc(g.History, func(o snapshot.Step) bool { return o.Probe == s.Probe })
	return &g.History[k] == s && slices.ContainsFunc(g.Waits, func(w snapshot.Wait) bool { return w.Probe == s.Probe })
}

// addPool makes the cause of list, goroutines that wait for p, and of the holders that wait, too.
func (d *finder) addPool(p *pool, list []int) {
	c := &cause{kind: KindExhaustedPool, certainty: d.certaintyOf(list), obj: p.obj, pool: p, roots: list}
	p.first(c.roots)
	d.claim(Stuck, c.roots...)
	for _, i := range p.holders {
		if !d.claimed[i] {
			d.claim(Stuck, i)
			c.queue = append(c.queue, i)
		}
	}
	if p.kind != nil { // the library's own goroutines, which serve the pool alone
		for i := range d.graph.n {
			if cr := d.g(i).CreatedBy; !d.claimed[i] && d.unprobed[i] && d.proven(i) && cr != nil &&
				pkgPath(cr.Func) == pkgPath(p.kind.waits) {
				d.claim(Stuck, i)
				c.queue = append(c.queue, i)
			}
		}
	}
	c.behind = d.behind(c.all(), Stuck)
	d.addCause(c)
}

// workerPools makes the causes of goroutines that wait in a library for one of its workers. All workers wait in
// functions that were given to the library, some of them for a worker.
func (d *finder) workerPools() {
	var waiting groups[uint64]
	var libs groups[string] // of goroutines that wait for others to be done, each with its own WaitGroup
	for i := range d.graph.n {
		w := d.wait(i)
		if d.claimed[i] || w == nil || w.Obj == 0 {
			continue
		}
		switch op := w.Probe.Op; {
		case op != runtime.OpWait && op != runtime.OpCond && op != runtime.OpSend:
		case Own(w.Probe.Func, w.Probe.File) || d.ender(i) != nil:
		case op == runtime.OpWait:
			libs.add(pkgPath(w.Probe.Func), i)
		default:
			waiting.add(w.Obj, i)
		}
	}
	for _, obj := range waiting.order {
		list := waiting.of[obj]
		if p := d.workers(list); p.nested > 0 {
			p.obj = obj
			d.addPool(p, list)
		}
	}
	for _, lib := range libs.order {
		list := libs.of[lib]
		if p := d.workers(list); p.nested > 0 && p.nested == len(p.holders) && !d.spare(p.holders) {
			p.obj = d.wait(list[0]).Obj
			d.addPool(p, list)
		}
	}
}

// workers returns the pool of workers of the library that the goroutines of list wait in. None of its holders is nested
// if a worker goes on.
func (d *finder) workers(list []int) *pool {
	lib := pkgPath(d.wait(list[0]).Probe.Func)
	p := &pool{name: "a worker of " + lib}
	for _, i := range d.handling(lib) {
		if d.wait(i) == nil || !d.long(i) || d.timed(i) {
			return &pool{}
		}
		p.holders = append(p.holders, i)
		if slices.Contains(list, i) {
			p.nested++
		}
	}
	return p
}

// handling returns the goroutines of the library lib that are in functions that it was given. Only some stacks are read
// of the goroutines at one place.
func (d *finder) handling(lib string) (list []int) {
	type place struct {
		started snapshot.Created
		at      *snapshot.Probe
	}
	places := make(map[place]bool)
	for i := range d.graph.n {
		if d.handles(i, lib) {
			places[place{d.startedAt(i), d.probe(i)}] = true
		}
	}
	for i := range d.graph.n {
		if d.handles(i, lib) ||
			len(d.g(i).Stack) == 0 && d.wait(i) != nil && places[place{d.startedAt(i), d.probe(i)}] {
			list = append(list, i)
		}
	}
	return list
}

// spare reports whether another goroutine was started where those of list were: a worker without work.
func (d *finder) spare(list []int) bool {
	started := make(map[snapshot.Created]bool)
	for _, i := range list {
		started[d.startedAt(i)] = true
	}
	for i := range d.graph.n {
		if started[d.startedAt(i)] && !slices.Contains(list, i) && d.g(i).State != "exited" {
			return true
		}
	}
	return false
}

// startedAt returns where goroutine i was started, without the goroutine that did.
func (f *facts) startedAt(i int) (c snapshot.Created) {
	if by := f.g(i).CreatedBy; by != nil {
		c = *by
		c.Goroutine = 0
	}
	return c
}
