package diagnose

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// This file holds the phrases that titles and steps are made of.

// Duration returns d as people write it: 850µs, 1.5ms, 12s, 3m20s, 2h5m, 3d4h.
func Duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "-" + Duration(-d)
	case d == 0:
		return "0s"
	case d < time.Microsecond:
		return strconv.Itoa(int(d)) + "ns"
	case d < time.Millisecond:
		return short(float64(d)/1e3, "µs")
	case d < time.Second:
		return short(float64(d)/1e6, "ms")
	case d < 10*time.Second:
		return short(float64(d.Truncate(100*time.Millisecond))/1e9, "s")
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + "s"
	case d < time.Hour:
		return pair(int(d/time.Minute), "m", int(d%time.Minute/time.Second), "s")
	case d < day:
		return pair(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "m")
	}
	return pair(int(d/day), "d", int(d%day/time.Hour), "h")
}

// short returns x with one digit behind the point, if it is small and that digit is not zero.
func short(x float64, unit string) string {
	if x < 10 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(int(x*10))/10), ".0") + unit
	}
	return strconv.Itoa(int(x)) + unit
}

func pair(a int, unit string, b int, small string) string {
	if b == 0 {
		return strconv.Itoa(a) + unit
	}
	return strconv.Itoa(a) + unit + strconv.Itoa(b) + small
}

// plural returns "1 goroutine", "2 goroutines".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// place returns the position of a probe.
func (a *analysis) place(p *snapshot.Probe) string { return a.position(p.File, p.Line) }

func (a *analysis) position(file string, line int) string {
	if a.opt.Path != nil {
		file = a.opt.Path(file)
	}
	return file + ":" + strconv.Itoa(line)
}

// object returns the object at addr as a phrase: "mutex a.mu", "chan jobs", "chan 0xc000018070".
func (a *analysis) object(addr uint64, p *snapshot.Probe) string {
	kind, name := "", ""
	if o := a.s.Objects[addr]; o != nil {
		kind, name = o.Kind.String(), o.Expr
	} else if p != nil {
		kind = p.Kind.String()
	}
	return ObjectName(kind, name, addr)
}

// ObjectName returns an object as a phrase. Of a kind, a name and an address it needs one.
func ObjectName(kind, name string, addr uint64) string {
	if name == "" && addr != 0 {
		name = fmt.Sprintf("%#x", addr)
	}
	return strings.TrimSpace(kind + " " + name)
}

// does returns what an operation does, as a phrase with a verb: "waits for mutex a.mu", "sends to chan jobs".
func (a *analysis) does(w *snapshot.Wait) string {
	obj := a.object(w.Obj, w.Probe)
	switch w.Probe.Op {
	case runtime.OpSend:
		return "sends to " + orNil(obj, w.Obj)
	case runtime.OpRecv, runtime.OpRange:
		return "receives from " + orNil(obj, w.Obj)
	case runtime.OpSelect:
		if len(w.Cases)+w.More == 0 {
			return "waits in select {} for ever"
		}
		return "waits in a select of " + plural(len(w.Cases)+w.More, "case")
	case runtime.OpRLock:
		return "waits to read-lock " + obj
	case runtime.OpOnce:
		return "waits for " + obj + ", whose function is running"
	case runtime.OpIO:
		return "is in " + w.Probe.Expr
	case runtime.OpSleep:
		return "sleeps in " + w.Probe.Expr
	}
	return "waits for " + obj
}

// orNil names a channel, or the lack of one.
func orNil(obj string, addr uint64) string {
	if addr == 0 {
		return "a nil channel"
	}
	return obj
}

// step says what goroutine i is doing, with its place: the line of a chain that is about it.
func (a *analysis) step(i int) string {
	g := a.g(i)
	who := fmt.Sprintf("goroutine %d ", g.ID)
	if w := a.wait(i); w != nil {
		s := fmt.Sprintf("%s%s at %s%s for %s", who, a.does(w), a.place(w.Probe), inProbe(w.Probe), a.ago(w.Since))
		if g.State == "syscall" && g.ThreadID != 0 {
			s += fmt.Sprintf(", and keeps thread %d from other work", g.ThreadID)
		}
		if g.Last != nil && g.Last != w.Probe {
			s += fmt.Sprintf("; inside it, it reached %s at %s %s ago", g.Last.Expr, a.place(g.Last), a.ago(g.LastAt))
		}
		return s
	}
	s := who + a.doing(g)
	if g.Ran > 0 {
		s += fmt.Sprintf("; thread %d, on which it is, has used %s of processor time", g.ThreadID, Duration(time.Duration(g.Ran)))
	}
	if g.Last != nil {
		s += fmt.Sprintf("; the last probe that it reached is %s at %s, %s ago", g.Last.Expr, a.place(g.Last), a.ago(g.LastAt))
	}
	return s
}

// origin says who started goroutine i, and where it is in the user's code if that is not where it waits.
func (a *analysis) origin(i int) []string {
	var lines []string
	g := a.g(i)
	if f := OwnFrame(g.Stack); f != nil && (f.File != g.Waits[0].Probe.File || f.Line != g.Waits[0].Probe.Line) {
		lines = append(lines, "called from "+a.position(f.File, f.Line)+in(f.Func))
	}
	return append(lines, a.started(i)...)
}

// started says which go statement of the user's started goroutine i.
func (a *analysis) started(i int) []string {
	// A go statement of a library, such as that in sync.(*WaitGroup).Go, tells nothing.
	c := a.g(i).CreatedBy
	if c == nil || c.File == "" || !Own(c.Func, c.File) {
		return nil
	}
	s := "it was started at " + a.position(c.File, c.Line) + in(c.Func)
	if c.Goroutine != 0 {
		s += fmt.Sprintf(" by goroutine %d", c.Goroutine)
	}
	return []string{s}
}

// doing says what a goroutine does that is in no probed operation.
func (a *analysis) doing(g *snapshot.Goroutine) string {
	at := ""
	if f := OwnFrame(g.Stack); f != nil {
		at = " at " + a.position(f.File, f.Line) + in(f.Func)
	}
	switch {
	case g.State == "unknown":
		if a.s.HasStates || a.s.Taken-g.LastAt < int64(a.opt.After) {
			return "goes on"
		}
		return "goes on, or has exited"
	case g.State == "waiting" && g.Reason != "":
		return "is waiting (" + g.Reason + ")" + at
	}
	return "is " + g.State + at
}

// in returns " (function)" with the short name of a function.
func in(fn string) string {
	if fn == "" {
		return ""
	}
	return " (" + ShortFunc(fn) + ")"
}

// inProbe returns " (function: operation)" of a probe, with the operation as the source has it.
func inProbe(p *snapshot.Probe) string {
	switch p.Op {
	case runtime.OpIO, runtime.OpSleep: // named by their text already
		return in(p.Func)
	}
	return " (" + strings.TrimPrefix(ShortFunc(p.Func)+": ", ": ") + p.Expr + ")"
}

// ShortFunc returns the name of a function without the path of its package, as in pkg.(*T).Method.
func ShortFunc(fn string) string {
	// Type arguments have slashes of their own.
	head := fn
	if i := strings.IndexByte(fn, '['); i >= 0 {
		head = fn[:i]
	}
	return fn[strings.LastIndexByte(head, '/')+1:]
}

// ago returns the time since t.
func (a *analysis) ago(t int64) string { return Duration(time.Duration(max(a.s.Taken-t, 0))) }

// held says who holds an object, since when, and where that goroutine took it.
func (a *analysis) held(obj uint64, h holder) string {
	at, p := h.since()
	verb := "held"
	switch {
	case h.wait != nil:
		verb = "run"
	case h.hold.Read:
		verb = "read-locked"
	}
	return fmt.Sprintf("%s is %s by goroutine %d for %s, taken%s at %s%s", a.object(obj, p), verb, a.g(h.g).ID, a.ago(at), a.as(obj, p), a.place(p), in(p.Func))
}

// as returns " as NAME" if the source calls the lock obj by another name at p than in the newest place that used it, by which a report calls it.
func (a *analysis) as(obj uint64, p *snapshot.Probe) string {
	o := a.s.Objects[obj]
	if o == nil || p.Op != runtime.OpLock && p.Op != runtime.OpRLock {
		return ""
	}
	name, ok := strings.CutSuffix(strings.TrimSuffix(p.Expr, "()"), ".Lock")
	if !ok {
		name, ok = strings.CutSuffix(name, ".RLock")
	}
	if !ok || o.Expr == "" || name == o.Expr {
		return ""
	}
	return " as " + name
}

// fact says who did something last, if anybody did.
func (a *analysis) fact(what string, f *snapshot.Fact) []string {
	if f == nil {
		return nil
	}
	s := fmt.Sprintf("%s: goroutine %d at %s%s, %s ago", what, f.Goroutine, a.place(f.Probe), in(f.Probe.Func), a.ago(f.At))
	if f.Exited {
		s += "; it has exited"
	} else if i, ok := a.graph.index[f.Goroutine]; ok && a.wait(i) != nil {
		s += fmt.Sprintf("; now it %s at %s", a.does(a.wait(i)), a.place(a.wait(i).Probe))
	} else if ok && a.computes(i) {
		s += "; now it computes"
	}
	return []string{s}
}

// facts says what is known of an object that somebody waits for: to send, if it is a channel and send is set, or to receive.
func (a *analysis) facts(addr uint64, send bool) []string {
	o := a.s.Objects[addr]
	if o == nil {
		return nil
	}
	var lines []string
	name := ObjectName(o.Kind.String(), o.Expr, o.Addr)
	if o.Stopped {
		return []string{"its timer is not running: it was stopped, or has gone off"}
	}
	if o.Made != nil {
		lines = append(lines, fmt.Sprintf("%s was made by goroutine %d at %s%s", name, o.Made.Goroutine, a.place(o.Made.Probe), fill(o)))
	}
	sent, received := "last send", "last receive"
	switch o.Kind {
	case runtime.KindWaitGroup:
		sent, received = "last Add", "last Done"
	case runtime.KindCond:
		sent = "last Signal or Broadcast"
	case runtime.KindChan:
	default:
		return lines
	}
	lines = append(lines, a.fact(sent, o.Sent)...)
	lines = append(lines, a.fact(received, o.Received)...)
	lines = append(lines, a.owed(addr)...)
	lines = append(lines, a.fact("closed", o.Closed)...)
	switch {
	case o.Kind != runtime.KindChan:
	case send && o.Received == nil:
		lines = append(lines, "no receive from it is on record")
	case !send && o.Sent == nil:
		lines = append(lines, "no send to it is on record")
	}
	return lines
}

// fill says how full a channel is.
func fill(o *snapshot.Object) string {
	switch {
	case o.Cap == 0:
		return ", without a buffer"
	case o.Cap > 0 && o.Len >= 0:
		return fmt.Sprintf(", holding %d of %d", o.Len, o.Cap)
	case o.Cap > 0:
		return fmt.Sprintf(", with room for %d", o.Cap)
	}
	return ""
}

// OwnFrame returns the innermost frame of stack that is neither the standard library's nor a module's from elsewhere; nil if there is none.
func OwnFrame(stack []snapshot.Frame) *snapshot.Frame {
	for i := range stack {
		if Own(stack[i].Func, stack[i].File) {
			return &stack[i]
		}
	}
	return nil
}

// wrapper matches the functions that the compiler makes of go and defer statements.
var wrapper = regexp.MustCompile(`\.(gowrap|deferwrap)\d+$`)

// Wrapper reports whether the compiler made a function of a go or defer statement.
func Wrapper(fn string) bool { return wrapper.MatchString(fn) }

// Own reports whether a function is the user's own code. The standard library's import paths have no dot in their first element; the
// code of a module that was downloaded lies in a folder with an @.
func Own(fn, file string) bool {
	if fn == "" || strings.Contains(file, "@") || strings.Contains(file, "/vendor/") || wrapper.MatchString(fn) {
		return false
	}
	if strings.HasPrefix(fn, "main.") {
		return true
	}
	first, _, path := strings.Cut(fn, "/")
	if path && strings.Contains(first, ".") {
		return true
	}
	// A module whose name has no dot and the standard library are told by the file: GOROOT's, or with -trimpath a path that begins
	// with the package.
	return strings.HasPrefix(file, "/") && !strings.Contains(file, "/src/"+pkgPath(fn)+"/") &&
		!strings.Contains(file, "/src/runtime/") // which has functions of other packages, such as sync.runtime_SemacquireMutex
}

// pkgPath returns the import path of the package of a function.
func pkgPath(fn string) string {
	slash := strings.LastIndexByte(fn, '/') + 1
	dot := strings.IndexByte(fn[slash:], '.')
	if dot < 0 {
		return fn
	}
	return fn[:slash+dot]
}
