package snaptext

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// Parse returns the snapshot that text describes.
func Parse(text string) (*snapshot.Snapshot, error) {
	p := &parser{probes: make(map[snapshot.Probe]*snapshot.Probe)}
	p.begin()
	for n, line := range strings.Split(text, "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %v", n+1, err)
		}
	}
	p.end()
	for _, look := range p.looks {
		look.now.Before = look.before.Earlier()
	}
	return p.first, nil
}

// begin begins a snapshot.
func (p *parser) begin() {
	p.snap = &snapshot.Snapshot{
		Process: snapshot.Process{Pid: 4711, Exe: "/bin/prog", Go: "go1.26.0", State: "live"},
		Objects: make(map[uint64]*snapshot.Object), Dropped: make(map[string]int),
	}
	p.keeps, p.obj, p.orphan = make(map[int64]uint64), nil, false
	if p.first == nil {
		p.first = p.snap
	}
}

// end ends a snapshot.
func (p *parser) end() {
	for i := range p.snap.Goroutines {
		settle(&p.snap.Goroutines[i])
	}
}

// MustParse is Parse for text that stands in a test.
func MustParse(text string) *snapshot.Snapshot {
	s, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return s
}

// settle derives the last probe of a goroutine from its history.
func settle(g *snapshot.Goroutine) {
	if len(g.History) == 0 {
		return
	}
	g.Last, g.LastAt = g.History[0].Probe, g.History[0].At
	if len(g.Waits) > 0 && g.Waits[0].Probe == g.Last {
		g.LastAt = g.Waits[0].Since
	}
	g.Steps = max(g.Steps, uint32(len(g.History)))
}

// twoLooks are a snapshot and the one before.
type twoLooks struct{ now, before *snapshot.Snapshot }

type parser struct {
	first  *snapshot.Snapshot
	snap   *snapshot.Snapshot
	looks  []twoLooks                         // the snapshots with an earlier look
	keeps  map[int64]uint64                   // bytes that goroutines keep alive
	probes map[snapshot.Probe]*snapshot.Probe // every probe once: the snapshot compares them by address
	words  []string                           // what is left of the line
	err    error                              // the first thing that was wrong in the line
	obj    *snapshot.Object
	orphan bool // the last top line was an orphan
	order  bool // the last top line was an order of locks
}

// line reads one line.
func (p *parser) line(line string) error {
	p.err = nil
	if p.words, p.err = split(line); p.err != nil || len(p.words) == 0 {
		return p.err
	}
	word := p.next()
	if !p.ofOrder(word) && !p.top(word) && !p.ofObject(word) && !p.ofGoroutine(word) && p.err == nil {
		return fmt.Errorf("%q is not known, or not here", word)
	}
	if p.err == nil && len(p.words) > 0 {
		return fmt.Errorf("%s: %q is too much", word, p.words)
	}
	return p.err
}

// top reads the lines that do not belong to another.
func (p *parser) top(word string) bool {
	s := p.snap
	switch word {
	case "taken":
		s.Taken = p.time()
	case "state":
		s.Process.State = p.next()
	case "unwatched":
		s.Process.Unwatched = true
		if len(p.words) > 0 {
			s.Process.StartWall = 1
			s.Process.TakenWall = 1 + p.time()
		}
	case "asleep":
		s.Asleep = true
	case "states":
		s.HasStates = true
	case "before":
		p.end()
		p.begin()
		p.looks = append(p.looks, twoLooks{s, p.snap})
	case "later": // of the whole
		p.end()
		p.begin()
		p.first.Later = p.snap
	case "call":
		s.Calls = append(s.Calls, p.probe())
	case "start":
		var at snapshot.Start
		at.File, at.Line, _ = p.position(p.next())
		for len(p.words) > 0 {
			f := snapshot.Frame{Func: p.next()}
			f.File, f.Line, _ = p.position(p.next())
			at.Callers = append(at.Callers, f)
		}
		s.Starts = append(s.Starts, at)
	case "waited":
		p.waited()
	case "cpu":
		s.Process.CPU = p.time()
	case "reads":
		s.Process.Reads, s.Process.ReadBytes = int64(p.int()), int64(p.int())
	case "memory":
		p.readMemory()
	case "dropped":
		what := p.next()
		s.Dropped[what] = p.int()
	case "object":
		p.object()
	case "goroutine":
		g := snapshot.Goroutine{ID: int64(p.int()), State: p.next()}
		if len(p.words) > 0 {
			g.Reason = p.next()
		}
		g.Leaked = p.flag("leaked")
		s.Goroutines = append(s.Goroutines, g)
		p.orphan, p.obj = false, nil
	case "orphan":
		h := p.hold(int64(p.int()))
		h.Exited = true
		s.Orphans = append(s.Orphans, h)
		p.orphan, p.obj = true, nil
	case "order":
		var o snapshot.Order
		for len(p.words) > 0 {
			o.Goroutines = append(o.Goroutines, int64(p.int()))
		}
		s.Orders = append(s.Orders, o)
		p.order = true
		return true
	default:
		return false
	}
	p.order = false
	return true
}

// ofOrder reads the lines that belong to an order of locks. "taken" alone is the moment of the snapshot.
func (p *parser) ofOrder(word string) bool {
	if !p.order {
		return false
	}
	o := &p.snap.Orders[len(p.snap.Orders)-1]
	switch word {
	case "held", "taken":
		l := snapshot.OrderedLock{Probe: p.probe(), Obj: p.addr(), Read: p.flag("read")}
		if word == "held" {
			o.Held = l
		} else {
			o.Taken = l
		}
	case "gate":
		o.Gates = append(o.Gates, snapshot.Gate{Obj: p.addr(), Read: p.flag("read")})
	case "span":
		o.Begun, o.Last = uint32(p.int()), uint32(p.int())
	case "cycles":
		o.Cycle = uint32(p.int())
		var err error
		if o.Cycles, err = strconv.ParseUint(p.next(), 2, 64); err != nil {
			p.fail("cycles: %v", err)
		}
	case "caller":
		f := snapshot.Frame{Func: p.next()}
		f.File, f.Line, _ = p.position(p.next())
		o.Stack = append(o.Stack, f)
	default:
		return false
	}
	return true
}

func (p *parser) waited() {
	if p.snap.Waited == nil {
		p.snap.Waited = make(map[*snapshot.Probe]*snapshot.Waited)
	}
	w := new(snapshot.Waited)
	p.snap.Waited[p.probe()] = w
	w.Sum, w.Max = time.Duration(p.time()), time.Duration(p.time())
	for _, word := range p.rest() {
		k, n, _ := strings.Cut(word, "=")
		at := p.atoi(k)
		if at < 0 || at >= len(w.Counts) {
			p.fail("waited: there is no count %d", at)
			return
		}
		w.Counts[at] = uint64(p.atoi(n))
	}
}

func (p *parser) object() {
	o := &snapshot.Object{Addr: p.addr(), Kind: p.kind(p.next()), Len: -1, Cap: -1, Count: -1}
	for _, w := range p.rest() {
		k, v, ok := strings.Cut(w, "=")
		switch {
		case ok && k == "len":
			o.Len = p.atoi(v)
		case ok && k == "cap":
			o.Cap = p.atoi(v)
		case ok && k == "count":
			o.Count = p.atoi(v)
		case w == "shut":
			o.Shut = true
		case w == "of=program":
			o.OfProgram = true
		case w == "timer=stopped":
			o.Stopped = true
		default:
			o.Expr = w
		}
	}
	p.obj, p.orphan = o, false
	p.snap.Objects[o.Addr] = o
}

// ofObject reads the lines that belong to an object.
func (p *parser) ofObject(word string) bool {
	if p.obj == nil {
		return false
	}
	switch word {
	case "made":
		p.obj.Made = p.fact()
	case "sent":
		p.obj.Sent = p.fact()
	case "received":
		p.obj.Received = p.fact()
	case "closed":
		p.obj.Closed = p.fact()
	case "io":
		p.obj.IO = p.io()
	default:
		return false
	}
	return true
}

func (p *parser) fact() *snapshot.Fact {
	return &snapshot.Fact{Goroutine: int64(p.int()), Probe: p.probe(), At: p.time(), Exited: p.flag("exited")}
}

func (p *parser) io() *snapshot.IO {
	io := &snapshot.IO{Unsent: -1, Unread: -1, Deadline: -1}
	for _, w := range p.rest() {
		switch k, v, _ := strings.Cut(w, "="); k {
		case "across":
			io.Across = append(io.Across, int64(p.atoi(v)))
		case "handler":
			io.Handlers = append(io.Handlers, int64(p.atoi(v)))
		case "waiter":
			io.Pipe = &snapshot.Pipe{Process: v}
		case "fd", "writes", "user":
			p.pipe(io.Pipe, k, v)
		case "network":
			io.Network = v
		case "pid":
			io.Pid = p.atoi(v)
		case "deadline":
			d, err := time.ParseDuration(v)
			if io.Deadline = int64(d); err != nil {
				p.fail("io: deadline %q is no time", v)
			}
		case "local":
			io.Local = v
		case "remote":
			io.Remote = v
		case "path":
			io.Path = v
		case "peer":
			io.Peer = v
		case "lock":
			io.LockedBy = v
		case "reaped":
			io.Reaped = true
		case "limit":
			io.Limit = p.atoi(v)
		case "unsent":
			io.Unsent = p.atoi(v)
		case "unread":
			io.Unread = p.atoi(v)
		default:
			p.fail("io: %q is not known", w)
		}
	}
	return io
}

// pipe reads what is known of a pipe, whose waiter came first.
func (p *parser) pipe(pipe *snapshot.Pipe, k, v string) {
	switch {
	case pipe == nil:
		p.fail("io: %s without waiter", k)
	case k == "fd":
		pipe.FD = p.atoi(v)
	case k == "writes":
		pipe.Write = true
	default:
		pipe.Users = append(pipe.Users, int64(p.atoi(v)))
	}
}

// ofGoroutine reads the lines that belong to a goroutine or an orphan.
func (p *parser) ofGoroutine(word string) bool {
	s := p.snap
	if p.orphan {
		if word != "last" {
			return false
		}
		s.Orphans[len(s.Orphans)-1].Last = p.probe()
		return true
	}
	if len(s.Goroutines) == 0 {
		return false
	}
	g := &s.Goroutines[len(s.Goroutines)-1]
	switch word {
	case "wait":
		g.Waits = append(g.Waits, p.wait())
	case "case", "more":
		return p.ofSelect(word, g)
	case "io":
		if len(g.Waits) == 0 {
			return false
		}
		g.Waits[len(g.Waits)-1].IO = p.io()
	case "hold":
		g.Holds = append(g.Holds, p.hold(g.ID))
	case "step":
		g.History = append(g.History, snapshot.Step{Probe: p.probe(), At: p.time()})
	case "times":
		g.History = slices.Repeat(g.History, p.int())
	case "steps":
		g.Steps = uint32(p.int())
	case "created":
		g.CreatedBy = &snapshot.Created{Goroutine: int64(p.int()), Func: p.next()}
		g.CreatedBy.File, g.CreatedBy.Line, _ = p.position(p.next())
	case "frame":
		f := snapshot.Frame{Func: p.next()}
		f.File, f.Line, _ = p.position(p.next())
		g.Stack = append(g.Stack, f)
	case "thread":
		g.ThreadID = p.int()
	case "owner":
		g.Owner = p.addr()
	case "ends":
		g.Ends = p.addr()
	case "test":
		g.Test = &snapshot.Test{Number: p.int(), Name: p.next(), Goroutine: int64(p.int()), Started: p.time(),
			Running: p.flag("running")}
	case "label":
		if g.Labels == nil {
			g.Labels = make(map[string]string)
		}
		k := p.next()
		g.Labels[k] = p.next()
	case "ran":
		g.Ran = p.time()
	case "starved":
		g.Starved = p.time()
	case "loop":
		g.Loop = p.loop()
	case "passed":
		g.Passed = &snapshot.Wait{Probe: p.probe(), Cap: -1}
		for len(p.words) > 0 {
			g.Passed.Cases = append(g.Passed.Cases, snapshot.Case{Send: p.next() == "send", Obj: p.addr()})
		}
	default:
		return p.ofBlocked(word, g)
	}
	return true
}

func (p *parser) loop() *snapshot.Loop {
	l := &snapshot.Loop{For: p.time()}
	for _, w := range p.rest() {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "looks":
			l.Looks = p.atoi(v)
		case "waiting":
			l.Waiting = p.atoi(v)
		case "steps":
			l.Steps = int64(p.atoi(v))
		case "cpu", "kept":
			d, err := time.ParseDuration(v)
			if err != nil {
				p.fail("loop: %s %q is no time", k, v)
			}
			if k == "cpu" {
				l.CPU = int64(d)
			} else {
				l.Kept = int64(d)
			}
		case "reads":
			l.Reads = int64(p.atoi(v))
		case "bytes":
			l.ReadBytes = int64(p.atoi(v))
		case "born":
			l.Born = p.atoi(v)
		default:
			p.fail("loop: %q is not known", w)
		}
	}
	return l
}

func (p *parser) ofSelect(word string, g *snapshot.Goroutine) bool {
	if len(g.Waits) == 0 {
		return false
	}
	w := &g.Waits[len(g.Waits)-1]
	if word == "more" {
		w.More = p.int()
		return true
	}
	dir := p.next()
	if dir != "send" && dir != "recv" {
		p.fail("case %q, want send or recv", dir)
	}
	w.Cases = append(w.Cases, snapshot.Case{Send: dir == "send", Obj: p.addr()})
	return true
}

func (p *parser) wait() snapshot.Wait {
	w := snapshot.Wait{Probe: p.probe(), Obj: p.addr(), Since: p.time(), Cap: -1}
	if len(p.words) > 0 && strings.HasPrefix(p.words[0], "cap=") {
		w.Cap = p.atoi(strings.TrimPrefix(p.next(), "cap="))
	}
	return w
}

func (p *parser) hold(id int64) snapshot.Hold {
	return snapshot.Hold{Goroutine: id, Probe: p.probe(), Obj: p.addr(), Since: p.time(), Read: p.flag("read")}
}

// probe reads the four arguments of a probe.
func (p *parser) probe() *snapshot.Probe {
	var pr snapshot.Probe
	kinds, given, _ := strings.Cut(p.next(), ";")
	parts := strings.Split(kinds, "/")
	pr.Op = p.op(parts[0])
	for _, part := range parts[1:] {
		switch part {
		case "serve":
			pr.Flags |= runtime.SiteServe
		case "default":
			pr.Flags |= runtime.SiteDefault
		case "request":
			pr.Flags |= runtime.SiteRequest
		case "context":
			pr.Flags |= runtime.SiteContext
		case "bounded":
			pr.Flags |= runtime.SiteBounded
		case "unbounded":
			pr.Flags |= runtime.SiteUnbounded
		default:
			pr.Kind = p.kind(part)
		}
	}
	pr.File, pr.Line, pr.Col = p.position(p.next())
	pr.Func, pr.Expr = p.next(), p.next()
	derive(&pr)
	p.told(&pr, given)
	if p.probes[pr] == nil {
		p.probes[pr] = &pr
	}
	return p.probes[pr]
}

// told reads what a probe has that does not follow from its expression.
func (p *parser) told(pr *snapshot.Probe, text string) {
	for _, part := range strings.Split(text, ";") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "":
		case "object":
			pr.Obj = value
		case "callee":
			pr.Callee = value
		case "roles":
			pr.Roles = 0
			for i, name := range strings.Split(value, ",") {
				pr.Roles |= p.role(name).At(i)
			}
		default:
			p.fail("%q is not object=…, callee=… or roles=…", part)
		}
	}
}

// position reads file:line or file:line:col.
func (p *parser) position(s string) (file string, line, col int) {
	f := strings.Split(s, ":")
	if len(f) < 2 || len(f) > 3 {
		p.fail("%q is no position", s)
		return "", 0, 0
	}
	if len(f) == 3 {
		col = p.atoi(f[2])
	}
	return f[0], p.atoi(f[1]), col
}

func (p *parser) op(name string) runtime.Op {
	for op := runtime.Op(1); op.String() != ""; op++ {
		if op.String() == name {
			return op
		}
	}
	p.fail("%q is no operation", name)
	return 0
}

func (p *parser) kind(name string) runtime.Kind {
	for k := runtime.Kind(1); k.String() != ""; k++ {
		if k.String() == name {
			return k
		}
	}
	p.fail("%q is no kind of object", name)
	return 0
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// next returns the next argument of the line.
func (p *parser) next() string {
	if len(p.words) == 0 {
		p.fail("the line is too short")
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *parser) rest() []string {
	w := p.words
	p.words = nil
	return w
}

// flag reads word if it is next.
func (p *parser) flag(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.words = p.words[1:]
	return true
}

func (p *parser) int() int { return p.atoi(p.next()) }

func (p *parser) atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		p.fail("%q is no number", s)
	}
	return n
}

// addr reads an address, "-" for none.
func (p *parser) addr() uint64 {
	w := p.next()
	if w == "-" {
		return 0
	}
	n, err := strconv.ParseUint(w, 0, 64)
	if err != nil {
		p.fail("%q is no address", w)
	}
	return n
}

func (p *parser) time() int64 {
	w := p.next()
	d, err := time.ParseDuration(w)
	if err != nil {
		p.fail("%q is no time", w)
	}
	return int64(d)
}

// split splits a line into words. A word that begins with a quote of any kind is quoted.
func split(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || line[0] == '#' {
			return words, nil
		}
		if line[0] == '"' || line[0] == '`' {
			q, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("quote without end: %s", line)
			}
			w, _ := strconv.Unquote(q)
			words, line = append(words, w), line[len(q):]
			continue
		}
		n := strings.IndexAny(line, " \t\r")
		if n < 0 {
			n = len(line)
		}
		words, line = append(words, line[:n]), line[n:]
	}
}

// role reads the name of a role; - is none.
func (p *parser) role(name string) runtime.Role {
	if name == "-" {
		return runtime.RoleNone
	}
	for r := runtime.Role(1); r.String() != ""; r++ {
		if r.String() == name {
			return r
		}
	}
	p.fail("%q is no role of a channel", name)
	return 0
}
