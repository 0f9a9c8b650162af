package diagnose

import (
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// The record does not say who could reach what a goroutine waits for: a timer, a context, or a global variable that
// some goroutine looks up. If the program stood still and its memory was not read, for example because the pause would
// be too long, a cause that rests on the record is a guess. If only the record is left, such a cause is the usual
// explanation, and there is no better one.

// guesswork reports whether c rests on what the record cannot know, and the memory could have been read and was not.
// Goroutines that a test leaves behind should be over, and are no guess.
func (d *finder) guesswork(c *cause) bool {
	if c.certainty != Likely || d.opt.Scope != nil || !d.s.HasStates {
		return false
	}
	switch c.kind {
	case KindDeadlock:
		return c.guess && !slices.ContainsFunc(c.cycle, func(i int) bool { return d.locking(i) || d.read(i) })
	case KindLeak, KindStuck, KindNoAnswer, KindFullChannel:
	default:
		return false
	}
	if len(c.roots) == 0 {
		return false
	}
	if (len(c.queue) == 0 || c.kind != KindFullChannel && c.by != byLock) && !slices.ContainsFunc(c.roots, d.firm) {
		return true
	}
	direct := func(i int) bool {
		j, _ := d.linkOf(i)
		return slices.Contains(c.roots, j) && (d.read(i) || !d.guessed(i, j))
	}
	return len(c.queue) > 0 && !slices.ContainsFunc(c.queue, direct)
}

// slowed reports whether c rests on how long something takes, and the program is overloaded.
func (d *finder) slowed(c *cause) bool {
	switch c.kind {
	case KindLeak, KindStuck, KindNoAnswer, KindFullChannel, KindUnreadPeer, KindExhaustedPool, KindBusy:
		return c.certainty == Likely && c.proof == "" && c.rate == nil && d.overloaded()
	case KindLockAcrossWait: // certain, since nobody doubts who holds the lock, but not that it takes too long
		return d.overloaded()
	}
	return false
}

// mayDrain reports whether c is about a function that ends a server, and that may return by itself. From a record
// alone, a goroutine that sleeps may run one of the handlers that the function waits for. With stacks, a Shutdown of
// net/http that is in its select, or past it, and has no connection left looks again within half a second.
func (d *finder) mayDrain(c *cause) bool {
	if c.kind != KindNoAnswer || !slices.ContainsFunc(c.roots, func(i int) bool { return d.ender(i) != nil }) {
		return false
	}
	if !d.s.HasStates {
		return slices.ContainsFunc(d.waits, sleeps)
	}
	return every(c.roots, func(i int) bool {
		p := d.ender(i)
		return p != nil && p.Callee == "net/http.Server.Shutdown" &&
			(d.g(i).Reason == "select" || d.g(i).State != "waiting")
	}) && !slices.ContainsFunc(c.roots, d.keptOpen)
}

// keptOpen reports whether a connection may be left of the server that goroutine i shuts down.
func (d *finder) keptOpen(i int) bool {
	for j := range d.s.Goroutines {
		if serves(&d.s.Goroutines[j]) && !d.ofAnother(j, i) {
			return true
		}
	}
	return false
}

// connServe is the function of a connection's goroutine.
const connServe = "net/http.(*conn).serve"

// serves reports whether g is the goroutine of a connection of a net/http server.
func serves(g *snapshot.Goroutine) bool {
	return g.CreatedBy != nil && g.CreatedBy.Func == "net/http.(*Server).Serve" || onStack(g.Stack, connServe)
}

// sleeps reports whether w, which may be nil, is a sleep.
func sleeps(w *snapshot.Wait) bool { return w != nil && w.Probe.Op == runtime.OpSleep }

// resumes reports whether c is about a full channel, and a sleeping goroutine may receive from it when it wakes, or
// start a goroutine that does, such as one that connects again after a while. It can reach the channel, by the memory,
// or the memory could have been read and was not. The same is so if c is about a token of a channel, and one that has a
// token waits for the time, or for the end of a context.
func (d *finder) resumes(c *cause) bool {
	switch {
	case c.certainty != Likely || d.opt.Scope != nil:
		return false
	case c.pool != nil && c.pool.kind == nil:
		return slices.ContainsFunc(c.pool.holders, d.untilLater)
	case c.kind == KindStuck:
		return slices.ContainsFunc(c.roots,
			func(i int) bool { return d.wait(i) != nil && d.tokenWith(i, d.untilLater) })
	case c.kind != KindFullChannel:
		return false
	}
	return slices.ContainsFunc(d.main(c), func(i int) bool {
		switch w := d.wait(i); {
		case w == nil || w.Probe.Op != runtime.OpSend:
			return false
		case d.reach(i) == nil:
			return d.s.HasStates && slices.ContainsFunc(d.waits, sleeps)
		}
		return d.endedBy(i, func(by snapshot.Waker) bool {
			k, ok := d.find(by.Goroutine)
			return ok && by.Kind == snapshot.WakerGoroutine && sleeps(d.wait(k))
		})
	})
}

// untilLater reports whether goroutine i waits for the time, or for the end of a context.
func (d *finder) untilLater(i int) bool {
	return sleeps(d.wait(i)) || d.timed(i) || d.judge.external(i)
}

// firm reports whether more is known of the wait of goroutine i than its length.
func (d *finder) firm(i int) bool {
	w := d.wait(i)
	if w == nil || d.read(i) && !d.cancellable(i) || d.never(i) {
		return true
	}
	switch w.Probe.Op {
	case runtime.OpIO:
		io := d.ioOf(w)
		return w.Probe.Flags&runtime.SiteRequest == 0 && !d.judge.ending(i) || isLocked(io) ||
			io != nil && io.Pipe != nil || io != nil && io.Deadline == 0 && io.Network != "" || boundless(w.Probe)
	case runtime.OpSleep:
		return false
	case runtime.OpWait:
		return d.missingDone(i) || d.owedByStuck(i)
	case runtime.OpCond:
		return d.wasUsed(i, w.Obj, false)
	case runtime.OpRecv, runtime.OpRange, runtime.OpSend, runtime.OpSelect:
		used := false
		for k, c := range cases(w) {
			switch {
			case c.Obj != 0 && d.wasUsed(i, c.Obj, c.Send):
				used = true
			case c.Obj != 0 && !d.endOnly(w, k):
				return false
			}
		}
		return used
	}
	return true
}

// cancellable reports whether goroutine i waits for an answer, and another goroutine has the function that cancels its
// context.
func (d *finder) cancellable(i int) bool {
	return isRequest(d.wait(i)) &&
		slices.ContainsFunc(d.reach(i).CouldEnd,
			func(w snapshot.Waker) bool { return w.Kind == snapshot.WakerGoroutine })
}

// wasUsed reports whether another goroutine than i has used the other side of a channel, or signaled a Cond.
func (d *finder) wasUsed(i int, obj uint64, send bool) bool {
	p := d.partner(obj, send)
	return p != nil && p.Goroutine != d.g(i).ID
}

// owedByStuck reports whether goroutine i waits for a WaitGroup that is owed exactly as many Dones as there are
// goroutines that owe one, all of which are stuck.
func (d *finder) owedByStuck(i int) bool {
	return slices.ContainsFunc(d.graph.waits[i], func(at int) bool {
		nd := d.graph.node(at)
		return nd.need.each && len(nd.deps) > 0 && every(nd.deps, func(j int) bool { return d.bad[j] })
	})
}

// boundless reports whether p is a request that nothing elsewhere, such as a context or the http.Client, can bound.
func boundless(p *snapshot.Probe) bool {
	if p.Flags&runtime.SiteRequest == 0 || p.Flags&runtime.SiteBounded != 0 || p.Kind == runtime.KindOther ||
		strings.HasSuffix(p.Callee, "Context") {
		return false
	}
	switch pkgPath(p.Callee) {
	case "net/http":
		return strings.Count(p.Callee, ".") == 1 // a function, which uses the default client
	case "database/sql", "net/rpc":
		return true
	}
	return false
}
