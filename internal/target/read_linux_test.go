//go:build amd64 || arm64

package target

import (
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	atrt "github.com/awaittrace/awaittrace/runtime"
)

// A want is the state and reason that a comment in a file of testdata gives for the goroutine with a frame at its line.
type want struct{ state, reason string }

var wantComment = regexp.MustCompile(`// want (\w+):(.*)$`)

// wants returns the expectations in a file of testdata, by line.
func wants(t *testing.T, file string) map[int]want {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	w := make(map[int]want)
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if m := wantComment.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			w[n] = want{m[1], m[2]}
		}
	}
	return w
}

// checkWants compares what was read with the comments in file. Each comment must have one goroutine, which fits.
func checkWants(t *testing.T, res *Result, file string) {
	t.Helper()
	seen := make(map[int]bool)
	all := wants(t, file)
	for _, g := range res.Goroutines {
		i := slices.IndexFunc(g.Stack, func(f snapshot.Frame) bool { return filepath.Base(f.File) == file })
		if i < 0 {
			if n := len(g.Stack); n == 0 || snapshot.Package(g.Stack[n-1].Func) == "main" {
				t.Errorf("goroutine %d has no frame in %s: %v", g.ID, file, g.Stack)
			}
			continue // the one that package os/signal starts
		}
		line := g.Stack[i].Line
		w, ok := all[line]
		if !ok {
			continue
		}
		if g.State == "runnable" && w.state == "running" {
			w.state = g.State // it wants a processor, and others have them
		}
		if g.State != w.state || g.Reason != w.reason {
			t.Errorf("%s:%d: goroutine %d is %s:%s, want %s:%s", file, line, g.ID, g.State, g.Reason, w.state, w.reason)
		}
		if (g.State == "running" || g.State == "syscall") && g.ThreadID == 0 {
			t.Errorf("%s:%d: goroutine %d is %s on no thread", file, line, g.ID, g.State)
		}
		if main := g.ID == 1; main != (g.CreatedBy == nil) {
			t.Errorf("%s:%d: goroutine %d was created by %+v", file, line, g.ID, g.CreatedBy)
		}
		seen[line] = true
	}
	for line, w := range all {
		if !seen[line] {
			t.Errorf("%s:%d: no goroutine is %s:%s here", file, line, w.state, w.reason)
		}
	}
	if t.Failed() {
		for _, g := range res.Goroutines {
			t.Logf("goroutine %d is %s:%s at %v", g.ID, g.State, g.Reason, g.Stack)
		}
	}
	if res.StacksLeft != 0 || res.Unreadable != 0 {
		t.Errorf("%d stacks left, %d goroutines unreadable", res.StacksLeft, res.Unreadable)
	}
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, file string
		flags      []string
		long       bool
	}{
		{name: "optimized", file: "waits.go"},
		{name: "trimpath", file: "waits.go", flags: []string{"-trimpath"}, long: true},
		{name: "plain", file: "waits.go", flags: []string{"-gcflags=all=-N -l"}, long: true},
		{name: "pie", file: "waits.go", flags: []string{"-buildmode=pie"}, long: true},
		{name: "race", file: "waits.go", flags: []string{"-race"}, long: true},
		{name: "cgo", file: "cgo.go"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.long && testing.Short() {
				t.Skip("builds the standard library another way")
			}
			p := start(t, build(t, test.file, test.flags...))
			checkWants(t, p.read(Options{}), test.file)
			if test.file == "waits.go" {
				p.ping()
			}
			waitState(t, p.pid, "RSD")
		})
	}
}

func TestCreatedBy(t *testing.T) {
	p := start(t, build(t, "waits.go"))
	res := p.read(Options{})
	for _, g := range res.Goroutines {
		if c := g.CreatedBy; c != nil &&
			slices.ContainsFunc(g.Stack, func(f snapshot.Frame) bool { return f.Func == "main.crowd" }) {
			if want := line(t, "waits.go", "// creator of crowd"); c.Func != "main.main" || c.Goroutine != 1 ||
				c.Line != want {
				t.Errorf("created by %+v, want goroutine 1, main.main, line %d", *c, want)
			}
			return
		}
	}
	t.Error("no goroutine in main.crowd")
}

// line returns the line of file that has text.
func line(t *testing.T, file, text string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(b), text)
	if !ok {
		t.Fatalf("%s has no %q", file, text)
	}
	return 1 + strings.Count(before, "\n")
}

func TestObjects(t *testing.T) {
	p := start(t, build(t, "waits.go"), "3")
	addr := func(name string, k atrt.Kind) Ref {
		n, err := strconv.ParseUint(p.facts[name].(string), 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		return Ref{n, k}
	}
	tests := []struct {
		ref  Ref
		want Object
	}{
		{addr("empty", atrt.KindChan), Object{}},
		{addr("full", atrt.KindChan), Object{Len: 2, Cap: 2}},
		{addr("closed", atrt.KindChan), Object{Closed: true}},
		{addr("wg", atrt.KindWaitGroup), Object{Count: 3}},
	}
	bad := []Ref{{8, atrt.KindChan}, {0, atrt.KindChan}, {1 << 63, atrt.KindWaitGroup},
		{tests[0].ref.Addr, atrt.KindOther}}
	res := p.read(Options{Select: func(iter.Seq[*snapshot.Goroutine]) Wanted {
		w := Wanted{Objects: bad}
		for _, test := range tests {
			w.Objects = append(w.Objects, test.ref)
		}
		return w
	}})
	for _, test := range tests {
		got, ok := res.Objects[test.ref]
		if !ok || got != test.want {
			t.Errorf("%v: got %+v, want %+v", test.ref.Kind, got, test.want)
		}
	}
	for _, ref := range bad {
		if o, ok := res.Objects[ref]; ok {
			t.Errorf("%+v: got %+v, want nothing", ref, o)
		}
	}
}

func TestBlocked(t *testing.T) {
	for _, flags := range [][]string{nil, {"-gcflags=all=-N -l"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			if flags != nil && testing.Short() {
				t.Skip("builds the standard library another way")
			}
			p := start(t, build(t, "waits.go", flags...))
			res := p.read(Options{})
			fds := p.facts["fds"].(map[string]any)
			tests := []struct {
				fn   string // on the stack
				want Blocked
			}{
				{"net.(*TCPListener).Accept", Blocked{FD: number(fds["accept"])}},
				{"bufio.(*Reader).ReadString", Blocked{FD: number(fds["read"]), Deadline: 1}}, // in an hour
				{"net.(*conn).Write", Blocked{FD: number(fds["write"])}},
				{"os.(*File).Read", Blocked{FD: number(fds["pipe"]), Path: "|0"}},
				{"os/exec.(*Cmd).Wait", Blocked{FD: -1, Pid: number(fds["process"]), Path: sleepPath(t), Deadline: -1}},
			}
			for _, test := range tests {
				i := slices.IndexFunc(res.Goroutines, func(g snapshot.Goroutine) bool {
					return slices.ContainsFunc(g.Stack, func(f snapshot.Frame) bool { return f.Func == test.fn })
				})
				if i < 0 {
					t.Errorf("no goroutine in %s", test.fn)
					continue
				}
				got := res.Blocked[res.Goroutines[i].ID]
				if in := got.Deadline - res.Taken; test.want.Deadline > 0 && in > 0 && in < int64(time.Hour) {
					got.Deadline = test.want.Deadline
				}
				if got != test.want {
					t.Errorf("%s: got %+v, want %+v", test.fn, got, test.want)
				}
			}
		})
	}
}

func number(v any) int { return int(v.(float64)) }

// sleepPath returns the file of the command sleep.
func sleepPath(t *testing.T) string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if f := filepath.Join(dir, "sleep"); fileExists(f) {
			return f
		}
	}
	t.Skip("there is no command sleep")
	return ""
}

func fileExists(f string) bool {
	_, err := os.Stat(f)
	return err == nil
}

func TestMany(t *testing.T) {
	const n = 5000
	p := start(t, build(t, "waits.go"), strconv.Itoa(n))
	res := p.read(Options{MaxStacks: 3, Depth: 2})
	waiting := 0
	for i, g := range res.Goroutines {
		if g.Reason == "chan receive" {
			waiting++
		}
		if i > 0 && g.ID <= res.Goroutines[i-1].ID {
			t.Fatalf("goroutine %d after %d", g.ID, res.Goroutines[i-1].ID)
		}
		if len(g.Stack) > 2 {
			t.Errorf("goroutine %d has %d frames, want at most 2", g.ID, len(g.Stack))
		}
	}
	if waiting < n {
		t.Errorf("%d goroutines wait for a channel, want %d", waiting, n)
	}
	if want := len(res.Goroutines) - 3; res.StacksLeft != want {
		t.Errorf("%d stacks left, want %d", res.StacksLeft, want)
	}
}

// TestDepth reads at most as many frames as are asked for, also where the last one has inlined calls.
func TestDepth(t *testing.T) {
	p := start(t, build(t, "waits.go"), "1")
	for depth := 1; depth < 8; depth++ {
		for _, g := range p.read(Options{Depth: depth}).Goroutines {
			if len(g.Stack) > depth {
				t.Errorf("goroutine %d has %d frames, want at most %d", g.ID, len(g.Stack), depth)
			}
		}
	}
}

// BenchmarkRead reads a program of 100,000 goroutines with 100 stacks.
func BenchmarkRead(b *testing.B) {
	p := start(b, build(b, "waits.go"), "100000")
	var paused, n int64
	for b.Loop() {
		res := p.read(Options{MaxStacks: 100})
		paused += int64(res.Paused)
		n++
	}
	b.ReportMetric(float64(paused)/float64(n), "paused-ns/op")
	b.ReportMetric(float64(runtime.NumCPU()), "cpus")
}

// TestClock repeatedly reads a goroutine that is in the kernel's code. Its stack must lead back to Go.
func TestClock(t *testing.T) {
	p := start(t, build(t, "clock.go"))
	for range 20 {
		res := p.read(Options{})
		found := slices.ContainsFunc(res.Goroutines, func(g snapshot.Goroutine) bool {
			return slices.ContainsFunc(g.Stack, func(f snapshot.Frame) bool { return f.Func == "main.look" })
		})
		if !found {
			t.Errorf("no goroutine in main.look: %+v", res.Goroutines)
		}
	}
}
