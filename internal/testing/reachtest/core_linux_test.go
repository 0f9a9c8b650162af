//go:build amd64 || arm64

package reachtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/native"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
)

// lookAtCore opens a core and marks.
func lookAtCore(t *testing.T, core, exe string) *Look {
	t.Helper()
	c, err := procfs.OpenCore(core, exe)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	prog, err := reach.OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(c, prog)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestCores proves the same with cores of all makers as with the process that they are of.
func TestCores(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	exe := build(t, "waits")
	p := start(t, exe)
	t.Run("gcore", func(t *testing.T) {
		gcore, err := exec.LookPath("gcore")
		if err != nil {
			t.Skip("no gcore")
		}
		prefix := filepath.Join(t.TempDir(), "core")
		if out, err := exec.Command(gcore, "-o", prefix, strconv.Itoa(p.Pid())).CombinedOutput(); err != nil {
			t.Skipf("gcore: %v\n%s", err, out)
		}
		check(t, lookAtCore(t, prefix+"."+strconv.Itoa(p.Pid()), exe), p.Output)
	})
	t.Run("Delve", func(t *testing.T) {
		core := filepath.Join(t.TempDir(), "core")
		dump(t, p.Pid(), core)
		check(t, lookAtCore(t, core, exe), p.Output)
	})
	t.Run("kernel", func(t *testing.T) {
		dir := t.TempDir()
		cmd := exec.Command("sh", "-c", "ulimit -c unlimited; exec "+exe)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOTRACEBACK=crash")
		p, err := Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		syscall.Kill(p.Pid(), syscall.SIGABRT)
		p.Cmd.Wait()
		cores, _ := filepath.Glob(filepath.Join(dir, "core*"))
		if len(cores) != 1 {
			pattern, _ := os.ReadFile("/proc/sys/kernel/core_pattern")
			t.Skipf("no core was left: core_pattern is %q", strings.TrimSpace(string(pattern)))
		}
		// The thread that prints the stacks of all goroutines when the program crashes has some of them at hand: those
		// are not proven.
		waits, err := Waits("../../../testdata/waits", runtime.Version())
		if err != nil {
			t.Fatal(err)
		}
		c := Compare(lookAtCore(t, cores[0], exe).Result, waits, Stacks(p.Output))
		for _, text := range append(c.False, c.Other...) {
			t.Error(text)
		}
		if len(c.Missed) > c.Proven/2 {
			t.Errorf("%d proven, and not %q", c.Proven, c.Missed)
		}
	})
}

// dump has Delve make a core of a process, which goes on.
func dump(t *testing.T, pid int, name string) {
	t.Helper()
	grp, err := native.Attach(pid, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer grp.Detach(false)
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var state proc.DumpState
	grp.Selected.Dump(f, 0, &state)
	if state.Err != nil {
		t.Fatal(state.Err)
	}
}

// TestHeld looks at a process that a signal holds.
func TestHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Setenv("GOGC", "off") // a collection would run the cleanups that some of the waits are for
	p := start(t, build(t, "waits"))
	var l *Look
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		syscall.Kill(p.Pid(), syscall.SIGSTOP)
		for procfs.StandsStill(p.Pid()) != nil {
			time.Sleep(time.Millisecond)
		}
		src, err := procfs.OpenHeld(p.Pid(), nil)
		if err != nil {
			t.Fatal(err)
		}
		prog, err := reach.OpenProgram(src.Exe())
		if err != nil {
			t.Fatal(err)
		}
		if l, err = Open(src, prog); err == nil {
			break
		}
		t.Log(err) // nobody tells the registers of a thread that collects garbage
		syscall.Kill(p.Pid(), syscall.SIGCONT)
		time.Sleep(100 * time.Millisecond)
	}
	if l == nil {
		t.Fatal("it was never without a running thread")
	}
	check(t, l, p.Output)
}
