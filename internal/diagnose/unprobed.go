package diagnose

import (
	"regexp"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// This file reads waits without a probe off the runtime's wait reason, the stack, and the program's memory.

// offStack returns the operation in which goroutine g waits without a probe, as a wait with a probe that is made up for
// the place in the source. It returns nil if g does not wait, or waits for something unknown.
func (f *facts) offStack(g *snapshot.Goroutine) *snapshot.Wait {
	if w := lateSelect(g); w != nil {
		return w
	}
	if g.State != "waiting" && g.State != "syscall" || !g.Leaked && !f.provenG(g) && !foreign(g.Stack) {
		return nil
	}
	if g.Reason == coroutine && !provenByMemory(g) { // it may be asked for more at any time
		return nil
	}
	op, kind := reasonOp(g)
	if op == 0 && g.Leaked {
		op, kind = runtime.OpRecv, runtime.KindChan // the reason tells whatever else the garbage collector looks at
	}
	if op == 0 {
		return nil
	}
	w := &snapshot.Wait{Probe: &snapshot.Probe{Op: op, Kind: kind}, Cap: -1, Since: f.unprobedSince(g)}
	name(w.Probe, g)
	if strings.Contains(g.Reason, "(no cases)") {
		w.Probe.Expr = "select {}"
	}
	if b := g.Blocked; b != nil {
		for _, t := range b.On {
			if op == runtime.OpSelect {
				w.Cases = append(w.Cases, snapshot.Case{Obj: t.Addr, Send: t.Send})
			}
		}
		if len(b.On) == 1 && op != runtime.OpSelect {
			w.Obj, w.Cap = b.On[0].Addr, b.On[0].Cap
			if w.Probe.Kind == runtime.KindNone {
				w.Probe.Kind = b.On[0].Kind
			}
		}
	}
	return w
}

// lockInside returns the wait of a goroutine for a lock in code without probes, inside an operation that should not
// take long, as a wait at that operation. It returns nil if there is none, or if the operation may last long and come
// there now and then.
func lockInside(g *snapshot.Goroutine) *snapshot.Wait {
	w := &g.Waits[0]
	p := w.Probe
	if p.Op != runtime.OpIO || p.Flags&runtime.SiteServe != 0 || p.Kind == runtime.KindConn ||
		p.Kind == runtime.KindProcess || isRead(p) || g.Last != p {
		return nil
	}
	op, kind := reasonOp(g)
	if op != runtime.OpLock && op != runtime.OpRLock && op != runtime.OpOnce || g.Blocked == nil ||
		len(g.Blocked.On) != 1 || g.Blocked.On[0].Addr == 0 {
		return nil
	}
	probe := *p
	probe.Op, probe.Kind, probe.Callee = op, kind, ""
	return &snapshot.Wait{Probe: &probe, Obj: g.Blocked.On[0].Addr, Since: w.Since, Cap: -1}
}

// reentrant returns the goroutines that wait for the lock at obj and have the function that locks it, without a probe,
// on their stacks twice. The outer call is likely to hold it. No other goroutine may be in that function.
func (f *facts) reentrant(obj uint64) []int {
	var list []int
	for i := range f.s.Goroutines {
		if l, ok := f.lockOf(i); ok && l.obj == obj && f.outerCall(i) != nil {
			list = append(list, i)
		}
	}
	if len(list) != 1 {
		return nil
	}
	fn := lockingFrame(f.g(list[0])).Func
	for i := range f.s.Goroutines {
		if !f.waitsFor(i, obj) && onStack(f.g(i).Stack, fn) {
			return nil
		}
	}
	return list
}

// outerCall returns the frame of an outer call of the function in which goroutine i waits for a lock, if that call has
// gone past the place that locks; or nil.
func (f *facts) outerCall(i int) *snapshot.Frame {
	stack := f.g(i).Stack
	at := lockingFrame(f.g(i))
	if at == nil {
		return nil
	}
	for k := range stack {
		if fr := &stack[k]; fr != at && fr.Func == at.Func && fr.Line > at.Line {
			return fr
		}
	}
	return nil
}

// lockingFrame returns the innermost frame of g outside the runtime and sync, if g waits for a lock; or nil.
func lockingFrame(g *snapshot.Goroutine) *snapshot.Frame {
	if op, _ := reasonOp(g); op != runtime.OpLock && op != runtime.OpRLock {
		return nil
	}
	for k := range g.Stack {
		if !machinery(&g.Stack[k]) {
			return &g.Stack[k]
		}
	}
	return nil
}

// lateSelect returns the wait of a goroutine in a select that had a case ready when the goroutine reached it, and then
// no longer had. The collector looks before the select does, and takes it for passed.
func lateSelect(g *snapshot.Goroutine) *snapshot.Wait {
	p := g.Last
	if p == nil || p.Op != runtime.OpSelect || p.Flags&runtime.SiteDefault != 0 || g.State != "waiting" ||
		!strings.HasPrefix(g.Reason, "select") || g.Blocked == nil {
		return nil
	}
	for i := range g.Stack {
		if fr := &g.Stack[i]; !machinery(fr) {
			if !sameFunc(fr.Func, p.Func) || fr.Line != p.Line {
				return nil
			}
			break
		}
	}
	w := &snapshot.Wait{Probe: p, Since: g.LastAt, Cap: -1}
	for _, t := range g.Blocked.On {
		w.Cases = append(w.Cases, snapshot.Case{Obj: t.Addr, Send: t.Send})
	}
	return w
}

// foreign reports whether a stack has a function outside the standard library. The library's own goroutines are its
// business.
func foreign(stack []snapshot.Frame) bool {
	for i := range stack {
		first, _, path := strings.Cut(stack[i].Func, "/")
		if path && strings.Contains(first, ".") || Own(stack[i].Func, stack[i].File) {
			return true
		}
	}
	return false
}

// unprobedSince returns the latest time by which g had begun its wait: when the runtime noticed it, or when an earlier
// look found g in the same wait. Zero: unknown. Two looks at calls of the system or of C may have found two calls.
func (f *facts) unprobedSince(g *snapshot.Goroutine) int64 {
	if g.Blocked != nil && g.Blocked.Since != 0 {
		return g.Blocked.Since
	}
	was := f.s.Before
	if was == nil || f.s.NoProbes != "" || g.State == "syscall" { // two looks have shown more: see package inspect
		return 0
	}
	if !was.SameWait(g) {
		return 0
	}
	return was.Taken
}

// unsupported makes a cause only possible if, in a program without probes, it rests only on the length of its waits.
// What they wait for may move meanwhile, and the goroutines that they wait for may go on.
func (d *finder) unsupported(c *cause) {
	if d.s.NoProbes == "" || c.certainty == Certain || c.kind == KindDeadlock || c.kind == KindBusy {
		return
	}
	if len(c.roots) > 0 {
		root := c.roots[0]
		r := d.reach(root)
		if inC(d.g(root)) && d.long(root) ||
			c.by == byLock && d.wait(root) != nil && d.long(root) && r != nil && r.More == 0 && !d.open(root) {
			return // it has long been in C code, or holds a lock and has long waited for other goroutines
		}
	}
	c.certainty = Possible
}

// A waiting is an operation and the kind of its object.
type waiting struct {
	op   runtime.Op
	kind runtime.Kind
}

// reasons are the operations that the runtime's wait reasons name, without what a reason has in parentheses.
var reasons = map[string]waiting{
	"chan receive":        {runtime.OpRecv, runtime.KindChan},
	"chan send":           {runtime.OpSend, runtime.KindChan},
	"select":              {runtime.OpSelect, runtime.KindChan},
	"sync.Mutex.Lock":     {runtime.OpLock, runtime.KindMutex},
	"sync.RWMutex.Lock":   {runtime.OpLock, runtime.KindRWMutex},
	"sync.RWMutex.RLock":  {runtime.OpRLock, runtime.KindRWMutex},
	"sync.WaitGroup.Wait": {runtime.OpWait, runtime.KindWaitGroup},
	"sync.Cond.Wait":      {runtime.OpCond, runtime.KindCond},
	coroutine:             {runtime.OpRecv, runtime.KindOther},
	"IO wait":             {op: runtime.OpIO},
	"sleep":               {op: runtime.OpSleep},
}

// semacquires are the operations behind the reason semacquire, by a function on the stack.
var semacquires = map[string]waiting{
	"sync.(*WaitGroup).Wait": reasons["sync.WaitGroup.Wait"],
	"sync.(*Mutex).Lock":     reasons["sync.Mutex.Lock"],
	"sync.(*Mutex).lockSlow": reasons["sync.Mutex.Lock"],
	"sync.(*RWMutex).RLock":  reasons["sync.RWMutex.RLock"],
	"sync.(*RWMutex).Lock":   reasons["sync.RWMutex.Lock"],
}

// reasonOp returns the operation that the runtime's wait reason names, or the stack or the memory if the reason is not
// enough.
func reasonOp(g *snapshot.Goroutine) (runtime.Op, runtime.Kind) {
	if g.State == "syscall" {
		return runtime.OpIO, runtime.KindNone
	}
	reason, _, _ := strings.Cut(g.Reason, " (")
	w := reasons[reason]
	if reason == "semacquire" {
		for _, fr := range g.Stack {
			if w = semacquires[fr.Func]; w.op != 0 {
				break
			}
		}
	}
	if b := g.Blocked; w.op == runtime.OpLock && b != nil && len(b.On) == 1 && b.On[0].Kind == runtime.KindOnce {
		return runtime.OpOnce, runtime.KindOnce
	}
	return w.op, w.kind
}

// name sets the place of the made-up probe for a wait of g to the innermost frame outside the runtime and sync. For
// calls into the system and sleeps it is the user's innermost frame, with the function that it calls.
func name(p *snapshot.Probe, g *snapshot.Goroutine) {
	if len(g.Stack) == 0 {
		if c := g.CreatedBy; c != nil { // the best that is known
			p.File, p.Line, p.Func = c.File, c.Line, c.Func
		}
		return
	}
	k := 0
	for k < len(g.Stack)-1 && machinery(&g.Stack[k]) {
		k++
	}
	if g.Reason == coroutine {
		p.Callee = pull
	}
	if p.Op == runtime.OpIO || p.Op == runtime.OpSleep || p.Callee == pull {
		for j := range g.Stack {
			if Own(g.Stack[j].Func, g.Stack[j].File) && !cgoStub(&g.Stack[j]) {
				k = j
				break
			}
		}
	}
	at := &g.Stack[k]
	p.File, p.Line, p.Func = at.File, at.Line, at.Func
	if k > 0 {
		p.Expr = called(&g.Stack[k-1])
	}
	if p.Callee == pull {
		p.Expr = "next"
		if c := g.CreatedBy; c != nil && strings.HasPrefix(c.Func, pull) {
			p.Expr = "yield"
		}
	}
}

const (
	// coroutine is the wait reason of a goroutine that has switched to another, as the functions that iter.Pull returns
	// do.
	coroutine = "coroutine"
	pull      = "iter.Pull"
)

// machinery reports whether the function of a frame belongs to the runtime, or to packages that wait on behalf of
// others.
func machinery(fr *snapshot.Frame) bool {
	fn := fr.Func
	if snapshot.OnceFunc(fr.File) {
		return true
	}
	for _, prefix := range []string{"runtime.", "sync.", "internal/", "time.Sleep", "syscall.", "os.", "reflect."} {
		if strings.HasPrefix(fn, prefix) {
			return true
		}
	}
	return false
}

// cgoStub reports whether a frame is of the Go function that calls a C function.
func cgoStub(fr *snapshot.Frame) bool {
	return strings.HasSuffix(fr.File, "_cgo_gotypes.go") || strings.Contains(fr.Func, "._Cfunc_") ||
		strings.HasPrefix(fr.Func, "runtime.cgocall")
}

// called returns the name by which the source calls the function of a frame: C.flush for main._Cfunc_flush,
// sync.(*Mutex).Lock for what sync calls inside.
func called(fr *snapshot.Frame) string {
	fn := fr.Func
	if snapshot.OnceFunc(fr.File) {
		return "the func of sync." + onceFunc.FindString(fn)
	}
	if _, c, ok := strings.Cut(fn, "._Cfunc_"); ok {
		return "C." + c
	}
	switch {
	case strings.HasPrefix(fn, "sync.(*Mutex)."), strings.HasPrefix(fn, "internal/sync.(*Mutex)."):
		return "sync.(*Mutex).Lock"
	case fn == snapshot.DoSlow:
		return "sync.(*Once).Do"
	case strings.HasPrefix(fn, "runtime."):
		return ""
	}
	return ShortFunc(fn)
}

// onceFunc finds the name of the function that returned a function in its name: main.f.OnceValue[...].1.
var onceFunc = regexp.MustCompile(`Once(Func|Values?)`)

// inC reports whether goroutine g is in a C function.
func inC(g *snapshot.Goroutine) bool {
	for i := range g.Stack {
		if cgoStub(&g.Stack[i]) {
			return true
		}
	}
	return false
}

// loopsInC reports whether goroutine g is in a C function that may run for as long as the program: by its name, a loop
// that waits for events. For the main goroutine any C function counts.
func loopsInC(g *snapshot.Goroutine) bool {
	if g.ID == 1 {
		return inC(g)
	}
	for i := range g.Stack {
		_, name, ok := strings.Cut(g.Stack[i].Func, "._Cfunc_")
		if !ok {
			continue
		}
		for _, word := range []string{"poll", "wait", "loop", "run", "event", "listen", "accept", "recv", "read",
			"next", "dispatch", "main", "select", "sleep", "start", "exec", "serve", "get"} {
			if strings.Contains(strings.ToLower(name), word) {
				return true
			}
		}
	}
	return false
}
