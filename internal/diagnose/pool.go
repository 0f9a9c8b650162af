package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A pool is a channel that is used as a semaphore, or as a pool of things: a token is taken at one place, by a send or by a receive, and given back by the opposite.
type pool struct {
	obj     uint64
	take    *snapshot.Probe
	holders []int // who has taken a token and not given it back, as far as their histories tell
	nested  int   // of the holders, how many wait for another token of the pool
}

// asPool makes c, the cause of goroutines that wait for a channel, one of an exhausted pool if the channel is used as one.
func (d *finder) asPool(c *cause) {
	w := d.wait(c.roots[0])
	obj, send := w.Obj, w.Probe.Op == runtime.OpSend
	for k, cs := range w.Cases {
		if o := d.s.Objects[cs.Obj]; o != nil && o.Cap > 0 && !d.endOnly(w, k) {
			obj, send = cs.Obj, cs.Send
			break
		}
	}
	o := d.s.Objects[obj]
	if o == nil || o.Cap <= 0 || o.Kind != runtime.KindChan || d.unprobed[c.roots[0]] {
		return
	}
	p := &pool{obj: obj, take: w.Probe}
	back := o.Sent
	if send {
		back = o.Received
	}
	if !d.isPool(o, send, w.Probe, back) && !takes(w.Probe) {
		return
	}
	for i := range d.graph.n {
		if d.holdsToken(i, w.Probe, back) {
			p.holders = append(p.holders, i)
			if d.waitsFor(i, obj) {
				p.nested++
			}
		}
	}
	if len(p.holders) == 0 || len(p.holders) > o.Cap {
		return
	}
	c.kind, c.pool, c.obj = KindExhaustedPool, p, obj
	// Who has the tokens first, of those that wait.
	slices.SortStableFunc(c.roots, func(i, j int) int {
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

// isPool reports whether a channel is used as a pool or a semaphore: who gave back last is one that has taken, or nobody has but the one that filled it when it made it.
func (d *finder) isPool(o *snapshot.Object, send bool, take *snapshot.Probe, back *snapshot.Fact) bool {
	if send && strings.Contains(take.Expr, "struct{}{}") {
		return true
	}
	if back == nil {
		return send && o.Made != nil && strings.Contains(o.Made.Probe.Expr, "chan struct{}")
	}
	if !send && o.Made != nil && back.Goroutine == o.Made.Goroutine && back.Probe.Func == o.Made.Probe.Func {
		return o.Made.Exited || d.left(o.Made.Goroutine, o.Made.Probe.Func)
	}
	i, ok := d.find(back.Goroutine)
	return ok && slices.ContainsFunc(d.g(i).History, func(s snapshot.Step) bool { return s.Probe == take })
}

// takes reports whether a channel is used at p as a semaphore or a pool, as the source tells.
func takes(p *snapshot.Probe) bool {
	for k := range runtime.CaseLen {
		if r := p.Role(k); r == runtime.RoleSemaphore || r == runtime.RolePool {
			return true
		}
	}
	return false
}

// holdsToken reports whether goroutine i has been at take, and not at back since.
func (d *finder) holdsToken(i int, take *snapshot.Probe, back *snapshot.Fact) bool {
	h := d.g(i).History
	for k, s := range h {
		switch {
		case back != nil && s.Probe == back.Probe && back.Probe != take:
			return false
		case s.Probe == take && !(k == 0 && d.wait(i) != nil && d.wait(i).Probe == take):
			return true
		}
	}
	return false
}

// pool tells of an exhausted pool.
func (t *writer) pool(f *Finding, c *cause) {
	p := c.pool
	o := t.s.Objects[p.obj]
	name := t.object(p.obj, nil)
	n := len(c.roots)
	verb1 := verb(n, "waits")
	switch {
	case p.nested == len(p.holders):
		f.Title = fmt.Sprintf("%s %s for %s, of which all %d are taken, by goroutines that wait for it again", t.who(c.roots), verb1, name, o.Cap)
	default:
		f.Title = fmt.Sprintf("%s %s for %s, of which %d of %d are taken", t.who(c.roots), verb1, name, max(len(p.holders), o.Len), o.Cap)
	}
	for _, i := range p.holders[:min(len(p.holders), 4)] {
		taken := ""
		for k, s := range t.g(i).History {
			if s.Probe == p.take && (k > 0 || t.wait(i) == nil || t.wait(i).Probe != p.take) {
				taken = fmt.Sprintf("goroutine %d took one at %s%s %s ago; now ", t.g(i).ID, t.place(s.Probe), in(s.Probe.Func), t.ago(s.At))
				break
			}
		}
		f.Why = append(f.Why, taken+strings.TrimPrefix(t.step(i), fmt.Sprintf("goroutine %d ", t.g(i).ID)))
		f.Why = append(f.Why, t.calledFrom(i)...)
	}
	if more := len(p.holders) - 4; more > 0 {
		f.Why = append(f.Why, fmt.Sprintf("and %d more have one", more))
	}
	f.Why = append(f.Why, t.factsAbout(p.obj, t.wait(c.roots[0]).Probe.Op == runtime.OpSend)...)
	f.Why = append(f.Why, t.others("waiting", c.roots)...)
	if p.nested > 0 {
		f.Fix = "do not take a second one while one is held: pass on the one that is there, or give it back before"
	} else {
		f.Fix = "see why those that have one do not give it back: give it back on every path, with defer"
	}
}

// unclosed says where the program calls net/http as a client, if goroutines of connections are left whose response was not read to its end.
func (t *writer) unclosed(c *cause) []string {
	if !slices.ContainsFunc(t.g(c.roots[0]).Stack, func(f snapshot.Frame) bool {
		return f.Func == "net/http.(*persistConn).readLoop" || f.Func == "net/http.(*persistConn).writeLoop"
	}) {
		return nil
	}
	var at []string
	for i := range t.s.Goroutines {
		for _, s := range t.g(i).History {
			if p := s.Probe; p.Op == runtime.OpIO && httpCall(p.Expr) {
				if line := fmt.Sprintf("%s at %s%s", p.Expr, t.place(p), in(p.Func)); !slices.Contains(at, line) {
					at = append(at, line)
				}
			}
		}
	}
	lines := []string{"it is of a connection of an http client, whose response has a body that was neither closed nor read to its end"}
	for _, line := range at[:min(3, len(at))] {
		lines = append(lines, "responses come from "+line)
	}
	return lines
}

// httpCall reports whether an expression calls an http client.
func httpCall(expr string) bool {
	switch method(expr) {
	case "Get", "Do", "Post", "PostForm", "Head", "RoundTrip":
		return true
	}
	return false
}
