package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// This file has the phrases that titles and steps consist of.

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

// short returns x with one decimal, if x is small and the decimal is not zero.
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

// Bytes returns a number of bytes as people write it: 512 bytes, 1.5 KiB, 100 MiB.
func Bytes(n uint64) string {
	if n < 1024 {
		return plural(int(n), "byte")
	}
	x := float64(n) / 1024
	for _, unit := range []string{" KiB", " MiB"} {
		if x < 1024 {
			return short(x, unit)
		}
		x /= 1024
	}
	return short(x, " GiB")
}

// plural returns "1 goroutine", "2 goroutines".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// place returns the position of a probe.
func (f *facts) place(p *snapshot.Probe) string { return f.position(p.File, p.Line) }

func (f *facts) position(file string, line int) string {
	if f.opt.Path != nil {
		file = f.opt.Path(file)
	}
	return file + ":" + strconv.Itoa(line)
}

// object returns the object at addr as a phrase: "mutex a.mu", "chan jobs", "chan 0xc000018070".
func (f *facts) object(addr uint64, p *snapshot.Probe) string {
	kind, name := "", ""
	if o := f.s.Objects[addr]; o != nil {
		kind, name = o.Kind.String(), o.Expr
		// its first field is the lock
		if o.Kind == runtime.KindOther && name != "" && p != nil && p.Op == runtime.OpLock {
			return "the lock of " + name
		}
	} else if p != nil {
		kind = p.Kind.String()
	}
	return ObjectName(kind, cmp.Or(name, f.pathName(addr)), addr)
}

// pathName returns the name that the program's memory gives the object at addr, by the path from a variable, or "".
func (f *facts) pathName(addr uint64) string {
	if addr == 0 {
		return ""
	}
	if f.names == nil {
		f.names = make(map[uint64]string)
		for i := range f.s.Goroutines {
			if b := f.g(i).Blocked; b != nil {
				for _, t := range b.On {
					// The collector's own variables do not count.
					if f.s.NoProbes != "" || strings.Contains(t.Name, ".") && !strings.HasPrefix(t.Name, "to.") {
						f.names[t.Addr] = t.Name
					}
				}
			}
		}
	}
	return f.names[addr]
}

// ObjectName returns an object as a phrase. It needs one of kind, name and address.
func ObjectName(kind, name string, addr uint64) string {
	if name == "" && addr != 0 {
		name = fmt.Sprintf("%#x", addr)
	}
	if kind == "once" && (name == "once" || strings.HasPrefix(name, "0x")) {
		return "a sync.Once"
	}
	return strings.TrimSpace(kind + " " + name)
}

// does returns what an operation does, as a phrase with a verb: "waits for mutex a.mu", "sends to chan jobs".
func (f *facts) does(w *snapshot.Wait) string {
	obj := f.object(w.Obj, w.Probe)
	switch w.Probe.Op {
	case runtime.OpSend:
		return "sends to " + orNil(obj, w)
	case runtime.OpRecv, runtime.OpRange:
		switch {
		case w.Probe.Callee == pull && w.Probe.Expr == "yield":
			return "waits in yield for the next call of next or stop of its iter.Pull"
		case w.Probe.Callee == pull:
			return "waits for the next value of an iter.Pull"
		}
		return "receives from " + orNil(obj, w)
	case runtime.OpSelect:
		if len(w.Cases)+w.More == 0 {
			if strings.HasPrefix(w.Probe.Expr, "select {}") {
				return "waits in select {} for ever"
			}
			return "waits in a select"
		}
		return "waits in a select of " + plural(len(w.Cases)+w.More, "case")
	case runtime.OpRLock:
		return "waits to read-lock " + obj
	case runtime.OpOnce:
		return "waits for " + obj + ", whose function is running"
	case runtime.OpIO:
		switch {
		case strings.HasPrefix(w.Probe.Expr, "C."):
			return "is in the C function " + strings.TrimPrefix(w.Probe.Expr, "C.")
		case w.Probe.Expr == "":
			return "is in a system call"
		}
		return "is in " + w.Probe.Expr
	case runtime.OpSleep:
		return "sleeps in " + cmp.Or(w.Probe.Expr, "time.Sleep")
	}
	return "waits for " + obj
}

// orNil names a channel, or says that there is none.
func orNil(obj string, w *snapshot.Wait) string {
	switch {
	case w.Obj != 0:
		return obj
	case w.Probe.Col == 0 && w.Probe.Expr == "": // read off the stack
		return "a channel"
	}
	return "a nil channel"
}

// step says what goroutine i is doing, and where: its line in a chain.
func (f *facts) step(i int) string {
	g, w := f.g(i), f.wait(i)
	who := fmt.Sprintf("goroutine %d ", g.ID)
	if w == nil {
		return who + f.doing(g)
	}
	s := fmt.Sprintf("%s%s at %s%s", who, f.does(w), f.place(w.Probe), inProbe(w.Probe))
	if w.Since != 0 {
		s += f.forAt(i) + f.ago(w.Since)
	}
	if g.State == "syscall" && g.ThreadID != 0 {
		s += fmt.Sprintf(", and keeps thread %d from other work", g.ThreadID)
	}
	if onStack(g.Stack, "runtime.runFinalizers") {
		s += ", and keeps all other finalizers from running"
	}
	if g.Last != nil && (g.Last.File != w.Probe.File || g.Last.Line != w.Probe.Line) && !f.unprobed[i] {
		s += fmt.Sprintf("; inside it, it reached %s at %s %s ago", g.Last.Expr, f.place(g.Last), f.ago(g.LastAt))
	}
	return s
}

// forAt returns " for ". It returns " for at least " if goroutine i is in C code, because only the time since its
// thread last ran is known.
func (f *facts) forAt(i int) string {
	if f.unprobed[i] && inC(f.g(i)) {
		return " for at least "
	}
	return " for "
}

// calledFrom returns the user's own line that led goroutine i into the library where it waits.
func (f *facts) calledFrom(i int) []string {
	w := f.wait(i)
	if fr := OwnFrame(f.g(i).Stack); fr != nil && w != nil && (fr.File != w.Probe.File || fr.Line != w.Probe.Line) &&
		!(sameFunc(fr.Func, w.Probe.Func) && w.Probe.Op == runtime.OpSelect) {
		return []string{"called from " + f.position(fr.File, fr.Line) + in(fr.Func)}
	}
	return nil
}

// started says which go statement started the goroutines of list, which are of one place. If that is in a library, it
// adds who called the library.
func (f *facts) started(list ...int) []string {
	c := f.g(list[0]).CreatedBy
	if c == nil || c.File == "" {
		return nil
	}
	s := "it was started at " + f.position(c.File, c.Line) + in(c.Func)
	if len(list) > 1 {
		s = "they were started at " + f.position(c.File, c.Line) + in(c.Func)
	}
	if !Own(c.Func, c.File) {
		k := slices.IndexFunc(f.s.Starts,
			func(at snapshot.Start) bool { return at.File == c.File && at.Line == c.Line })
		if k < 0 { // a go statement of the standard library, such as that in sync.(*WaitGroup).Go, says nothing
			return nil
		}
		fr := OwnFrame(f.s.Starts[k].Callers)
		if fr == nil {
			return nil
		}
		return []string{s + ", which is called from " + f.position(fr.File, fr.Line) + in(fr.Func)}
	}
	if c.Goroutine != 0 && every(list, func(i int) bool { return f.g(i).CreatedBy.Goroutine == c.Goroutine }) {
		s += fmt.Sprintf(" by goroutine %d", c.Goroutine)
	}
	return []string{s}
}

// doing says what a goroutine in no operation does.
func (f *facts) doing(g *snapshot.Goroutine) string {
	at := ""
	if fr := OwnFrame(g.Stack); fr != nil {
		at = " at " + f.position(fr.File, fr.Line) + in(fr.Func)
	}
	s := ""
	switch {
	case g.State == "unknown" && (f.s.HasStates || f.s.Taken-g.LastAt < int64(f.opt.After)):
		s = "goes on"
	case g.State == "unknown":
		s = "goes on, or has exited"
	case g.State == "waiting" && g.Reason != "":
		s = "is waiting (" + g.Reason + ")" + at
	case g.State == "syscall":
		s = "is in a system call" + at
	default:
		s = "is " + g.State + at
	}
	if g.Ran > 0 {
		s += fmt.Sprintf("; its thread, %d, has used %s of processor time", g.ThreadID,
			Duration(time.Duration(g.Ran)))
	}
	if g.Last != nil {
		s += fmt.Sprintf("; the last probe that it reached is %s at %s, %s ago", g.Last.Expr, f.place(g.Last),
			f.ago(g.LastAt))
	}
	return s
}

// in returns " (function)", with the short name of a function.
func in(fn string) string {
	if fn == "" {
		return ""
	}
	return " (" + ShortFunc(fn) + ")"
}

// inProbe returns " (function: operation)" for a probe, with the operation as the source has it.
func inProbe(p *snapshot.Probe) string {
	switch p.Op {
	case runtime.OpIO, runtime.OpSleep: // their text has the operation
		return in(p.Func)
	}
	text := strings.TrimPrefix(ShortFunc(p.Func)+": ", ": ") + p.Expr
	if text = strings.TrimSuffix(text, ": "); text == "" {
		return ""
	}
	return " (" + text + ")"
}

// ago returns the time since t.
func (f *facts) ago(t int64) string { return Duration(time.Duration(max(f.s.Taken-t, 0))) }

// held says which goroutine holds an object, since when, and where it took it.
func (f *facts) held(obj uint64, h holder) string {
	at, p := h.since()
	verb, taken := "held", "taken"
	switch {
	case h.wait != nil:
		verb, taken = "run", "called"
	case h.hold.Read:
		verb = "read-locked"
	}
	since := ""
	if at != 0 {
		since = " for " + f.ago(at)
	}
	return fmt.Sprintf("%s is %s by goroutine %d%s, %s%s at %s%s", f.object(obj, p), verb, f.g(h.g).ID, since, taken,
		f.as(obj, p), f.place(p), in(p.Func))
}

// as returns " as NAME" if the source at p names the lock obj otherwise than at the newest place that used it, whose
// name a report uses.
func (f *facts) as(obj uint64, p *snapshot.Probe) string {
	o := f.s.Objects[obj]
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
func (f *facts) fact(what string, p *snapshot.Fact) []string {
	if p == nil {
		return nil
	}
	s := fmt.Sprintf("%s: goroutine %d at %s%s, %s ago", what, p.Goroutine, f.place(p.Probe), in(p.Probe.Func),
		f.ago(p.At))
	if p.Exited {
		s += "; it has exited"
	} else if i, ok := f.find(p.Goroutine); ok && f.wait(i) != nil {
		s += fmt.Sprintf("; now it %s at %s", f.does(f.wait(i)), f.place(f.wait(i).Probe))
	} else if ok && f.computes(i) {
		s += "; now it computes"
	}
	return []string{s}
}

// factsAbout says what is known of an object that a goroutine waits for. For a channel, send says whether it waits to
// send.
func (f *facts) factsAbout(addr uint64, send bool) []string {
	o := f.s.Objects[addr]
	if o == nil {
		return nil
	}
	var lines []string
	name := ObjectName(o.Kind.String(), o.Expr, o.Addr)
	if o.Stopped {
		return []string{"its timer is not running: it was stopped, or has fired"}
	}
	if o.Made != nil {
		lines = append(lines, fmt.Sprintf("%s was made by goroutine %d at %s%s", name, o.Made.Goroutine,
			f.place(o.Made.Probe), fill(o)))
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
	lines = append(lines, f.fact(sent, o.Sent)...)
	lines = append(lines, f.fact(received, o.Received)...)
	lines = append(lines, f.owed(addr)...)
	lines = append(lines, f.fact("closed", o.Closed)...)
	switch {
	// This says nothing of a channel that was not used where there are probes.
	case o.Kind != runtime.KindChan || o.Made == nil && o.Sent == nil && o.Received == nil:
	case send && o.Received == nil:
		lines = append(lines, "no receive from it is on record")
	case !send && o.Sent == nil:
		lines = append(lines, "no send to it is on record")
	}
	return lines
}

// owed says how many Dones the WaitGroup at addr is owed, and by whom as far as that is known.
func (f *facts) owed(addr uint64) []string {
	o := f.s.Objects[addr]
	if o == nil || o.Kind != runtime.KindWaitGroup {
		return nil
	}
	var lines []string
	if o.Count > 0 {
		lines = append(lines, fmt.Sprintf("%s is owed %s", f.object(addr, nil), plural(o.Count, "Done")))
	}
	if !f.s.HasStates || o.Sent == nil {
		return lines
	}
	started := keep(f.owers(o), func(i int) bool { return f.g(i).ID != o.Sent.Goroutine })
	what := "may owe it a Done, and was started where Add was called"
	if every(started, f.byGo) {
		what = "may owe it a Done, and was started by WaitGroup.Go"
	}
	return append(lines, f.others(what, started)...)
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

// waitFacts says what is known of what w waits for. For a select with many cases it covers those that were used.
func (f *facts) waitFacts(w *snapshot.Wait) []string {
	if io := f.ioOf(w); io != nil && (w.Probe.Op == runtime.OpIO || isLocked(io)) {
		return f.ioFacts(io)
	}
	lines := f.factsAbout(w.Obj, w.Probe.Op == runtime.OpSend)
	var bare []string
	for n, c := range w.Cases {
		dir := "receive from "
		if c.Send {
			dir = "send to "
		}
		name := orNil(f.object(c.Obj, &snapshot.Probe{Kind: runtime.KindChan}),
			&snapshot.Wait{Obj: c.Obj, Probe: w.Probe})
		o := f.s.Objects[c.Obj]
		if len(w.Cases) > 3 && (o == nil || o.Sent == nil && o.Received == nil && o.Closed == nil) {
			bare = append(bare, name)
			continue
		}
		lines = append(lines, fmt.Sprintf("case %d: %s%s", n+1, dir, name))
		if c.Obj == 0 {
			continue
		}
		for _, fact := range f.factsAbout(c.Obj, c.Send) {
			lines = append(lines, "  "+fact)
		}
	}
	if len(bare) > 0 {
		lines = append(lines, fmt.Sprintf("%s without a known use: %s", plural(len(bare), "case"),
			strings.Join(bare, ", ")))
	}
	if w.More > 0 {
		lines = append(lines, fmt.Sprintf("%s more, for which the record has no room", plural(w.More, "case")))
	}
	return lines
}

// places groups the goroutines of list by the probe that they wait at or reached last, the most common place first. It
// leaves out those that reached none, and keeps those in Options.Scope apart from the others.
func (f *facts) places(list []int) (lists [][]int) {
	var at groups[spot]
	for _, i := range list {
		if p := f.probe(i); p != nil {
			at.add(spot{probe: *p, inScope: f.inScope(i)}, i)
		}
	}
	for _, k := range at.order {
		lists = append(lists, at.of[k])
	}
	slices.SortStableFunc(lists, func(x, y []int) int { return cmp.Compare(len(y), len(x)) })
	return lists
}

// others returns a line for each place where goroutines of list wait, the most common first, with the user's line that
// led the oldest there.
func (f *facts) others(what string, list []int) []string {
	var lines []string
	for _, list := range f.places(list) {
		p := f.probe(list[0])
		s := fmt.Sprintf("%s: %s at %s%s", what, plural(len(list), "goroutine"), f.place(p), inProbe(p))
		if span := f.span(list); span != "" {
			s += ", " + span
		}
		lines = append(lines, strings.Join(append([]string{s}, f.calledFrom(f.oldest(list))...), ", "))
	}
	return lines
}

// span says for how long the goroutines of list have waited: "for 12s", "for 10s to 12s". It is empty if that is
// unknown.
func (f *facts) span(list []int) string {
	lo, hi := time.Duration(1<<62), time.Duration(0)
	for _, i := range list {
		d := f.waited(i)
		lo, hi = min(lo, d), max(hi, d)
	}
	switch {
	case f.s.Process.Unwatched && hi < time.Millisecond:
		return "when the program was last heard of"
	case f.s.Process.Unwatched:
		return "for " + Duration(lo) + " or longer"
	case hi == 0 && every(list, func(i int) bool { return f.unprobed[i] }):
		return ""
	}
	if least := slices.IndexFunc(list, func(i int) bool { return f.forAt(i) != " for " }); least >= 0 {
		return strings.TrimSpace(f.forAt(list[least])) + " " + Duration(lo)
	}
	if x, y := Duration(lo), Duration(hi); x != y {
		return fmt.Sprintf("for %s to %s", x, y)
	}
	return "for " + Duration(hi)
}

// who names the goroutine of list, as in "goroutine 7", or returns how many there are.
func (f *facts) who(list []int) string {
	if len(list) == 1 {
		return fmt.Sprintf("goroutine %d", f.g(list[0]).ID)
	}
	return plural(len(list), "goroutine")
}

// verb returns the form of a verb that fits n subjects: "waits" for one, "wait" for several.
func verb(n int, s string) string {
	if n == 1 {
		return s
	}
	head, rest, _ := strings.Cut(s, " ")
	switch head {
	case "is":
		head = "are"
	case "has":
		head = "have"
	case "does":
		head = "do"
	default:
		head = strings.TrimSuffix(head, "s")
	}
	if rest == "" {
		return head
	}
	return head + " " + rest
}

// names lists goroutines: "goroutine 7", "goroutines 7 and 8", "goroutines 7, 8 and 9". It stops when the line is full.
func names(ids []int64) string {
	const room = 8
	if len(ids) == 1 {
		return fmt.Sprintf("goroutine %d", ids[0])
	}
	if len(ids) > room {
		return plural(len(ids), "goroutine")
	}
	list := make([]string, len(ids))
	for k, id := range ids {
		list[k] = fmt.Sprint(id)
	}
	return "goroutines " + enumerate(list)
}

// enumerate returns "a", "a and b" or "a, b and c".
func enumerate(list []string) string {
	last := len(list) - 1
	if last < 1 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// shorten keeps both ends of a long chain, and says how much is left out.
func shorten(lines []string) []string {
	const room = 16
	n := len(lines)
	if n <= room {
		return lines
	}
	return slices.Concat(lines[:room/2],
		[]string{fmt.Sprintf("… %d more steps, of the same chain, are left out here …", n-room)}, lines[n-room/2:])
}
