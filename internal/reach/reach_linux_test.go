//go:build amd64 || arm64

package reach

import (
	"fmt"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wanted returns what the comments of a program say of its functions.
func wanted(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^// (\w+): (.*)$`).FindAllStringSubmatch(string(b), -1) {
		want["main."+m[1]] = m[2]
	}
	return want
}

// waits looks at testdata/waits.go.
func waits(t *testing.T) *Result {
	t.Helper()
	exe := buildFile(t, "testdata/waits.go")
	prog, err := OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	return look(t, start(t, exe), prog)
}

func TestWaits(t *testing.T) {
	t.Parallel()
	r := waits(t)
	t.Run("answers", func(t *testing.T) {
		testAnswers(t, r, wanted(t, "testdata/waits.go"))
		if n := r.KeptBytes(); n < 1<<20 || n > 4<<20 {
			t.Errorf("%d bytes kept, want a little more than 1 MB", n)
		}
	})
	t.Run("snapshot", func(t *testing.T) { testSnapshot(t, r) })
}

// testAnswers compares the answers for goroutines with what is wanted for the functions that they are in.
func testAnswers(t *testing.T, r *Result, all map[string]string) {
	t.Helper()
	seen := make(map[string]bool)
	for i := range r.m.gs {
		g := &r.m.gs[i]
		name, want := "", ""
		for _, f := range r.m.frames(g) {
			for _, p := range r.m.code.places(f.pc, false) {
				if w, ok := all[p.fn]; ok && name == "" {
					name, want = p.fn, w
				}
			}
		}
		if name == "" {
			continue
		}
		seen[name] = true
		answer, reason := r.Answer(g.id)
		got := map[Answer]string{Proven: "leak", Live: "live", Unknown: "unknown", None: "other"}[answer]
		if first, _, _ := strings.Cut(want, " "); got != first {
			t.Errorf("%s: %s (%s), want %s; it waits: %s", name, got, reason, want, r.m.reason(int32(i)))
		}
	}
	for name := range all {
		if !seen[name] {
			t.Errorf("%s was not seen", name)
		}
	}
}

// told describes in a line what is told of a goroutine.
func told(x Told) string {
	var b strings.Builder
	b.WriteString(string(x.Reach.Answer))
	if x.Blocked.NoneCanWake {
		b.WriteString(" none can wake")
	}
	for _, on := range x.Blocked.On {
		fmt.Fprintf(&b, "; on %s %s", on.Kind, on.Type)
		if on.Send {
			b.WriteString(" to send")
		}
		if on.Cap >= 0 {
			fmt.Fprintf(&b, " %d/%d", on.Len, on.Cap)
		}
		if on.Name != "" {
			fmt.Fprintf(&b, " (%s)", on.Name)
		}
		for _, n := range on.Near {
			fmt.Fprintf(&b, " near %s", n.Frame.Func)
		}
	}
	for _, w := range x.Reach.CouldEnd {
		fmt.Fprintf(&b, "; by %s %s", w.Kind, w.Name)
		if w.Line > 0 {
			fmt.Fprintf(&b, " at %s", filepath.Base(w.File))
		}
		path := w.Path
		if w.Kind == snapshot.WakerGoroutine {
			path = path[1:] // its number
		}
		if len(path) > 1 || w.Kind == snapshot.WakerGoroutine {
			fmt.Fprintf(&b, " %q", path)
		}
	}
	return b.String()
}

func testSnapshot(t *testing.T, r *Result) {
	mem, all := r.Snapshot(0)
	got := make(map[string]string)
	for _, i := range r.byID {
		id := r.m.gs[i].id
		x := all.Of(id)
		if x.Blocked == nil {
			continue
		}
		name := strings.TrimPrefix(r.frameAt(r.standsAt(i)).Func, "main.")
		got[name] = told(x)
		if cut := name == "crowdWait"; x.Reach.Cut != cut {
			t.Errorf("%s: that the search was cut off is %v, want %v", name, x.Reach.Cut, cut)
		}
		if kept := mem.Kept([]int64{id}); name == "keeper" && kept < 1<<20 || name != "keeper" && kept > 1<<16 {
			t.Errorf("%s keeps %d bytes", name, kept)
		}
	}
	for name, want := range map[string]string{
		"recvLeak":        "proven; on chan chan int 0/0",
		"sendLeak":        "proven; on chan chan string to send 0/0",
		"selectLeak":      "proven; on chan chan error to send 0/0; on chan chan int 0/0 (a)",
		"selectNone":      "proven none can wake",
		"nilChan":         "proven none can wake; on chan ",
		"nilSelect":       "proven none can wake",
		"waitGroupLeak":   "proven; on waitgroup sync.WaitGroup (wg)",
		"condLeak":        "proven; on cond sync.Cond (c)",
		"mutexLeak":       "proven; on mutex sync.Mutex",
		"rwmutexLeak":     "proven; on rwmutex sync.RWMutex (s.mu)",
		"(*loader).again": "proven; on once sync.Once near main.(*loader).again",
		"onceBehind":      `proven; on once sync.Once (l.once) near main.(*loader).runs; by goroutine  at waits.go []`,
		"onceValue.OnceValue[go.shape.int].func2": "proven; on once sync.Once near main.onceValue",
		"globalWait": "live; on chan chan int 0/0 (main.global); by global main.global",
		"globalLock": "live; on mutex sync.Mutex (main.globalMu) near main.main; by global main.globalMu",
		"staticLock": "live; on mutex sync.Mutex (main.shared.mu); by global main.shared",
		"staticWait": `live; on chan chan struct {} 0/0 (main.shared.first.done); by global main.shared.first ["global main.shared.first" "*main.session.done"]`,
		"staticElem": `live; on chan chan struct {} 0/0 (main.shared.all[1].done); by global main.shared.all`,
		"mapWait":    `live; on chan chan struct {} 0/0 (main.registry[…].done); by global main.registry ["global main.registry" "map" "*main.session.done"]`,
		"timerWait":  "live; on chan chan time.Time 0/1; by timer time.sendTime at sleep.go",
		"contextWait": `live; on chan chan struct {} 0/0; by timer context.WithDeadlineCause.func2 at context.go ` +
			`["timer" "func context.WithDeadlineCause.func2 c" "*context.timerCtx.cancelCtx.done.v"]`,
		"sleeperWait": `live; on chan chan int 0/0 (c); by goroutine  at waits.go ["c"]`,
		// and not by _atR1
		"loopWait":        `live; on chan chan int 0/0 (c); by goroutine  at waits.go ["main.looper"]`,
		"finalizerWait":   `live; on chan chan struct {} 0/0 (s.done); by finalizer main.finalizerWait.func1 at waits.go ["main.finalizerWait.func1" "object of 32 bytes"]`,
		"(*session).last": `live; on chan chan struct {} 0/0 (s.done); by goroutine  at waits.go ["s" "*main.session.done"]`,
		"cycleA":          `proven; on chan chan int 0/0 (a); by goroutine  at waits.go ["a"]`,
		"cycleB":          `proven; on chan chan int 0/0 (b); by goroutine  at waits.go ["b"]`,
		"param":           "proven; on chan chan int 0/0 (c)",
		"captured.func1":  "proven; on chan chan bool 0/0 (done)",
		"(*session).use":  "proven; on chan chan struct {} 0/0 (s.done)",
		"(*session).lock": `proven; on mutex sync.Mutex (s.mu) near main.(*session).wait; by goroutine  at waits.go ["main.(*session).wait"]`,
		"selected": "proven; on chan chan bool 0/0 (quit); on chan chan int 0/0 (work); on chan chan " +
			"struct {} 0/0",
	} {
		if got[name] != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got[name], want)
		}
	}
	for _, released := range []bool{false, true} {
		if released {
			for _, id := range r.Proven() {
				got[fmt.Sprint(id)] = fmt.Sprint(mem.Kept([]int64{id}))
			}
			r.Release()
			if r.m.stacks != nil ||
				r.m.view(r.m.gs[r.byID[0]].addr, 8) != nil &&
					r.m.onlyOpaque(&r.m.heap.spans[r.m.heap.spanAt(r.m.gs[r.byID[0]].addr)]) {
				t.Error("nothing was released")
			}
		}
		if kept := mem.Kept(r.Proven()); kept != mem.KeptBytes {
			t.Errorf("the proven keep %d bytes as a set, and %d in all; released: %v", kept, mem.KeptBytes, released)
		}
	}
	for _, id := range r.Proven() {
		if kept := fmt.Sprint(mem.Kept([]int64{id})); kept != got[fmt.Sprint(id)] {
			t.Errorf("goroutine %d keeps %s bytes after Release, and %s before", id, kept, got[fmt.Sprint(id)])
		}
	}
}

// TestFinalizersWait expects that nothing can wake the goroutine that runs the finalizers if only a finalizer could.
func TestFinalizersWait(t *testing.T) {
	t.Parallel()
	exe := buildFile(t, "testdata/finalizers.go")
	prog, err := OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	r := look(t, start(t, exe), prog)
	ids := r.Proven()
	if len(ids) != 2 {
		t.Errorf("%d goroutines are proven, want 2: that of the finalizers, and the one that waits for the last",
			len(ids))
	}
}

// TestQueue expects that of a goroutine in the queue of a lock its own place in it is read, and not the whole queue
// behind it for each.
func TestQueue(t *testing.T) {
	t.Parallel()
	exe := buildFile(t, "testdata/queue.go")
	prog, err := OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	r := look(t, start(t, exe), prog)
	waiting, roots := 0, 0
	for i := range r.m.gs {
		if g := &r.m.gs[i]; g.copied() && r.m.kind(int32(i)) == reasonSema {
			waiting++
		}
		roots += int(r.m.roots.of[i][1] - r.m.roots.of[i][0])
	}
	if waiting < 1000 {
		t.Skipf("only %d goroutines have come to the lock", waiting)
	}
	if roots > 50*waiting {
		t.Errorf("%d words of stacks lead into the heap, of %d goroutines that wait for one lock", roots, waiting)
	}
}
