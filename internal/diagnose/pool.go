package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A pool is something from which goroutines take tokens, and to which they give them back: a channel that is used as a
// semaphore or as a pool of things, by a send and a receive, or a pool of a library (poolKind).
type pool struct {
	obj     uint64
	name    string          // of a pool that is not a channel, such as "a connection of pool db"
	size    int             // 0 unknown
	kind    *poolKind       // nil: a channel, or workers
	take    *snapshot.Probe // of a channel; nil: see kind
	back    *snapshot.Fact  // the last return of a token to it
	holders []int           // goroutines that have taken a token and not given it back, by their histories
	nested  int             // how many holders wait for another token of the pool
	unread  int             // of an HTTP client: connections whose response was neither closed nor read to its end
	behind  bool            // the holders wait for others that need a token
	lost    bool            // goroutines that took tokens have exited, or are done, and have not given them back
}

// asPool makes c, the cause of goroutines that wait for a channel, one of an exhausted pool if the channel is used as a
// pool.
func (d *finder) asPool(c *cause) {
	if d.unprobed[c.roots[0]] {
		return
	}
	p := d.channelPool(c.roots[0])
	if p == nil || len(p.holders) > p.size {
		return
	}
	if len(p.holders) == 0 {
		if _, send := d.poolChannel(c.roots[0]); !send || !takes(d.wait(c.roots[0]), p.obj) || !every(c.roots, d.dead) {
			return
		}
		p.lost = true
	}
	c.kind, c.pool, c.obj = KindExhaustedPool, p, p.obj
	p.first(c.roots)
}

// channelPool returns the channel that goroutine i waits for as a pool, or nil if it is not used as one.
func (d *finder) channelPool(i int) *pool {
	obj, send := d.poolChannel(i)
	o, w := d.s.Objects[obj], d.wait(i)
	if o == nil || o.Cap <= 0 || o.Kind != runtime.KindChan {
		return nil
	}
	p := &pool{obj: obj, take: w.Probe, back: d.partner(obj, send), size: o.Cap}
	if !d.isPool(o, send, w.Probe, p.back) && !takes(w, obj) {
		return nil
	}
	for i := range d.graph.n {
		if _, has := d.tokenOf(p, i); !has {
			continue
		}
		if given := d.handedOn(i, w.Probe, obj); len(given) > 0 {
			p.holders = append(p.holders, given...)
			continue
		}
		p.holders = append(p.holders, i)
		if d.waitsFor(i, obj) {
			p.nested++
		}
	}
	return p
}

// handedOn returns the goroutines that goroutine i has started after take, in the same function, and that do not take
// tokens themselves. Goroutine i takes a token for each.
//
//	slots <- struct{}{}
//	go func() { defer func() { <-slots }(); … }()
func (f *facts) handedOn(i int, take *snapshot.Probe, obj uint64) (list []int) {
	_, started := f.family(&snapshot.Fact{Goroutine: f.g(i).ID, Probe: take}, take.Func)
	for _, k := range started {
		c := f.g(k).CreatedBy
		if c.Func == take.Func && c.Line > take.Line && !f.waitsFor(k, obj) &&
			!slices.ContainsFunc(f.g(k).History, func(s snapshot.Step) bool { return s.Probe == take }) {
			list = append(list, k)
		}
	}
	return list
}

// first moves the goroutines of list that have tokens to its front.
func (p *pool) first(list []int) {
	slices.SortStableFunc(list, func(i, j int) int {
		x, y := slices.Contains(p.holders, i), slices.Contains(p.holders, j)
		switch {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
}

// isPool reports whether a channel is used as a pool or a semaphore: the last goroutine that gave a token back has also
// taken one, or only the one that filled the channel when it made it has given any.
func (d *finder) isPool(o *snapshot.Object, send bool, take *snapshot.Probe, back *snapshot.Fact) bool {
	if back == nil {
		return false
	}
	i, ok := d.find(back.Goroutine)
	if ok &&
		slices.ContainsFunc(d.g(i).History, func(s snapshot.Step) bool { return s.Probe == take && s.At >= back.At }) {
		return true
	}
	if !send && o.Made != nil && back.Goroutine == o.Made.Goroutine && back.Probe.Func == o.Made.Probe.Func {
		return o.Made.Exited || d.left(o.Made.Goroutine, o.Made.Probe.Func)
	}
	return ok && slices.ContainsFunc(d.g(i).History, func(s snapshot.Step) bool { return s.Probe == take })
}

// takes reports whether, by the source, w takes a token from the channel at obj: from a semaphore with a send, from a
// pool with a receive.
func takes(w *snapshot.Wait, obj uint64) bool {
	for k, c := range cases(w) { // beyond runtime.CaseLen there are no roles
		if r := w.Probe.Role(k); c.Obj == obj &&
			(r == runtime.RoleSemaphore && c.Send || r == runtime.RolePool && !c.Send) {
			return true
		}
	}
	return false
}

// tokens returns the goroutines that, by their histories, have been at take, where a token of the semaphore at obj is
// taken, and have not given it back. The slice is the caller's.
func (f *facts) tokens(obj uint64, take *snapshot.Probe) []int {
	list, ok := f.having[obj]
	if !ok {
		for i := range f.s.Goroutines {
			if _, has := f.tokenOf(&pool{take: take}, i); has {
				list = append(list, i)
			}
		}
		if f.having == nil {
			f.having = make(map[uint64][]int)
		}
		f.having[obj] = list
	}
	return slices.Clone(list)
}

// tokenWith reports whether goroutine i sends to take a token of a channel, and is is true of another one that has a
// token.
func (f *facts) tokenWith(i int, is func(k int) bool) bool {
	w := f.wait(i)
	return slices.ContainsFunc(cases(w), func(c snapshot.Case) bool {
		return c.Send && takes(w, c.Obj) &&
			slices.ContainsFunc(f.tokens(c.Obj, w.Probe), func(k int) bool { return k != i && is(k) })
	})
}

// tokenOf returns the newest step in the history of goroutine i that took a token of p or gave one back, and reports
// whether the goroutine has one.
func (f *facts) tokenOf(p *pool, i int) (s *snapshot.Step, has bool) {
	for k := range f.g(i).History {
		s := &f.g(i).History[k]
		switch {
		case p.gives(s.Probe):
			return s, false
		case p.takes(s.Probe) && !f.waitsAt(i, s):
			return s, true
		}
	}
	return nil, false
}

// takes reports whether passing probe takes a token.
func (p *pool) takes(probe *snapshot.Probe) bool {
	if p.kind == nil {
		return probe == p.take
	}
	return slices.Contains(p.kind.takes, probe.Callee) || p.kind.takes == nil && httpCall(probe)
}

// gives reports whether passing probe gives one back.
func (p *pool) gives(probe *snapshot.Probe) bool {
	if p.kind == nil {
		return p.back != nil && probe == p.back.Probe && probe != p.take
	}
	return slices.Contains(p.kind.gives, probe.Callee) || slices.Contains(p.kind.gives, probe.Func)
}

// pool describes an exhausted pool.
func (t *writer) pool(f *Finding, c *cause) {
	p := c.pool
	f.Title = t.poolTitle(c)
	const room = 4
	for _, i := range p.holders[:min(len(p.holders), room)] {
		f.Why = append(f.Why, t.token(p, i))
		f.Why = append(f.Why, t.calledFrom(i)...)
	}
	if more := len(p.holders) - room; more > 0 {
		f.Why = append(f.Why, fmt.Sprintf("and %d more have one", more))
	}
	if p.unread > 0 {
		f.Why = append(f.Why, t.step(t.shown(c.roots)))
		f.Why = append(f.Why, t.responses()...)
	}
	if p.lost && p.kind != nil {
		for _, call := range t.s.Calls {
			if slices.Contains(p.kind.takes, call.Callee) {
				f.Why = append(f.Why, fmt.Sprintf("they are taken by %s at %s%s", call.Expr, t.place(call),
					in(call.Func)))
			}
		}
	}
	if p.name == "" {
		f.Why = append(f.Why, t.factsAbout(p.obj, t.wait(c.roots[0]).Probe.Op == runtime.OpSend)...)
	}
	f.Why = append(f.Why, t.callers(slices.DeleteFunc(slices.Clone(c.roots),
		func(i int) bool { return slices.Contains(p.holders, i) }))...)
	f.Why = append(f.Why, t.others("waiting", c.roots)...)
	f.Fix = t.poolFix(p)
}

// poolTitle says who waits for a token of a pool, and where the tokens are.
func (t *writer) poolTitle(c *cause) string {
	p := c.pool
	name := cmp.Or(p.name, t.object(p.obj, nil))
	n := len(c.roots)
	if p.name == "" {
		name = "a token of " + name
	}
	who := fmt.Sprintf("%s %s for %s", t.who(c.roots), verb(n, "waits"), name)
	had := max(len(p.holders), p.unread)
	if o := t.s.Objects[p.obj]; o != nil && o.Kind == runtime.KindChan {
		had = max(had, o.Len)
	}
	all := fmt.Sprintf("all %d are", max(had, p.size))
	switch max(had, p.size) {
	case 1:
		all = "the only one is"
	case 2:
		all = "both are"
	}
	others := "goroutines that wait for another"
	if p.nested == 1 {
		others = "a goroutine that waits for another"
	}
	switch {
	case p.lost:
		return fmt.Sprintf("%s; %s taken, and nobody is left to give one back", who, all)
	case len(t.back(p)) == 1 && p.nested == 1 && len(p.holders) == 1 && p.size > 0:
		return fmt.Sprintf("%s; %s taken, by a goroutine that has not given back what it took there before", who, all)
	case p.behind:
		return fmt.Sprintf("%s; %s taken, by goroutines that wait for others that need one", who, all)
	case p.unread > 0:
		return fmt.Sprintf("%s, which may have %d: %s a response that was neither closed nor read to its end", who,
			p.size, plural(p.unread, "connection")+" "+verb(p.unread, "has"))
	case p.kind != nil && p.size == 0 && p.nested == len(p.holders): // the size of the pool is unknown
		return fmt.Sprintf("%s; all that are known to have one wait for another", who)
	case p.nested == len(p.holders) && (p.size == 0 || had == p.size):
		return fmt.Sprintf("%s; %s taken, by %s", who, all, others)
	case p.nested == len(p.holders):
		return fmt.Sprintf("%s, which has %d; all that are known to have one wait for another", who, p.size)
	case p.size == 0:
		return fmt.Sprintf("%s, and the holders keep theirs", who)
	}
	return fmt.Sprintf("%s, which has %d, and the holders keep theirs", who, p.size)
}

// poolFix says what to do about a pool without tokens.
func (t *writer) poolFix(p *pool) string {
	switch back := t.back(p); {
	case p.behind:
		return "give the token back before waiting for goroutines that need one, or let those do without"
	case p.unread > 0:
		return closeBody
	case len(back) > 0 && len(back) == p.nested:
		at := t.wait(back[0]).Probe
		return fmt.Sprintf("give it back on every path, with defer: goroutine %d has come to %s again, and has not "+
			"given back the one that it took there", t.g(back[0]).ID, t.place(at))
	case p.nested > 0:
		return "do not take a second one while holding one: use the first, or give it back before"
	}
	return "find out why the holders keep theirs: give each back on every path, with defer"
}

// back returns the holders of p, a channel, that wait for another token at the very place where they took one, in an
// earlier call or round of a loop that is over. The function, which gives tokens back itself, is on their stacks only
// once.
func (f *facts) back(p *pool) (list []int) {
	if p.take == nil || p.obj == 0 {
		return nil
	}
	gave := f.partner(p.obj, p.take.Op != runtime.OpRecv)
	if gave == nil || gave.Probe.Func != p.take.Func && !strings.HasPrefix(gave.Probe.Func, p.take.Func+".") {
		return nil
	}
	for _, i := range p.holders {
		s, has := f.tokenOf(p, i)
		w := f.wait(i)
		if !has || w == nil || *s.Probe != *w.Probe {
			continue
		}
		calls := 0
		for _, fr := range f.g(i).Stack {
			if sameFunc(fr.Func, w.Probe.Func) {
				calls++
			}
		}
		if calls == 1 {
			list = append(list, i)
		}
	}
	return list
}

// token says where goroutine i took its token of p, and what it does now.
func (t *writer) token(p *pool, i int) string {
	now := strings.TrimPrefix(t.step(i), fmt.Sprintf("goroutine %d ", t.g(i).ID))
	if s, has := t.tokenOf(p, i); has {
		return fmt.Sprintf("goroutine %d took one at %s%s %s ago; now it %s", t.g(i).ID, t.place(s.Probe),
			in(s.Probe.Func), t.ago(s.At), now)
	}
	return fmt.Sprintf("goroutine %d has one; it %s", t.g(i).ID, now)
}

// callers returns the user's own lines that led the goroutines of list into the library where they wait, each line
// once.
func (t *writer) callers(list []int) []string {
	var lines []string
	for _, i := range list {
		for _, line := range t.calledFrom(i) {
			if line = "those without one are " + line; !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return lines[:min(len(lines), 3)]
}

// shown returns the goroutine of list that has waited longest, preferably one whose stack was read.
func (f *facts) shown(list []int) int {
	read := slices.DeleteFunc(slices.Clone(list), func(i int) bool { return len(f.g(i).Stack) == 0 })
	if len(read) == 0 {
		read = list
	}
	return f.oldest(read)
}
