package snaptext

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// Format returns s as text. Parse reads it back, but for the arguments and the like of the process, which text does not
// have.
func Format(s *snapshot.Snapshot) string {
	p := &printer{s: s}
	p.line("taken", span(s.Taken))
	if s.Process.State != "live" {
		p.line("state", s.Process.State)
	}
	if proc := &s.Process; proc.Unwatched {
		words := []string{"unwatched"}
		if proc.StartWall != 0 {
			words = append(words, span(proc.TakenWall-proc.StartWall))
		}
		p.line(words...)
	}
	if s.Asleep {
		p.line("asleep")
	}
	if s.HasStates {
		p.line("states")
	}
	if s.Process.CPU != 0 {
		p.line("cpu", span(s.Process.CPU))
	}
	if s.Process.Reads != 0 {
		p.line("reads", fmt.Sprint(s.Process.Reads), fmt.Sprint(s.Process.ReadBytes))
	}
	p.memory(s.Memory)
	for _, c := range s.Calls {
		p.line(join("call", probe(c))...)
	}
	for _, at := range s.Starts {
		words := []string{"start", place(at.File, at.Line, 0)}
		for _, f := range at.Callers {
			words = append(words, f.Func, place(f.File, f.Line, 0))
		}
		p.line(words...)
	}
	p.waited(s.Waited)
	for _, what := range slices.Sorted(maps.Keys(s.Dropped)) {
		p.line("dropped", what, strconv.Itoa(s.Dropped[what]))
	}
	for _, addr := range slices.Sorted(maps.Keys(s.Objects)) {
		p.object(s.Objects[addr])
	}
	for i := range s.Goroutines {
		p.goroutine(&s.Goroutines[i])
	}
	for _, h := range s.Orphans {
		p.line(join("orphan", id(h.Goroutine), hold(h))...)
		if h.Last != nil {
			p.line(join("  last", probe(h.Last))...)
		}
	}
	for i := range s.Orders {
		p.order(&s.Orders[i])
	}
	if s.Before != nil {
		p.WriteString("before\n" + Format(s.Before.Snapshot()))
	}
	if s.Later != nil {
		p.WriteString("later\n" + Format(s.Later))
	}
	return p.String()
}

type printer struct {
	strings.Builder
	s *snapshot.Snapshot
}

// line writes the words, the first as it stands and the others quoted where that is needed. Empty words at the end are
// left out.
func (p *printer) line(words ...string) {
	for len(words) > 0 && words[len(words)-1] == "" {
		words = words[:len(words)-1]
	}
	for i, w := range words {
		if i > 0 {
			p.WriteByte(' ')
			if w == "" || strings.ContainsAny(w, " \t\r\n\"`#") || strconv.Quote(w) != `"`+w+`"` {
				w = strconv.Quote(w)
			}
		}
		p.WriteString(w)
	}
	p.WriteByte('\n')
}

func (p *printer) waited(of map[*snapshot.Probe]*snapshot.Waited) {
	var lines [][]string
	for pr, w := range of {
		words := join("waited", probe(pr), span(int64(w.Sum)), span(int64(w.Max)))
		for k, n := range w.Counts {
			if n > 0 {
				words = append(words, fmt.Sprintf("%d=%d", k, n))
			}
		}
		lines = append(lines, words)
	}
	slices.SortFunc(lines, slices.Compare)
	for _, l := range lines {
		p.line(l...)
	}
}

func (p *printer) object(o *snapshot.Object) {
	words := []string{"object", addr(o.Addr), o.Kind.String()}
	if o.Expr != "" {
		words = append(words, o.Expr)
	}
	words = append(words, number("len=", o.Len)...)
	words = append(words, number("cap=", o.Cap)...)
	words = append(words, number("count=", o.Count)...)
	words = append(words, flag(o.OfProgram, "of=program")...)
	words = append(words, flag(o.Shut, "shut")...)
	p.line(append(words, flag(o.Stopped, "timer=stopped")...)...)
	p.fact("  made", o.Made)
	p.fact("  sent", o.Sent)
	p.fact("  received", o.Received)
	p.fact("  closed", o.Closed)
	p.io("  io", o.IO)
}

// io writes what the operating system says of an object, or of a wait that has none.
func (p *printer) io(word string, io *snapshot.IO) {
	if io == nil {
		return
	}
	words := []string{word}
	for _, f := range [][2]string{
		{"network=", io.Network}, {"local=", io.Local}, {"remote=", io.Remote}, {"path=", io.Path}, {"peer=", io.Peer},
		{"lock=", io.LockedBy},
	} {
		if f[1] != "" {
			words = append(words, f[0]+f[1])
		}
	}
	words = append(words, number("unsent=", io.Unsent)...)
	words = append(words, number("unread=", io.Unread)...)
	if io.Pid != 0 {
		words = append(words, number("pid=", io.Pid)...)
	}
	words = append(words, flag(io.Reaped, "reaped")...)
	if io.Limit != 0 {
		words = append(words, number("limit=", io.Limit)...)
	}
	if io.Pipe != nil {
		words = append(words, "waiter="+io.Pipe.Process, "fd="+strconv.Itoa(io.Pipe.FD))
		words = append(words, flag(io.Pipe.Write, "writes")...)
		for _, id := range io.Pipe.Users {
			words = append(words, "user="+strconv.FormatInt(id, 10))
		}
	}
	for _, id := range io.Across {
		words = append(words, "across="+strconv.FormatInt(id, 10))
	}
	for _, id := range io.Handlers {
		words = append(words, "handler="+strconv.FormatInt(id, 10))
	}
	if io.Deadline >= 0 {
		words = append(words, "deadline="+span(io.Deadline))
	}
	p.line(words...)
}

// number returns name and n as one word, or none if n is negative.
func number(name string, n int) []string {
	if n < 0 {
		return nil
	}
	return []string{name + strconv.Itoa(n)}
}

func (p *printer) fact(word string, f *snapshot.Fact) {
	if f != nil {
		p.line(join(word, id(f.Goroutine), probe(f.Probe), span(f.At), flag(f.Exited, "exited"))...)
	}
}

func (p *printer) goroutine(g *snapshot.Goroutine) {
	p.line(join("goroutine", id(g.ID), g.State, g.Reason, flag(g.Leaked, "leaked"))...)
	for _, w := range g.Waits {
		p.line(join("  wait", probe(w.Probe), addr(w.Obj), span(w.Since), number("cap=", w.Cap))...)
		for _, c := range w.Cases {
			p.line("    case", direction(c), addr(c.Obj))
		}
		if w.More > 0 {
			p.line("    more", strconv.Itoa(w.More))
		}
		p.io("    io", w.IO)
	}
	for _, h := range g.Holds {
		p.line(join("  hold", hold(h))...)
	}
	for _, s := range g.History {
		p.line(join("  step", probe(s.Probe), span(s.At))...)
	}
	if int(g.Steps) > len(g.History) {
		p.line("  steps", strconv.Itoa(int(g.Steps)))
	}
	if c := g.CreatedBy; c != nil {
		p.line("  created", id(c.Goroutine), c.Func, place(c.File, c.Line, 0))
	}
	for _, f := range g.Stack {
		p.line("  frame", f.Func, place(f.File, f.Line, 0))
	}
	if g.ThreadID != 0 {
		p.line("  thread", strconv.Itoa(g.ThreadID))
	}
	if g.Owner != 0 {
		p.line("  owner", addr(g.Owner))
	}
	if g.Ends != 0 {
		p.line("  ends", addr(g.Ends))
	}
	if t := g.Test; t != nil {
		p.line(join("  test", strconv.Itoa(t.Number), t.Name, id(t.Goroutine), span(t.Started),
			flag(t.Running, "running"))...)
	}
	for _, k := range slices.Sorted(maps.Keys(g.Labels)) {
		p.line("  label", k, g.Labels[k])
	}
	if g.Ran != 0 {
		p.line("  ran", span(g.Ran))
	}
	if g.Starved != 0 {
		p.line("  starved", span(g.Starved))
	}
	if l := g.Loop; l != nil {
		p.line("  loop", span(l.For), fmt.Sprintf("looks=%d", l.Looks),
			fmt.Sprintf("waiting=%d", l.Waiting), fmt.Sprintf("steps=%d", l.Steps),
			"cpu="+span(l.CPU), "kept="+span(l.Kept),
			fmt.Sprintf("reads=%d", l.Reads), fmt.Sprintf("bytes=%d", l.ReadBytes), fmt.Sprintf("born=%d", l.Born))
	}
	if w := g.Passed; w != nil {
		words := join("  passed", probe(w.Probe))
		for _, c := range w.Cases {
			words = append(words, direction(c), addr(c.Obj))
		}
		p.line(words...)
	}
	if g.Born != 0 {
		p.line("  born", span(g.Born))
	}
	p.ofMemory(g)
}

func (p *printer) order(o *snapshot.Order) {
	words := []string{"order"}
	for _, g := range o.Goroutines {
		words = append(words, id(g))
	}
	p.line(words...)
	p.line(join("  held", probe(o.Held.Probe), addr(o.Held.Obj), flag(o.Held.Read, "read"))...)
	p.line(join("  taken", probe(o.Taken.Probe), addr(o.Taken.Obj), flag(o.Taken.Read, "read"))...)
	for _, g := range o.Gates {
		p.line(join("  gate", addr(g.Obj), flag(g.Read, "read"))...)
	}
	if o.Begun != 0 || o.Last != 0 {
		p.line("  span", strconv.Itoa(int(o.Begun)), strconv.Itoa(int(o.Last)))
	}
	if o.Cycles != 0 {
		p.line("  cycles", strconv.Itoa(int(o.Cycle)), strconv.FormatUint(o.Cycles, 2))
	}
	for _, f := range o.Stack {
		p.line("  caller", f.Func, place(f.File, f.Line, 0))
	}
}

// direction is what a case of a select does.
func direction(c snapshot.Case) string {
	if c.Send {
		return "send"
	}
	return "recv"
}

// join makes one list of words of strings and lists of strings.
func join(parts ...any) []string {
	var words []string
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			words = append(words, p)
		case []string:
			words = append(words, p...)
		}
	}
	return words
}

func hold(h snapshot.Hold) []string {
	return join(probe(h.Probe), addr(h.Obj), span(h.Since), flag(h.Read, "read"))
}

func probe(p *snapshot.Probe) []string {
	op := p.Op.String()
	if k := p.Kind.String(); k != "" {
		op += "/" + k
	}
	for _, f := range []struct {
		flag uint16
		name string
	}{
		{runtime.SiteServe, "serve"}, {runtime.SiteDefault, "default"}, {runtime.SiteRequest, "request"},
		{runtime.SiteContext, "context"},
		{runtime.SiteBounded, "bounded"}, {runtime.SiteUnbounded, "unbounded"},
	} {
		if p.Flags&f.flag != 0 {
			op += "/" + f.name
		}
	}
	op += told(p)
	return []string{op, place(p.File, p.Line, p.Col), p.Func, p.Expr}
}

// told is what p has that does not follow from its expression.
func told(p *snapshot.Probe) (text string) {
	plain := snapshot.Probe{Op: p.Op, Expr: p.Expr}
	derive(&plain)
	if p.Obj != plain.Obj {
		text += ";object=" + p.Obj
	}
	if p.Callee != "" {
		text += ";callee=" + p.Callee
	}
	if p.Roles != plain.Roles {
		var names []string
		for i := range runtime.CaseLen {
			names = append(names, cmp.Or(p.Role(i).String(), "-"))
		}
		text += ";roles=" + strings.Join(names, ",")
	}
	return text
}

func place(file string, line, col int) string {
	if col == 0 {
		return fmt.Sprintf("%s:%d", file, line)
	}
	return fmt.Sprintf("%s:%d:%d", file, line, col)
}

func flag(on bool, word string) []string {
	if !on {
		return nil
	}
	return []string{word}
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func span(ns int64) string { return time.Duration(ns).String() }

func addr(a uint64) string {
	if a == 0 {
		return "-"
	}
	return "0x" + strconv.FormatUint(a, 16)
}
