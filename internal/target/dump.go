package target

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A goroutine dump is text that a Go program writes on SIGQUIT, at a fatal error or a panic, and by
// net/http/pprof at /debug/pprof/goroutine?debug=2.
//
// A dump has, for every goroutine, its state, its stack, the go statement that started it, and, if a garbage collection
// has noticed that it waits, for how many minutes at least. It does not say who holds a lock or uses a channel, and
// this package does not guess it.
//
// The dump may be anywhere in a log. Lines may have a prefix of a fixed length, such as a time stamp. Of several dumps
// the last one counts.

// A Dump is the content of a goroutine dump.
type Dump struct {
	// Goroutines are in the order of the text.
	Goroutines []DumpGoroutine
	// Earlier counts the dumps before this one in the same text.
	Earlier int
}

// A DumpGoroutine is one goroutine of a dump.
type DumpGoroutine struct {
	ID int64
	// State is waiting, running, runnable or syscall; Reason is the runtime's wait reason, such as "chan receive".
	State, Reason string
	// Labels are its profiler labels, which a dump has with GODEBUG=tracebacklabels=1; nil: none.
	Labels map[string]string
	// Leaked is set if the garbage collector has marked it as one that nothing can wake.
	Leaked bool
	// Waited is the least time that it has waited, in whole minutes; zero: unknown.
	Waited time.Duration
	// Stack is innermost first; nil: the dump does not have it. Elided means that frames in the middle are left out.
	Stack  []snapshot.Frame
	Elided bool
	// CreatedBy is the go statement that started it; nil: unknown.
	CreatedBy *snapshot.Created
	// On is the lock, WaitGroup or Cond that it waits for, if an argument has its address.
	On *snapshot.Target
}

// ErrNoDump is the error for a text without a dump.
var ErrNoDump = errors.New("not a goroutine dump: no line begins with \"goroutine N [state]:\"")

// errProfile is the error for the other text format of net/http/pprof.
var errProfile = errors.New("a goroutine profile without the goroutines' states: take it with debug=2 instead of " +
	"debug=1")

// maxLine bounds the lines: a file with a longer one is not text.
const maxLine = 1 << 20

// ParseDump returns the last dump in text.
func ParseDump(text []byte) (*Dump, error) {
	p := parser{seen: make(map[int64]int)}
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		p.line(printable(line[:min(len(line), maxLine)]))
	}
	p.end()
	switch {
	case len(p.d.Goroutines) > 0:
		return &p.d, nil
	case p.profile:
		return nil, errProfile
	}
	return nil, ErrNoDump
}

// printable returns a line as text that cannot disturb a terminal, without the line's end.
func printable(line []byte) string {
	s := strings.ToValidUTF8(strings.TrimSuffix(string(line), "\r"), "\uFFFD")
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' || c == 0x7f || 0x80 <= c && c < 0xa0 {
			return '\uFFFD'
		}
		return c
	}, s)
}

// A parser reads a text line by line.
type parser struct {
	d    Dump
	seen map[int64]int // index in d.Goroutines by ID
	// prefix is how many bytes precede the dump in each line.
	prefix int
	g      *DumpGoroutine // the one whose lines are being read; nil: none
	// fn is the function of the line before, whose position follows. created is set if that line has the go statement.
	fn, args string
	parent   int64
	created  bool
	profile  bool // there was the beginning of a goroutine profile
}

// line reads one line.
func (p *parser) line(s string) {
	if strings.HasPrefix(s, "goroutine profile: total ") {
		p.profile = true
	}
	if h, at, ok := parseHeader(s); ok {
		p.begin(h, at)
		return
	}
	if p.g == nil {
		return
	}
	if len(s) < p.prefix {
		s = ""
	}
	s = s[min(p.prefix, len(s)):]
	if s == "" {
		p.end()
		return
	}
	if file, line, ok := position(s); ok {
		p.position(file, line)
		return
	}
	p.fn, p.args, p.created = "", "", false
	switch {
	case strings.HasPrefix(s, "created by "):
		p.fn, p.parent = creator(strings.TrimPrefix(s, "created by "))
		p.created = true
	case strings.HasPrefix(s, "[originating from goroutine "):
		p.end() // what follows is the stack of the goroutine that started it
	case strings.HasPrefix(s, "...") && strings.HasSuffix(s, "frames elided..."):
		p.g.Elided = true
	default:
		p.fn, p.args = function(s)
	}
}

// begin begins a goroutine. A repeated one begins another dump, unless its stack was deferred, as GOTRACEBACK=crash
// does for those that run on another thread.
func (p *parser) begin(h DumpGoroutine, prefix int) {
	p.end()
	p.prefix = prefix
	if h.ID == 0 {
		return // a thread's own stack
	}
	if i, ok := p.seen[h.ID]; ok {
		if p.d.Goroutines[i].Stack == nil {
			p.g = &p.d.Goroutines[i]
			return
		}
		p.d = Dump{Earlier: p.d.Earlier + 1}
		clear(p.seen)
	}
	p.seen[h.ID] = len(p.d.Goroutines)
	p.d.Goroutines = append(p.d.Goroutines, h)
	p.g = &p.d.Goroutines[len(p.d.Goroutines)-1]
}

// end ends the goroutine that is being read.
func (p *parser) end() {
	p.g, p.fn, p.args, p.created = nil, "", "", false
}

// position reads the place of the function that was read last.
func (p *parser) position(file string, line int) {
	fn := p.fn
	p.fn = ""
	switch {
	case fn == "":
	case p.created:
		p.g.CreatedBy = &snapshot.Created{Goroutine: p.parent, Func: fn, File: file, Line: line}
	default:
		p.g.Stack = append(p.g.Stack, snapshot.Frame{Func: fn, File: file, Line: line})
		if p.g.State == "waiting" {
			p.g.waitsOn(fn, p.args)
		}
	}
}
