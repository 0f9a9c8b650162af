package inspect

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

const plainProgram = "../../testdata/plain"

// TestPlain holds the reports of a program without probes against what its comments say of its waits.
func TestPlain(t *testing.T) {
	t.Setenv("AWAITTRACE_DIR", t.TempDir())
	for _, tt := range []struct{ name, ldflags string }{{"symbols", ""}, {"stripped", "-s -w"}} {
		t.Run(tt.name, func(t *testing.T) {
			exe, pid := startPlain(t, tt.ldflags)
			t.Run("live", func(t *testing.T) {
				var missing []string
				for range 5 { // what a thread has at hand at the moment may keep something alive
					if missing = checkPlain(t, fmt.Sprint(pid), ""); len(missing) == 0 || t.Failed() {
						return
					}
				}
				t.Errorf("missing:\n%s", strings.Join(missing, "\n"))
			})
			t.Run("core", func(t *testing.T) {
				if testing.Short() {
					t.Skip("a core is large")
				}
				core := filepath.Join(t.TempDir(), "core")
				if out, err := exec.Command("gcore", "-o", core, fmt.Sprint(pid)).CombinedOutput(); err != nil {
					t.Skipf("gcore: %v\n%s", err, out)
				}
				if missing := checkPlain(t, fmt.Sprintf("%s.%d", core, pid), exe); len(missing) > maxMissing {
					t.Errorf("missing:\n%s", strings.Join(missing, "\n"))
				}
			})
		})
	}
}

// startPlain builds the program, with flags for the linker, and starts it.
func startPlain(t *testing.T, ldflags string) (exe string, pid int) {
	t.Helper()
	exe = filepath.Join(t.TempDir(), "plain")
	if out, err := exec.Command("go", "build", "-o", exe, "-ldflags", ldflags,
		plainProgram).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(exe)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the program says %q, %v", line, err)
	}
	go io.Copy(io.Discard, stdout)
	return exe, cmd.Process.Pid
}

// maxMissing is how many places a core may lack, of which there is one moment only.
const maxMissing = 4

// checkPlain compares the report of arg with the comments. It returns what was to be found and was not.
func checkPlain(t *testing.T, arg, exe string) (missing []string) {
	t.Helper()
	s, err := Open(arg, exe)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Report(context.Background(), Options{Options: diagnose.Options{After: time.Minute}, Prove: ProveAlways})
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Snapshot.Memory; m == nil || m.NoProof != "" {
		t.Errorf("no proofs: %+v", m)
	}
	counted := 0
	got := make(map[string][]string) // what is found of the goroutines at a line
	told := make(map[int64]string)
	for i := range r.Findings {
		f := &r.Findings[i]
		if r.Doubtful(f) {
			continue
		}
		what := string(f.Kind)
		if f.Certainty != diagnose.Certain {
			what += " " + string(f.Certainty)
		}
		for _, id := range f.Goroutines {
			told[id] = what
		}
	}
	for i, g := range r.Snapshot.Goroutines {
		if r.Verdicts[i].Bad() {
			counted++
		}
		if fr := diagnose.OwnFrame(g.Stack); fr != nil {
			line := fmt.Sprintf("%s:%d", filepath.Base(fr.File), fr.Line)
			got[line] = append(got[line], told[g.ID])
		}
	}
	if counted != len(told) {
		t.Errorf("%d goroutines count, want the %d of the findings", counted, len(told))
	}
	wants := plainWants(t)
	for line, list := range got {
		slices.Sort(list)
		want, ok := wants[line]
		if want == "any" {
			continue
		}
		for _, what := range slices.Compact(list) {
			if kind, any := strings.CutSuffix(want, " any"); what == want || any && strings.HasPrefix(what, kind) {
				continue
			}
			problem := fmt.Sprintf("%s: found %q, want %q", line, what, want)
			if what == "" || what == want+" likely" {
				missing = append(missing, problem)
			} else {
				t.Error(problem)
			}
		}
		if ok {
			delete(wants, line)
		}
	}
	for line, want := range wants {
		if want != "any" {
			missing = append(missing, fmt.Sprintf("%s: nobody waits there, want %q", line, want))
		}
	}
	return missing
}

var plainComment = regexp.MustCompile(`// (any|(?:[a-z]+-)*(?:deadlock|leak)(?: likely| any)?): `)

// plainWants returns the comments by file and line.
func plainWants(t *testing.T) map[string]string {
	names, err := filepath.Glob(filepath.Join(plainProgram, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	wants := make(map[string]string)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(b)) {
			n++
			if m := plainComment.FindStringSubmatch(line); m != nil {
				wants[fmt.Sprintf("%s:%d", filepath.Base(name), n)] = m[1]
			}
		}
	}
	return wants
}

// TestPlainHealthy: of programs without probes in which nothing is wrong nothing is told, however busy they are.
func TestPlainHealthy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Setenv("AWAITTRACE_DIR", t.TempDir())
	exe := filepath.Join(t.TempDir(), "healthy")
	if out, err := exec.Command("go", "build", "-o", exe, "../../testdata/healthy").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(exe, "all", "2m")
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir()) // it is killed, and leaves sockets
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	time.Sleep(3 * time.Second)
	s, err := Live(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 3 {
		r, err := s.Report(context.Background(), Options{Options: diagnose.Options{After: time.Second}, Twice: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Findings {
			if f := &r.Findings[i]; !r.Doubtful(f) {
				t.Errorf("%s: %s\n\t%s", f.Kind, f.Title, strings.Join(f.Why, "\n\t"))
			}
		}
	}
}
