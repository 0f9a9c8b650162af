package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A poolKind is a pool of a library: goroutines take a token in a call, and keep it until another call.
type poolKind struct {
	// waits is the function that those have on their stack that wait for a token.
	waits string
	// token is what is waited for; takes are the calls that take one, as the catalog has them, and gives the functions that give it back.
	token        string
	takes, gives []string
}

var poolKinds = []poolKind{
	{
		waits: "database/sql.(*DB).conn", token: "a connection",
		takes: []string{"database/sql.DB.Begin", "database/sql.DB.BeginTx", "database/sql.DB.Conn", "database/sql.DB.Query", "database/sql.DB.QueryContext"},
		gives: []string{"database/sql.Conn.Close", "database/sql.Rows.Close", "database/sql.Tx.Commit", "database/sql.Tx.Rollback"},
	},
	{
		waits: "golang.org/x/sync/semaphore.(*Weighted).Acquire", token: "a token",
		takes: []string{"golang.org/x/sync/semaphore.Weighted.Acquire"},
		gives: []string{"golang.org/x/sync/semaphore.(*Weighted).Release"},
	},
	{waits: "net/http.(*Transport).getConn", token: "a connection"},
}

// pools makes the causes of goroutines that wait for a token of a library's pool, all of which are had by goroutines that do not give them back.
func (d *finder) pools() {
	type key struct {
		kind *poolKind
		obj  uint64
	}
	waiting := make(map[key][]int)
	var order []key
	for i := range d.graph.n {
		if d.claimed[i] || d.wait(i) == nil {
			continue
		}
		if k, obj := d.poolWait(i); k != nil {
			at := key{k, obj}
			if waiting[at] == nil {
				order = append(order, at)
			}
			waiting[at] = append(waiting[at], i)
		}
	}
	for _, k := range order {
		if list := waiting[k]; slices.ContainsFunc(list, d.long) {
			d.libraryPool(k.kind, k.obj, list)
		}
	}
	d.workerPools()
}

// poolWait returns the kind of pool that goroutine i waits for, and the pool's address; nil: for none.
func (d *finder) poolWait(i int) (*poolKind, uint64) {
	g := d.g(i)
	for n := range poolKinds {
		k := &poolKinds[n]
		if !slices.ContainsFunc(g.Stack[:min(len(g.Stack), 8)], func(f snapshot.Frame) bool { return f.Func == k.waits }) || strings.HasPrefix(g.Reason, "sync.") {
			continue
		}
		for _, w := range g.Waits {
			if w.Probe.Op == runtime.OpIO && w.Probe.Callee != "" && pkgPath(w.Probe.Callee) == pkgPath(k.waits) {
				return k, w.Obj
			}
		}
	}
	return nil, 0
}

// libraryPool makes the cause of list, which wait for a pool.
func (d *finder) libraryPool(k *poolKind, obj uint64, list []int) {
	p := &pool{kind: k, obj: obj, name: strings.TrimSpace(k.token + " of " + d.object(obj, d.wait(list[0]).Probe))}
	for _, i := range list {
		for _, w := range d.g(i).Waits {
			if w.IO != nil && w.IO.Limit > 0 {
				p.size = w.IO.Limit
			}
		}
	}
	if k.takes == nil {
		if p.size == 0 || d.dials() {
			return
		}
		loops, _ := d.clientLoops()
		if p.unread = len(loops); p.unread < p.size {
			return
		}
		d.addPool(p, list)
		return
	}
	for i := range d.graph.n {
		has, lately := d.hasToken(k, i)
		if lately && !slices.Contains(list, i) || lately && !has {
			return // it moves
		}
		if has {
			p.holders = append(p.holders, i)
			if slices.Contains(list, i) {
				p.nested++
			} else if !d.long(i) || d.wait(i) == nil {
				return // it will come back
			}
		}
	}
	if len(p.holders) == 0 || p.size > 0 && len(p.holders) > p.size || p.nested == 0 && len(p.holders) < p.size {
		return
	}
	d.addPool(p, list)
}

// hasToken reports whether goroutine i has taken a token and not given it back, as far as its history tells, and whether it has taken or given one lately.
func (d *finder) hasToken(k *poolKind, i int) (has, lately bool) {
	for n := range d.g(i).History {
		s := &d.g(i).History[n]
		switch {
		case slices.Contains(k.gives, s.Probe.Callee) || slices.Contains(k.gives, s.Probe.Func):
			return false, d.s.Taken-s.At < int64(d.opt.After)
		case slices.Contains(k.takes, s.Probe.Callee) && !d.waitsAt(i, s):
			return true, d.s.Taken-s.At < int64(d.opt.After)
		}
	}
	return false, false
}

// waitsAt reports whether s is the step into an operation that goroutine i is still in.
func (f *facts) waitsAt(i int, s *snapshot.Step) bool {
	g := f.g(i)
	k := slices.IndexFunc(g.History, func(o snapshot.Step) bool { return o.Probe == s.Probe })
	return &g.History[k] == s && slices.ContainsFunc(g.Waits, func(w snapshot.Wait) bool { return w.Probe == s.Probe })
}

// addPool makes the cause of list, which wait for p, and of those that have its tokens and wait, too.
func (d *finder) addPool(p *pool, list []int) {
	c := &cause{kind: KindExhaustedPool, certainty: d.unsure(Likely, list), obj: p.obj, pool: p, roots: list}
	p.first(c.roots)
	for _, i := range c.roots {
		d.claim(i, Stuck)
	}
	for _, i := range p.holders {
		if !d.claimed[i] {
			d.claim(i, Stuck)
			c.queue = append(c.queue, i)
		}
	}
	if p.kind != nil { // the library's own goroutines, which serve the pool alone
		for i := range d.graph.n {
			if cr := d.g(i).CreatedBy; !d.claimed[i] && d.unprobed[i] && d.proven(i) && cr != nil && pkgPath(cr.Func) == pkgPath(p.kind.waits) {
				d.claim(i, Stuck)
				c.queue = append(c.queue, i)
			}
		}
	}
	c.behind = d.behind(c.all(), Stuck)
	d.addCause(c)
}

// workerPools makes the causes of goroutines that wait in a library for one of its workers, all of which are in functions that the library has been given and wait there,
// some of them for a worker.
func (d *finder) workerPools() {
	waiting := make(map[uint64][]int)
	var order []uint64
	for i := range d.graph.n {
		w := d.wait(i)
		if d.claimed[i] || w == nil || w.Obj == 0 || w.Probe.Op != runtime.OpCond && w.Probe.Op != runtime.OpSend || Own(w.Probe.Func, w.Probe.File) || d.ender(i) != nil {
			continue
		}
		if waiting[w.Obj] == nil {
			order = append(order, w.Obj)
		}
		waiting[w.Obj] = append(waiting[w.Obj], i)
	}
	for _, obj := range order {
		list := waiting[obj]
		lib := pkgPath(d.wait(list[0]).Probe.Func)
		p := &pool{obj: obj, name: fmt.Sprintf("a worker of %s", lib)}
		idle := false
		for i := range d.graph.n {
			if !d.handles(i, lib) {
				continue
			}
			p.holders = append(p.holders, i)
			if slices.Contains(list, i) {
				p.nested++
			}
			idle = idle || d.wait(i) == nil || !d.long(i) || d.timed(i)
		}
		if p.nested > 0 && !idle {
			d.addPool(p, list)
		}
	}
}

// dials reports whether an HTTP client of the program is making a connection.
func (d *finder) dials() bool {
	return slices.ContainsFunc(d.s.Goroutines, func(g snapshot.Goroutine) bool {
		return slices.ContainsFunc(g.Stack, func(f snapshot.Frame) bool { return f.Func == "net/http.(*Transport).dialConn" })
	})
}

// readLoop is the function that reads the responses of a connection of an HTTP client. It waits in a select until who has a response has read or closed it.
const readLoop = "net/http.(*persistConn).readLoop"

// clientLoops returns the goroutines of connections of HTTP clients: those whose response is not done with, and those without one. Of few of them the stack
// was read: the others are known by where they were started.
func (d *finder) clientLoops() (unread, idle []int) {
	line := 0
	for i := range d.s.Goroutines {
		g := d.g(i)
		if g.CreatedBy != nil && slices.ContainsFunc(g.Stack, func(f snapshot.Frame) bool { return f.Func == readLoop }) {
			line = g.CreatedBy.Line
		}
	}
	for i := range d.s.Goroutines {
		g := d.g(i)
		if c := g.CreatedBy; c == nil || line == 0 || c.Func != "net/http.(*Transport).dialConn" || c.Line != line {
			continue
		}
		if strings.HasPrefix(g.Reason, "select") {
			unread = append(unread, i)
		} else if g.Reason == "IO wait" {
			idle = append(idle, i)
		}
	}
	return unread, idle
}
