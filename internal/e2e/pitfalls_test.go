package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A pitfall is a program of testdata/pitfalls, and what its report must have before it is compared with the golden.
type pitfall struct {
	name    string
	finding string   // kind of a finding
	places  int      // goroutines that wait or spin, by the last probe
	names   []string // of the same lock, see factsOf
}

var pitfalls = []pitfall{
	{"busy", "busy", 1, nil},
	{"timeout", "busy", 1, nil},
	{"fifo", "stuck", 1, nil},
	{"lockwait", "lock-across-wait", 6, nil},
	{"unreadpeer", "unread-peer", 1, nil},
	{"fullchannel", "full-channel", 1, nil},
	{"deadlock", "deadlock", 3, []string{"a.mu", "to.mu"}},
	{"orphan", "orphaned-lock", 3, nil},
	{"leak", "leak", 1, nil},
}

// TestPitfalls runs a program for each row of the table of pitfalls, and compares the facts of its report with
// testdata/pitfalls/NAME/facts.json.
func TestPitfalls(t *testing.T) {
	t.Parallel()
	programs := build(t, true, filepath.Join(testdata, "pitfalls"), "./...")
	for _, p := range pitfalls {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			prog := start(t, nil, filepath.Join(programs, p.name))
			// With -prove always, the facts have what is proven even on a busy machine.
			_, text := prog.until(p.finding, func(r report) bool { return settled(r, p) }, "-after", "1s", "-prove",
				"always")
			golden(t, filepath.Join(testdata, "pitfalls", p.name, "facts.json"), factsOf(t, text, p.names))
		})
	}
	t.Run("log", func(t *testing.T) {
		dir := t.TempDir()
		r := must(t, "log", command(t, dir, []string{"AWAITTRACE=log", "AWAITTRACE_DIR=" + dir},
			filepath.Join(programs, "log")))
		if r.stdout != "2\n4\nfalse\n" {
			t.Errorf("the program prints %q", r.stdout)
		}
		golden(t, filepath.Join(testdata, "pitfalls", "log", "stderr.txt"), normalizeLog(r.stderr))
	})
}

// settled reports whether the report has the finding, and all goroutines that get stuck in p are stuck.
func settled(r report, p pitfall) bool {
	found, stuck := false, 0
	for _, f := range r.Findings {
		found = found || f.Kind == p.finding
	}
	for _, g := range r.Goroutines {
		if g.Verdict != "ok" && g.Verdict != "idle" {
			stuck++
		}
	}
	return found && stuck >= p.places
}

var (
	reLogID   = regexp.MustCompile(`goroutine \d+`)
	reElapsed = regexp.MustCompile(`\d+(\.\d+)?(ns|µs|us|ms|s)\b`)
)

// normalizeLog groups the lines of a log by goroutine, because the scheduler decides on their order, and removes times,
// IDs and the machine's paths.
func normalizeLog(text string) []byte {
	var ids []string
	lines := make(map[string]string)
	for line := range strings.Lines(strings.ReplaceAll(text, filepath.Dir(testdata)+"/", "")) {
		id := reLogID.FindString(line)
		if lines[id] == "" {
			ids = append(ids, id)
		}
		lines[id] += regexp.MustCompile(`  +`).ReplaceAllString(reElapsed.ReplaceAllString(line, "TIME"), " ")
	}
	var out bytes.Buffer
	for i, id := range ids {
		out.WriteString(strings.ReplaceAll(lines[id], id+" ", fmt.Sprintf("goroutine #%d ", i+1)))
	}
	return out.Bytes()
}

// golden compares got with a file, or renews it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if !bytes.Equal(got, want) {
		actual := filepath.Join(t.TempDir(), "got")
		if err := os.WriteFile(actual, got, 0o666); err != nil {
			t.Fatal(err)
		}
		t.Errorf("differs from the golden (-update renews it):\n%s",
			command(t, "", nil, "diff", "-U3", name, actual).stdout)
	}
}

// TestStopped checks that a stopped program is reported like a running one, and is still stopped afterwards.
func TestStopped(t *testing.T) {
	t.Parallel()
	prog := start(t, nil, build(t, true, filepath.Join(testdata, "pitfalls"), "./deadlock"))
	isDeadlock := func(r report) bool { return settled(r, pitfall{finding: "deadlock", places: 3}) }
	prog.until("deadlock", isDeadlock, "-after", "1s")
	signalTo(t, prog, "STOP")
	for end := time.Now().Add(patience); procState(t, prog) != "T" && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	r, text := prog.json("-after", "1s")
	if r.Process.State != "stopped" || !isDeadlock(r) {
		t.Errorf("state %q, report:\n%s", r.Process.State, text)
	}
	if s := procState(t, prog); s != "T" {
		t.Errorf("the program is in state %s after the report, want T", s)
	}
}
