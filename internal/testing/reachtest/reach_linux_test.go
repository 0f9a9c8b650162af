//go:build amd64 || arm64

package reachtest

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/awaittrace/awaittrace/internal/reach"
)

// build builds a program of testdata.
func build(t *testing.T, name string, flags ...string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), name)
	args := append([]string{"build", "-o", exe}, flags...)
	cmd := exec.Command("go", append(args, "../../../testdata/"+name)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return exe
}

// start starts a program, which ends with the test.
func start(t *testing.T, exe string, args ...string) *Running {
	t.Helper()
	r, err := Start(exec.Command(exe, args...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// check holds a look against the comments of testdata/waits.
func check(t *testing.T, l *Look, dump string) {
	t.Helper()
	waits, err := Waits("../../../testdata/waits", runtime.Version())
	if err != nil {
		t.Fatal(err)
	}
	c := Compare(l.Result, waits, Stacks(dump))
	if len(waits) < 60 || c.Goroutines < 60 {
		t.Errorf("%d waits with %d goroutines", len(waits), c.Goroutines)
	}
	for _, list := range [][]string{c.False, c.Missed, c.Other} {
		for _, text := range list {
			t.Error(text)
		}
	}
}

// TestWaits holds reach against all kinds of waits.
func TestWaits(t *testing.T) {
	exe := build(t, "waits")
	prog, err := reach.OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, exe)
	l, err := LookAt(p.Pid(), prog)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Plan.Close()
	check(t, l, p.Output)
}

// TestStorm takes a few samples of a program in which nothing leaks. scripts/reach takes more.
func TestStorm(t *testing.T) {
	exe := build(t, "storm")
	prog, err := reach.OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, exe)
	samples := 40
	if testing.Short() {
		samples = 10
	}
	for range samples {
		l, err := LookAt(p.Pid(), prog)
		if err != nil {
			t.Fatal(err)
		}
		if ids := l.Proven(); len(ids) > 0 {
			t.Fatalf("%d goroutines are proven:\n%s", len(ids), p.Quit(ids))
		}
		l.Plan.Close()
	}
}

// TestStripped looks at programs without symbols, of which one may be loaded anywhere.
func TestStripped(t *testing.T) {
	for _, flags := range [][]string{{"-ldflags=-s -w"}, {"-ldflags=-s -w", "-buildmode=pie"}} {
		if testing.Short() && len(flags) > 1 {
			continue // the standard library has to be built for it
		}
		p := start(t, build(t, "waits", flags...))
		l, err := LookAt(p.Pid(), nil)
		if err != nil {
			t.Errorf("%q: %v", flags, err)
			continue
		}
		check(t, l, p.Output)
		l.Plan.Close()
	}
}
