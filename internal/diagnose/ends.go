package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A function that ends something, such as Shutdown, waits for the handlers that the library has started: library
// goroutines that are in a function of the user.

// ender returns the probe of the operation in which goroutine i ends something and waits for others, or nil.
func (f *facts) ender(i int) *snapshot.Probe {
	w := f.wait(i)
	if w == nil || w.Probe.Flags&runtime.SiteServe != 0 {
		return nil
	}
	g := f.g(i)
	for k := range g.Waits {
		if p := g.Waits[k].Probe; p.Op == runtime.OpIO && p.Kind != runtime.KindConn && p.Callee != "" &&
			endFunc(p.Callee) {
			return p
		}
	}
	if (w.Probe.Op == runtime.OpWait || w.Probe.Op == runtime.OpCond) && w.Obj != 0 && endFunc(w.Probe.Func) {
		return w.Probe
	}
	return nil
}

// endsUnbounded reports whether goroutine i ends something without a time limit. A timer in such a call is only for
// looking again.
func (f *facts) endsUnbounded(i int) bool {
	p := f.ender(i)
	return p != nil && p.Op == runtime.OpIO && p.Flags&runtime.SiteBounded == 0
}

// endsBounded reports whether goroutine i ends something with a time limit.
func (f *facts) endsBounded(i int) bool {
	p := f.ender(i)
	return p != nil && p.Flags&runtime.SiteBounded != 0
}

// enderName returns the name and the package of the function that ends something at p.
func enderName(p *snapshot.Probe) (name, pkg string) {
	fn := p.Func
	if p.Callee != "" {
		fn = p.Callee
	}
	return fn[strings.LastIndexByte(fn, '.')+1:], pkgPath(fn)
}

// handlers returns the goroutines that run the handlers for which goroutine i, which ends something, waits. They
// include i itself only if there is no other.
func (f *facts) handlers(i int) []int {
	p := f.ender(i)
	if p == nil {
		return nil
	}
	_, pkg := enderName(p)
	var list []int
	for j := range f.s.Goroutines {
		if j != i && f.handles(j, pkg) && !f.ofAnother(j, i) {
			list = append(list, j)
		}
	}
	if len(list) == 0 && f.handles(i, pkg) && !f.ofAnother(i, i) {
		list = append(list, i)
	}
	return list
}

// ofAnother reports whether goroutine j is known to run a handler of another server than the one that goroutine i shuts
// down, which accepts no connections any more.
func (f *facts) ofAnother(j, i int) bool {
	serves, ends := f.g(j).Owner, f.g(i).Ends
	return serves != 0 && ends != 0 && serves != ends || f.fromAccepting(j)
}

// fromAccepting reports whether a goroutine that accepts connections has started goroutine j, or the one that
// started it: net/http starts a goroutine for a connection, and for a stream of HTTP/2.
func (f *facts) fromAccepting(j int) bool {
	for range 2 {
		c := f.g(j).CreatedBy
		if c == nil {
			return false
		}
		k, ok := f.find(c.Goroutine)
		if !ok {
			return false
		}
		if f.accepts(k) {
			return true
		}
		j = k
	}
	return false
}

// accepts reports whether goroutine i accepts connections: it waits for the next one, or has one in hand.
func (f *facts) accepts(i int) bool {
	w := f.wait(i)
	return w != nil && w.Probe.Flags&runtime.SiteServe != 0 ||
		onStack(f.g(i).Stack, "internal/poll.(*FD).Accept") || onStack(f.g(i).Stack, "net/http.(*Server).Serve")
}

// shut reports whether goroutine i runs a handler of a server that is being shut down without a time limit.
func (f *facts) shut(i int) bool {
	server := f.g(i).Owner
	return server != 0 && f.ended[server]
}

// listens reports whether goroutine k is the one by which net/http notices, while a handler runs, that the client has
// gone, and reaches the object of the wait through its server. It cancels the request's context. Until the server is
// shut down, it may call another handler.
func (f *facts) listens(k int, path []string) bool {
	c := f.g(k).CreatedBy
	return c != nil && c.Func == "net/http.(*connReader).startBackgroundRead" &&
		slices.Contains(path, "*net/http.conn.server")
}

// handles reports whether goroutine i was started by the library pkg, and is in a function of the user that the library
// has called.
func (f *facts) handles(i int, pkg string) bool {
	g := f.g(i)
	if g.CreatedBy == nil || !related(pkgPath(g.CreatedBy.Func), pkg) || Own(g.CreatedBy.Func, g.CreatedBy.File) {
		return false
	}
	own := slices.IndexFunc(g.Stack, func(fr snapshot.Frame) bool { return Own(fr.Func, fr.File) })
	return own >= 0 &&
		slices.ContainsFunc(g.Stack[own:], func(fr snapshot.Frame) bool { return related(pkgPath(fr.Func), pkg) })
}

// related reports whether two packages are the same, or one lies in the folder of the other.
func related(x, y string) bool {
	return x == y || strings.HasPrefix(x, y+"/") || strings.HasPrefix(y, x+"/")
}

// endNeed returns what would end the wait of a goroutine that ends something: every handler must return.
func (f *facts) endNeed(i int) (need, bool) {
	list := f.handlers(i)
	return need{obj: f.wait(i).Obj, by: list, each: true, open: known}, len(list) > 0
}

// answerers returns the goroutines that run the handlers of the connection on which goroutine i has sent a request: of
// several, those that have begun since. It returns nil if they are unknown, or if another goroutine that goes on could
// end the wait.
func (f *facts) answerers(i int) (list []int) {
	w, g := f.wait(i), f.g(i)
	if !isRequest(w) || len(g.Waits) == 0 || g.Waits[0].IO == nil {
		return nil
	}
	for _, id := range g.Waits[0].IO.Handlers {
		k, ok := f.find(id)
		if !ok || k == i || slices.Contains(list, k) {
			continue
		}
		if c := f.g(k).CreatedBy; c != nil && !Own(c.Func, c.File) && OwnFrame(f.g(k).Stack) != nil {
			list = append(list, k)
		}
	}
	if len(list) > 1 {
		list = slices.DeleteFunc(list, func(k int) bool { return f.g(k).Born < w.Since-slackRing })
	}
	if lib := pkgPath(w.Probe.Callee); f.endedBy(i, func(w snapshot.Waker) bool {
		k, ok := f.find(w.Goroutine)
		return w.Kind != snapshot.WakerGoroutine && !through(w.Path, lib) ||
			ok && k != i && !slices.Contains(list, k) && OwnFrame(f.g(k).Stack) != nil && (!f.long(k) || f.getsThere(k))
	}) {
		return nil
	}
	return list
}

// through reports whether the path from a waker leads through what belongs to the library lib, such as the transport of
// an HTTP client, which is a variable. The library ends a request when the answer comes.
func through(path []string, lib string) bool {
	return slices.ContainsFunc(path, func(s string) bool {
		return related(pkgPath(strings.TrimLeft(strings.TrimPrefix(s, "func "), "*")), lib)
	})
}

// handlerLink returns why goroutine i, which ends something at p, waits for goroutine j.
func (t *writer) handlerLink(p *snapshot.Probe, j int) string {
	name, pkg := enderName(p)
	if p.Callee != "" {
		name = fmt.Sprintf("%s at %s%s", p.Expr, t.place(p), in(p.Func))
	}
	own := OwnFrame(t.g(j).Stack)
	return fmt.Sprintf("%s waits for the handlers of %s to return; goroutine %d is in one, at %s%s", name, pkg,
		t.g(j).ID, t.position(own.File, own.Line), in(own.Func))
}
