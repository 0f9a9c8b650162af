//go:build unix

package target

import (
	"bufio"
	"bytes"
	"cmp"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReal reads the dumps of a real program with 10,000 goroutines, written by itself and by the runtime on SIGQUIT,
// plain and with -race, with C and without. Each goroutine must appear once, at its place, with the goroutine that
// started it.
func TestReal(t *testing.T) {
	if testing.Short() {
		t.Skip("builds with -race")
	}
	const n = 10_000
	for name, c := range map[string]struct{ flags, env string }{
		"plain": {env: "CGO_ENABLED=0"},
		"cgo":   {env: "CGO_ENABLED=1"},
		"race":  {flags: "-race", env: "CGO_ENABLED=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exe := filepath.Join(t.TempDir(), "real")
			build := exec.Command("go", append(strings.Fields("build -o "+exe+" "+c.flags), "./testdata/dump/real")...)
			build.Env = append(build.Environ(), c.env)
			if out, err := build.CombinedOutput(); err != nil {
				if strings.Contains(string(out), "C compiler") || strings.Contains(string(out), "requires cgo") ||
					strings.Contains(string(out), "not supported") {
					t.Skipf("%s", out)
				}
				t.Fatalf("%v\n%s", err, out)
			}
			out, err := exec.Command(exe, "10000", "write").Output()
			if err != nil {
				t.Fatal(err)
			}
			census(t, "debug=2", out, n)
			census(t, "SIGQUIT", quit(t, exe), n)
		})
	}
}

// quit returns what a program prints on SIGQUIT.
func quit(t *testing.T, exe string) []byte {
	t.Helper()
	cmd := exec.Command(exe, "10000", "wait")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Error(err)
	}
	if cmd.Wait() == nil {
		t.Error("SIGQUIT did not end the program")
	}
	return stderr.Bytes()
}

// census checks what a dump says of the goroutines.
func census(t *testing.T, form string, text []byte, n int) {
	t.Helper()
	d, err := ParseDump(text)
	if err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	s := d.Snapshot()
	count := make(map[string]int)
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		for _, f := range g.Stack {
			if !strings.HasPrefix(f.Func, "main.") || f.Func == "main._Cfunc_sleep" {
				continue
			}
			by := "nobody"
			if g.CreatedBy != nil {
				by = g.CreatedBy.Func
			}
			count[f.Func+", "+cmp.Or(g.Reason, g.State)+", by "+by]++
			break
		}
	}
	for what, want := range map[string]int{
		"main.wait, chan receive, by main.main.func1": n,
		"main.lock, sync.Mutex.Lock, by main.main":    1,
		"main.callC, syscall, by main.main":           1,
	} {
		if count[what] != want {
			t.Errorf("%s: %d of %q, want %d, in %v", form, count[what], what, want, count)
		}
	}
}
