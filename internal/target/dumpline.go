package target

import (
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// parseHeader reads the line that begins a goroutine, and returns the byte of it at which the text of the dump begins:
//
//	goroutine 7 [chan receive, 3 minutes, locked to thread]:
//	goroutine 7 gp=0xc000007c00 m=nil [select (no cases)]:
//	goroutine 7 [sync.Mutex.Lock (leaked), synctest bubble 1] {key: "a value"}:
//	goroutine 7 [chan receive labels:{"key": "a value"}]:                            in Go 1.26
//
// See goroutineheader in GOROOT/src/runtime/traceback.go.
func parseHeader(s string) (g DumpGoroutine, prefix int, ok bool) {
	const word = "goroutine "
	prefix = strings.Index(s, word)
	if prefix < 0 || !strings.HasSuffix(s, ":") {
		return g, 0, false
	}
	number, rest, ok := strings.Cut(s[prefix+len(word):], " ")
	if !ok {
		return g, 0, false
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id < 0 {
		return g, 0, false
	}
	pointers, rest, ok := strings.Cut(rest, "[")
	if !ok || pointers != "" && !strings.Contains(pointers, "=") {
		return g, 0, false
	}
	status, labels, ok := strings.Cut(rest, "]")
	if at := strings.Index(rest, " labels:{"); at >= 0 && at < len(status) {
		status, labels = rest[:at], rest[at+len(" labels:"):]
	}
	if labels = strings.TrimSuffix(labels, ":"); !ok || labels != "" && !strings.Contains(labels, "{") {
		return g, 0, false
	}
	g = DumpGoroutine{ID: id, Labels: parseLabels(labels)}
	g.status(status)
	return g, prefix, true
}

// parseLabels reads profiler labels, as far as they make sense: {key: "a value", "a key": value}. It returns nil if
// there are none.
func parseLabels(s string) map[string]string {
	_, s, _ = strings.Cut(s, "{")
	var labels map[string]string
	for s != "" {
		key, rest, ok := labelWord(s, ": ")
		if !ok {
			break
		}
		value, rest, ok := labelWord(rest, ", ")
		if !ok {
			if value, _, ok = labelWord(rest, "}"); !ok {
				break
			}
			rest = ""
		}
		if labels == nil {
			labels = make(map[string]string)
		}
		labels[key] = value
		s = rest
	}
	return labels
}

// labelWord reads a word, quoted or not, that ends before end.
func labelWord(s, end string) (word, rest string, ok bool) {
	if q, err := strconv.QuotedPrefix(s); err == nil {
		if rest, ok = strings.CutPrefix(s[len(q):], end); !ok {
			return "", s, false
		}
		word, _ = strconv.Unquote(q)
		return word, rest, true
	}
	if word, rest, ok = strings.Cut(s, end); !ok {
		return "", s, false
	}
	return word, rest, true
}

// statuses maps the statuses that are not wait reasons to states: gStatusStrings in GOROOT/src/runtime/traceback.go.
var statuses = map[string]string{
	"running": "running", "runnable": "runnable", "syscall": "syscall", "waiting": "waiting",
	"copystack": "running", "preempted": "runnable",
	"idle": "unknown", "dead": "exited", "???": "unknown", "leaked": "waiting",
}

// status reads the text between the brackets.
func (g *DumpGoroutine) status(s string) {
	parts := strings.Split(s, ", ")
	what := parts[0]
	for _, mark := range []string{"scan", "leaked", "durable"} {
		if cut, ok := strings.CutSuffix(what, " ("+mark+")"); ok {
			what = cut
			g.Leaked = g.Leaked || mark == "leaked"
		}
	}
	if state, ok := statuses[what]; ok {
		g.State = state
		g.Leaked = g.Leaked || what == "leaked"
	} else {
		g.State, g.Reason = "waiting", what
	}
	for _, part := range parts[1:] {
		if n, ok := strings.CutSuffix(part, " minutes"); ok {
			if minutes, err := strconv.ParseInt(n, 10, 32); err == nil && minutes > 0 {
				g.Waited = time.Duration(minutes) * time.Minute
			}
		}
	}
}

// position reads the line with the place of a function:
//
//	/src/main.go:12 +0x1d fp=0xc00005af50 sp=0xc00005af18 pc=0x47b2f3
func position(s string) (file string, line int, ok bool) {
	if s[0] != '\t' && s[0] != ' ' {
		return "", 0, false
	}
	s = strings.TrimLeft(s, "\t ")
	for _, end := range []string{" fp=0x", " +0x"} {
		if i := strings.LastIndex(s, end); i >= 0 {
			s = s[:i]
		}
	}
	i := strings.LastIndexByte(s, ':')
	if i <= 0 {
		return "", 0, false
	}
	line, err := strconv.Atoi(s[i+1:])
	return s[:i], line, err == nil && line >= 0
}

// function reads the line with a function and its arguments; fn is empty for any other line.
func function(s string) (fn, args string) {
	s = strings.TrimRight(s, " ")
	open := strings.LastIndexByte(s, '(')
	if open <= 0 || !strings.HasSuffix(s, ")") || s[0] == '\t' || s[0] == ' ' || strings.ContainsAny(s[:open], " \t") {
		return "", ""
	}
	return s[:open], s[open+1 : len(s)-1]
}

// creator reads what follows "created by": "main.(*server).start in goroutine 1".
func creator(s string) (fn string, parent int64) {
	fn, number, ok := strings.Cut(s, " in goroutine ")
	if !ok {
		return s, 0
	}
	parent, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil {
		parent = 0
	}
	return fn, parent
}

// waiters are the functions whose goroutine waits for their receiver.
var waiters = map[string]runtime.Kind{
	"sync.(*Mutex).lockSlow": runtime.KindMutex, "internal/sync.(*Mutex).lockSlow": runtime.KindMutex,
	"sync.(*RWMutex).RLock":  runtime.KindRWMutex,
	"sync.(*WaitGroup).Wait": runtime.KindWaitGroup, "sync.(*Cond).Wait": runtime.KindCond,
}

// lockIn reports whether the function before the last one of stack is of a Mutex.
func lockIn(stack []snapshot.Frame) bool {
	return len(stack) > 1 && strings.Contains(stack[len(stack)-2].Func, "sync.(*Mutex).")
}

// waitsOn notes what g waits for, if it is in fn and an argument has the address.
func (g *DumpGoroutine) waitsOn(fn, args string) {
	if fn == "sync.(*RWMutex).Lock" && g.On != nil && g.On.Kind == runtime.KindMutex {
		g.On.Kind = runtime.KindRWMutex // writers queue for the Mutex that is its first field
	}
	if fn == snapshot.DoSlow && g.On != nil && g.On.Kind == runtime.KindMutex && lockIn(g.Stack) {
		g.On.Kind, g.On.Addr = runtime.KindOnce, g.On.Addr-4 // of its Mutex
	}
	kind, ok := waiters[fn]
	if !ok || g.On != nil {
		return
	}
	first, _, _ := strings.Cut(args, ",")
	// An argument such as "0xc000012345?" may be another value by now. It does not parse.
	if addr, err := strconv.ParseUint(first, 0, 64); err == nil && addr != 0 {
		g.On = &snapshot.Target{Addr: addr, Kind: kind, Len: -1, Cap: -1}
	}
}
