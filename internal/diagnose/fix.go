package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// This file has the fixes of causes.

// ownFix returns fix if the place to change is in the user's own code. A user does not change a downloaded library.
func (t *writer) ownFix(p *snapshot.Probe, fix string) string {
	if Own(p.Func, p.File) || !strings.Contains(p.File, "@") {
		return fix
	}
	return fmt.Sprintf("that is in %s: check whether a newer version fixes it, and how it is called",
		ShortFunc(p.Func))
}

// within returns the place of goroutine i that can be changed: that of its wait, or, in a library, the user's own call
// that led there.
func (t *writer) within(i int) *snapshot.Probe {
	p := t.probe(i)
	if fr := OwnFrame(t.g(i).Stack); fr != nil && (t.wait(i) == nil || !Own(p.Func, p.File)) {
		return &snapshot.Probe{File: fr.File, Line: fr.Line, Func: fr.Func}
	}
	return p
}

// lockFix returns how to break a cycle of locks.
func (t *writer) lockFix(cycle []int) string {
	w0 := t.wait(cycle[0])
	if len(t.holders[w0.Obj]) == 0 && (len(cycle) != 2 || w0.Obj != t.wait(cycle[1]).Obj) {
		return t.likelyFix(cycle)
	}
	if len(cycle) == 1 {
		h := t.holder(w0.Obj, cycle[0])
		if w0.Probe.Op == runtime.OpOnce {
			return fmt.Sprintf("do not call Do at %s from within the function that %s runs", t.place(w0.Probe),
				t.place(h.wait.Probe))
		}
		name := t.object(w0.Obj, w0.Probe)
		if h.hold == nil {
			return fmt.Sprintf("find in the stack how %s comes to call itself, and break that",
				ShortFunc(lockingFrame(t.g(cycle[0])).Func))
		}
		// Users do not change a library for that.
		if fr := OwnFrame(t.g(cycle[0]).Stack); fr != nil && strings.Contains(w0.Probe.File, "@") {
			return fmt.Sprintf("do not call that from %s, where %s is locked already, at %s",
				t.position(fr.File, fr.Line), name, t.place(h.hold.Probe))
		}
		if *h.hold.Probe == *w0.Probe {
			return fmt.Sprintf("unlock %s before %s is reached again, on every path there", name, t.place(w0.Probe))
		}
		return fmt.Sprintf("unlock %s, locked at %s, before %s, or call a function there that expects it to be locked",
			name, t.place(h.hold.Probe), t.place(w0.Probe))
	}
	if len(cycle) > 2 {
		return "take these locks in the same order everywhere"
	}
	w1 := t.wait(cycle[1])
	h0, h1 := t.holder(w1.Obj, cycle[0]), t.holder(w0.Obj, cycle[1])
	for k, w := range []*snapshot.Wait{w0, w1} {
		if w.Probe.Op == runtime.OpOnce {
			other := t.wait(cycle[1-k])
			if other.Probe.Op == runtime.OpOnce {
				return fmt.Sprintf("call neither Do from within the function of the other: the one at %s runs what "+
					"calls the one at %s", t.place(other.Probe), t.place(w.Probe))
			}
			return fmt.Sprintf("do not call Do at %s with %s locked: the function of the Once takes it, at %s",
				t.place(w.Probe), t.object(other.Obj, other.Probe), t.place(other.Probe))
		}
	}
	if w0.Obj == w1.Obj || h0.hold == nil || h1.hold == nil {
		return readOnce
	}
	return t.sameOrder(t.object(w1.Obj, w1.Probe), t.object(w0.Obj, w0.Probe), orderSites{h0.hold.Probe, w0.Probe},
		orderSites{h1.hold.Probe, w1.Probe})
}

// readOnce is the fix for a read lock that a goroutine takes while it holds it.
const readOnce = "do not take a lock a second time while a writer may wait for it: keep the first read lock, or " +
	"release it first"

// sameOrder returns the advice to take two locks in one order: x is taken first at a, and y at b.
func (t *writer) sameOrder(x, y string, a, b orderSites) string {
	if x == y || a == b { // two objects of one type, each the first for one goroutine
		kind := "mutexes"
		if a.taken.Kind == runtime.KindRWMutex {
			kind = "rwmutexes"
		}
		return fmt.Sprintf("lock the two %s of %s and %s in a fixed order, for example by an id that they have", kind,
			t.place(a.held), t.place(a.taken))
	}
	return fmt.Sprintf("take %s and %s in the same order: %s then %s takes %s first, %s then %s takes %s first",
		x, y, t.place(a.held), t.place(a.taken), x, t.place(b.held), t.place(b.taken), y)
}

// likelyFix returns how to break a cycle of locks whose holders are only likely. It is not known where they took the
// locks.
func (t *writer) likelyFix(cycle []int) string {
	p, at := t.wait(cycle[0]).Probe, lockingFrame(t.g(cycle[0]))
	switch {
	case len(cycle) == 1 && at != nil && !Own(at.Func, at.File):
		return fmt.Sprintf("do not call at %s what needs that lock again: %s, which holds it, leads there",
			t.place(t.within(cycle[0])), ShortFunc(at.Func))
	case len(cycle) == 1:
		return fmt.Sprintf("unlock before %s, or call a function there that expects the lock to be held", t.place(p))
	case every(cycle, func(i int) bool { return *t.wait(i).Probe == *p }):
		return fmt.Sprintf("lock the objects of %s in a fixed order, for example by an id that they have", t.place(p))
	}
	return "take these locks in the same order everywhere"
}

// cycleFix returns how to break a cycle that does not consist of locks alone, where a lock's holder waits for something
// else.
func (t *writer) cycleFix(c *cause) string {
	n := len(c.cycle)
	if t.owesItself(c) {
		w := t.wait(c.cycle[0])
		if o := t.s.Objects[w.Obj]; o != nil && o.Sent != nil && t.cameBack(c.cycle[0], o.Sent.Probe) {
			return fmt.Sprintf("find in the stack how %s comes to call itself, and break that",
				ShortFunc(o.Sent.Probe.Func))
		}
		return fmt.Sprintf("do not wait for %s at %s in a goroutine that is counted in it: call Done first, or use "+
			"another WaitGroup", t.object(w.Obj, w.Probe), t.place(w.Probe))
	}
	if p := t.ender(c.cycle[0]); n == 1 && p != nil {
		name, _ := enderName(p)
		return fmt.Sprintf("call %s at %s in a goroutine of its own, so that the handler can return", name,
			t.place(t.within(c.cycle[0])))
	}
	if w := t.wait(c.cycle[0]); n == 1 && w.Probe.Op == runtime.OpCond {
		return fmt.Sprintf("do not wait for %s at %s in the goroutine that signals it: let another one signal it, or "+
			"give up", t.object(w.Obj, w.Probe), t.place(w.Probe))
	}
	if w := t.wait(c.cycle[0]); n == 1 && w.Probe.Op == runtime.OpSend {
		return fmt.Sprintf("do not send to %s at %s in the goroutine that receives from it: do there what the "+
			"receiver does, or send in another goroutine", t.object(w.Obj, w.Probe), t.place(w.Probe))
	}
	if every(c.cycle, func(i int) bool { return t.across(i) != nil }) {
		return "decide which side writes first, and check that it sends what it writes: a bufio.Writer sends on " +
			"Flush; or set a read deadline"
	}
	for k, i := range c.cycle {
		if t.across(i) != nil {
			return fmt.Sprintf("close the connection, or set a deadline for the read at %s, before %s waits for that",
				t.place(t.within(i)), t.place(t.within(c.cycle[(k+n-1)%n])))
		}
	}
	for k, i := range c.cycle {
		if t.locking(i) {
			continue
		}
		before := t.wait(c.cycle[(k+n-1)%n])
		if h := t.holder(before.Obj, i); h.hold != nil {
			p := t.within(i)
			return t.ownFix(p, fmt.Sprintf("unlock %s, locked at %s, before %s: the goroutine that would end that "+
				"wait needs it", t.object(before.Obj, before.Probe), t.place(h.hold.Probe), t.place(p)))
		}
	}
	if fix := cmp.Or(t.endFirst(c.cycle), t.unread(c.cycle)); fix != "" {
		return fix
	}
	own := slices.IndexFunc(c.cycle, func(i int) bool { p := t.wait(i).Probe; return Own(p.Func, p.File) })
	if own < 0 {
		for _, i := range c.cycle {
			if fr := OwnFrame(t.g(i).Stack); fr != nil {
				return fmt.Sprintf("do not wait at %s%s in a goroutine that the others need: wait in another one",
					t.position(fr.File, fr.Line), in(fr.Func))
			}
		}
		return t.ownFix(t.wait(c.cycle[0]).Probe,
			fmt.Sprintf("let one of them go on without the other: a buffer, or a select with a case that ends the "+
				"wait at %s", t.place(t.wait(c.cycle[0]).Probe)))
	}
	return fmt.Sprintf("let one of them go on without the other: a buffer, or a separate goroutine for the wait "+
		"at %s", t.place(t.wait(c.cycle[own]).Probe))
}

// endFirst returns what ends one of two goroutines for which the other waits by a WaitGroup, if a case of its select
// tells it to end, or if the other is who sent to it or signaled it last, or would tell it to end; or "".
func (t *writer) endFirst(cycle []int) string {
	for n, i := range cycle {
		w, waiter := t.wait(i), cycle[(n+1)%len(cycle)]
		if len(cycle) != 2 || t.wait(waiter).Probe.Op != runtime.OpWait || !receives(w) {
			continue
		}
		at, before := t.place(w.Probe), t.place(t.within(waiter))
		fed := func(obj uint64) bool {
			p := t.partner(obj, false)
			return p != nil && p.Goroutine == t.g(waiter).ID
		}
		if p := t.partner(w.Obj, false); w.Probe.Op == runtime.OpCond && fed(w.Obj) &&
			strings.HasSuffix(p.Probe.Expr, ".Signal()") {
			return fmt.Sprintf("call Broadcast at %s, so that all that wait at %s look again, before %s: Signal "+
				"wakes only one", t.place(p.Probe), at, before)
		}
		end := uint64(0)
		for k, c := range cases(w) {
			switch {
			case contextCase(w, k):
				return fmt.Sprintf("cancel the context of the select at %s before %s", at, before)
			case t.endOnly(w, k), t.tellsEnd(c.Obj), fed(c.Obj) && (end == 0 || endName(t.object(c.Obj, nil))):
				end = c.Obj
			}
		}
		if end != 0 {
			return fmt.Sprintf("close %s, so that what waits at %s ends, before %s", t.object(end, w.Probe), at, before)
		}
	}
	return ""
}

// unread returns a channel to which a goroutine of a cycle sends and from which nobody has received, or "".
func (t *writer) unread(cycle []int) string {
	for _, i := range cycle {
		w := t.wait(i)
		if o := t.s.Objects[w.Obj]; w.Probe.Op == runtime.OpSend && o != nil && o.Expr != "" && o.Received == nil {
			return fmt.Sprintf("receive from %s while %s sends, in a goroutine that does not wait for the sender: "+
				"nobody has received from it yet", t.object(w.Obj, w.Probe), t.place(w.Probe))
		}
	}
	return ""
}

// pipeFixes are the fixes for goroutines in a function of a pipe in memory: they write to a pipe that nobody reads, or
// read from one that nobody writes.
var pipeFixes = map[string]string{
	"io.(*pipe).write": "read the io.Pipe to its end, or call CloseWithError on its reader where reading stops " +
		"early, so that %s ends",
	"io.(*pipe).read": "close the writer of the io.Pipe when all has been written, also after an error, so that " +
		"%s ends",
	"net.(*pipe).write": "read at the other end of the net.Pipe while %s writes: it has no buffer; or set a deadline",
}

// inPipe returns the fix of pipeFixes for goroutine i, or for the goroutine that reads the body of its request, or "".
func (t *writer) inPipe(i int) string {
	stack := t.g(i).Stack
	if k, ok := t.bodyReader(i); ok {
		stack = t.g(k).Stack
	}
	for _, fr := range stack {
		if fix := pipeFixes[fr.Func]; fix != "" {
			return fix
		}
	}
	return ""
}

// queueFix returns what to do about goroutines that wait for root, one of which is direct.
func (t *writer) queueFix(c *cause, root, direct int) string {
	rw, w := t.wait(root), t.wait(direct)
	switch {
	case slices.Contains(t.handlers(direct), root):
		return fmt.Sprintf("end the handler at %s on shutdown, by its context or a channel that is closed first; "+
			"or stop waiting for it after a time", t.place(t.within(root)))
	case c.kind == KindUnreadPeer:
		return t.writeFix(root)
	case c.by == byLock:
		return t.heldFix(root, w)
	case t.forProcess(rw):
		return t.opFix(rw, t.place(rw.Probe))
	case rw != nil && (c.kind == KindLeak || c.kind == KindMissingDone || t.inPipe(root) != ""):
		return t.waitFix(&cause{kind: c.kind}, root)
	case c.by == byChannel && w.Cap > 0:
		return t.fullFix(w)
	case rw != nil && rw.Probe.Op == runtime.OpIO && rw.Probe.Flags&runtime.SiteServe == 0 &&
		w.Probe.Op == runtime.OpWait:
		return fmt.Sprintf("end what %s waits for first: close the connection, or give it a deadline",
			t.place(rw.Probe))
	}
	return t.waitFix(&cause{kind: c.kind}, c.queue[0])
}

// heldFix returns what to do about goroutine i, which holds the lock that w is for.
func (t *writer) heldFix(i int, w *snapshot.Wait) string {
	rw := t.wait(i)
	switch {
	case rw == nil && t.verdict[i] == Busy:
		return "compute outside of the lock, or in smaller steps"
	case rw == nil:
		return "hold the lock for less time, or in fewer goroutines"
	case w.Probe.Op == runtime.OpOnce:
		return fmt.Sprintf("do not wait at %s in the function of a Once, or not for so long", t.place(rw.Probe))
	case t.forProcess(rw):
		return t.opFix(rw, t.place(rw.Probe))
	case inC(t.g(i)):
		return t.unprobedFix(i)
	case t.libraryHolds(i, w.Obj):
		return t.libraryFix(i, w)
	}
	p := t.within(i)
	return t.ownFix(p, fmt.Sprintf("unlock before %s, and lock again after it; or make what it waits for end sooner",
		t.place(p)))
}

// forProcess reports whether w, which may be nil, waits for other processes: for the end of their output, for one that
// waits for a pipe of this program, or for the lock of a file.
func (t *writer) forProcess(w *snapshot.Wait) bool {
	io := t.ioOf(w)
	return io != nil && (io.Reaped || io.Pipe != nil) || isLocked(io)
}

// libraryHolds reports whether goroutine i holds obj by a call in a downloaded module.
func (t *writer) libraryHolds(i int, obj uint64) bool {
	h := t.holder(obj, i).hold
	return h != nil && strings.Contains(h.Probe.File, "@") && !Own(h.Probe.Func, h.Probe.File)
}

// libraryFix returns what to do about the wait of goroutine i, which holds the lock that w is for by a call in a
// library.
func (t *writer) libraryFix(i int, w *snapshot.Wait) string {
	rw, h := t.wait(i), t.holder(w.Obj, i).hold.Probe
	held := fmt.Sprintf("%s holds %s meanwhile", ShortFunc(h.Func), t.object(w.Obj, w.Probe))
	switch {
	case Own(rw.Probe.Func, rw.Probe.File):
		return fmt.Sprintf("do not wait at %s in a function that the library calls: %s", t.place(rw.Probe), held)
	case rw.Probe.Op == runtime.OpSend:
		return fmt.Sprintf("keep receiving from %s while anybody sends: %s", t.object(rw.Obj, rw.Probe), held)
	}
	return fmt.Sprintf("let what %s waits for end sooner: %s", t.place(t.within(i)), held)
}

// fullFix returns what to do about a send to a full channel.
func (t *writer) fullFix(w *snapshot.Wait) string {
	return t.ownFix(w.Probe, fmt.Sprintf("keep receiving from %s while anybody sends, or let the sender at %s give "+
		"up", t.object(w.Obj, w.Probe), t.place(w.Probe)))
}

// writeFix returns what to do about a write to a peer that does not read.
func (t *writer) writeFix(i int) string {
	if t.wait(i).Probe.Op != runtime.OpIO {
		return fmt.Sprintf("give the stream of %s a deadline, and find out why the peer has stopped receiving",
			t.place(t.within(i)))
	}
	switch io := t.ioOf(t.wait(i)); {
	case io == nil:
	case isPipe(io) && byItself(io.Peer):
		return fmt.Sprintf("read from the pipe in another goroutine while %s writes: it has room for some 64 KiB",
			t.place(t.within(i)))
	case io.Deadline > 0:
		return "find out why the peer has stopped reading, and whether the write deadline can be shorter"
	}
	return fmt.Sprintf("set a write deadline before %s, and find out why the peer has stopped reading",
		t.place(t.within(i)))
}

// waitFix returns what to do about the wait of goroutine i.
func (t *writer) waitFix(c *cause, i int) string {
	w := t.wait(i)
	at := t.place(w.Probe)
	if fix := t.inPipe(i); fix != "" {
		return fmt.Sprintf(fix, at)
	}
	switch {
	case w.Probe.Callee == pull:
		return "call stop on every path: next, stop := iter.Pull(seq); defer stop()"
	case t.unprobed[i] && (t.s.NoProbes == "" && !Own(w.Probe.Func, w.Probe.File) || inC(t.g(i))):
		return t.unprobedFix(i)
	case t.unprobed[i] && t.within(i) != w.Probe:
		return fmt.Sprintf("give the call at %s a context with a deadline, and find out who keeps what it waits for",
			t.place(t.within(i)))
	case c.kind == KindLeak && t.never(i) && len(w.Cases) == 0 && w.Probe.Op == runtime.OpSelect:
		return fmt.Sprintf("let the goroutine end: wait at %s for a channel that is closed at shutdown", at)
	case c.kind == KindLeak && t.never(i):
		return fmt.Sprintf("make the channel before %s is reached, or do not wait for it while it is nil", at)
	case c.kind == KindUnreadPeer:
		return t.writeFix(i)
	case c.kind == KindFullChannel:
		return t.fullFix(w)
	case c.gone && w.Probe.Op == runtime.OpSend && w.Cap == 0:
		return t.ownFix(w.Probe, fmt.Sprintf("make the channel at %s with a buffer for what is sent after the "+
			"receiver has gone, or let the sender at %s give up when the receiver does",
			t.place(t.s.Objects[w.Obj].Made.Probe), at))
	}
	return t.ownFix(w.Probe, t.opFix(w, at))
}

// opFix returns what to do about the wait w at the place at.
func (t *writer) opFix(w *snapshot.Wait, at string) string {
	switch w.Probe.Op {
	case runtime.OpSend:
		return fmt.Sprintf("receive once for every send, or let the sender at %s give up (select with ctx.Done(), or a "+
			"buffer for the last value)", at)
	case runtime.OpRange:
		if o := t.s.Objects[w.Obj]; o != nil && o.Stopped || t.source(w, 0, w.Obj) == timerChan {
			return fmt.Sprintf("end the loop at %s by a channel of your own, in a select: Stop does not close the "+
				"channel of a timer or ticker", at)
		}
		if p := t.partner(w.Obj, false); p != nil {
			return fmt.Sprintf("close the channel after the last send, at %s, so that the loop at %s ends",
				t.place(p.Probe), at)
		}
		return fmt.Sprintf("close the channel when everything has been sent, so that the loop at %s ends", at)
	case runtime.OpRecv:
		switch o := t.s.Objects[w.Obj]; {
		case o != nil && o.Stopped:
			return fmt.Sprintf("do not receive from %s at %s when the timer was stopped or has fired: since Go "+
				"1.23 there is nothing to drain", t.object(w.Obj, w.Probe), at)
		case t.source(w, 0, w.Obj) == contextChan || contextCase(w, 0):
			return fmt.Sprintf("defer the function that cancels the context where the context is made, so that %s ends", at)
		}
		return fmt.Sprintf("send to the channel or close it on every path, also after an error, or let %s give up "+
			"(select with ctx.Done())", at)
	case runtime.OpSelect:
		return t.selectFix(w, at)
	case runtime.OpWait:
		return "call Done on every path, also when a function panics: `defer wg.Done()` first in the goroutine that " +
			"owes it"
	case runtime.OpCond:
		if p := t.partner(w.Obj, false); p != nil && strings.HasSuffix(p.Probe.Expr, ".Signal()") &&
			slices.ContainsFunc(t.waits, func(v *snapshot.Wait) bool {
				return v != nil && v.Probe.Op == runtime.OpCond && v.Obj == w.Obj && *v.Probe != *w.Probe
			}) {
			return fmt.Sprintf("call Broadcast at %s, or have a Cond for each condition: Signal may wake one that "+
				"waits for the other", t.place(p.Probe))
		}
		return "signal after every change of the condition, with the lock held"
	case runtime.OpIO:
		return t.ioFix(w, at)
	}
	return ""
}

// selectFix returns what to do about a select at a place.
func (t *writer) selectFix(w *snapshot.Wait, at string) string {
	if slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool { return !c.Send && c.Obj != 0 }) {
		for k := range w.Cases {
			switch {
			case contextCase(w, k) && w.Cases[k].Obj == 0:
				return fmt.Sprintf("give the select at %s a context that can be cancelled, and cancel it when nobody "+
					"is left to use its channels", at)
			case contextCase(w, k) || t.source(w, k, w.Cases[k].Obj) == contextChan:
				return fmt.Sprintf("cancel the context of the select at %s when nobody is left to use its channels", at)
			case t.endOnly(w, k):
				return fmt.Sprintf("close %s when nobody is left to use the other channels of the select at %s",
					t.object(w.Cases[k].Obj, nil), at)
			}
		}
	}
	if obj, ok := onlyCase(w); ok {
		if p := t.partner(obj, false); p != nil && p.Exited {
			return fmt.Sprintf("close %s after the last send, at %s, and let the select at %s end by that",
				t.object(obj, nil), t.place(p.Probe), at)
		}
	}
	return fmt.Sprintf("add a case to the select at %s that ends it: ctx.Done(), or a channel that is closed at "+
		"shutdown", at)
}

// ioFix returns what to do about an I/O operation at a place.
func (t *writer) ioFix(w *snapshot.Wait, at string) string {
	io := t.ioOf(w)
	pipe := io != nil && io.Pipe != nil
	switch {
	case isLocked(io) && byItself(io.LockedBy):
		return fmt.Sprintf("open %s once, and share it: the lock belongs to each opening of the file", io.Path)
	case isLocked(io):
		return "find out why the other process keeps the lock, or give the call a time limit"
	case method(w.Probe.Expr) == "Flock" || method(w.Probe.Expr) == "FcntlFlock":
		return "find out who has the lock of the file, or try for it until a deadline (LOCK_NB) instead of waiting"
	case pipe && io.Pipe.Write:
		return "read all that the process writes before waiting for its end, or let cmd.Stdout and cmd.Stderr collect " +
			"it, for example in a bytes.Buffer"
	case pipe:
		return "close the pipe to the process when all has been written, before waiting for its output or its end"
	case isOpen(w.Probe):
		return "find out why nobody has the other end of the pipe open, and open this end where nobody else has to wait"
	case io != nil && io.Reaped:
		return "set cmd.WaitDelay, or give the processes that outlive the command another output"
	case pkgPath(w.Probe.Callee) == "net/rpc":
		return fmt.Sprintf("wait at %s for the Done of client.Go in a select with a timer, and close the client when "+
			"the timer fires first", at)
	}
	return fmt.Sprintf("give %s a deadline or a context, so that it ends when the other side does not answer", at)
}

// onlyCase returns the channel of a select that only receives, and only from that one: the others are nil.
func onlyCase(w *snapshot.Wait) (obj uint64, ok bool) {
	for _, c := range w.Cases {
		switch {
		case c.Send, c.Obj != 0 && obj != 0:
			return 0, false
		case c.Obj != 0:
			obj = c.Obj
		}
	}
	return obj, obj != 0 && w.More == 0
}

// unprobedFix names the command that shows more of a wait without a probe.
func (t *writer) unprobedFix(i int) string {
	w := t.wait(i)
	if inC(t.g(i)) && strings.HasPrefix(w.Probe.Expr, "C.") {
		return fmt.Sprintf("find out in the C code why %s does not return: Go cannot end it",
			strings.TrimPrefix(w.Probe.Expr, "C."))
	}
	pkg := pkgPath(w.Probe.Func)
	if pkg == "" || pkg == "main" {
		return "build with awaittrace, with -probe chan,lock,io,sync,sleep, to see more"
	}
	if strings.Contains(strings.SplitN(pkg, "/", 2)[0], ".") {
		return fmt.Sprintf("build with -deps %s to see who holds or owes what", pkg)
	}
	return fmt.Sprintf("build with -deps %s to see who holds or owes what, or with -probe-func for the function that "+
		"is called", pkg)
}

// loopFix returns what to do about a goroutine that goes round in a loop.
func (t *writer) loopFix(i int) string {
	p := t.g(i).Last
	switch {
	case p.Flags&runtime.SiteDefault != 0:
		return fmt.Sprintf("remove the default from the select at %s, so that it waits, or wait in it", t.place(p))
	case p.Op == runtime.OpIO && isRead(p):
		return fmt.Sprintf("end the loop when %s returns an error: after io.EOF nothing comes any more", p.Expr)
	case p.Op == runtime.OpIO:
		return fmt.Sprintf("find out why %s fails, and wait before each retry, longer each time", p.Expr)
	case p.Op == runtime.OpSelect || p.Op == runtime.OpRecv:
		return "end the loop when a channel is closed: v, ok := <-ch tells, and a nil channel is never ready"
	}
	return "wait to be told of what it looks for, by a channel or a Cond"
}
