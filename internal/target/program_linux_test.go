//go:build amd64 || arm64

package target

import (
	"bufio"
	"encoding/json"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// buildDir is the folder for the programs of testdata, which are built once for all tests.
var buildDir string

// helperEnv makes the test binary another process that a test needs, instead of running tests.
const helperEnv = "DLVEXT_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		holdForever()
	}
	dir, err := os.MkdirTemp("", "target")
	if err != nil {
		panic(err)
	}
	buildDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var builds sync.Map // file and flags to func() (string, error)

// build builds a file of testdata and returns the executable.
func build(t testing.TB, file string, flags ...string) string {
	t.Helper()
	key := file + " " + strings.Join(flags, " ")
	once, _ := builds.LoadOrStore(key, sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp(buildDir, "build")
		if err != nil {
			return "", err
		}
		exe := filepath.Join(dir, strings.TrimSuffix(filepath.Base(file), ".go"))
		args := append([]string{"build", "-o", exe}, flags...)
		out, err := exec.Command("go", append(args, filepath.Join("testdata", file))...).CombinedOutput()
		if err != nil {
			return string(out), err
		}
		return exe, nil
	}))
	exe, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("go build %v: %v\n%s", key, err, exe)
	}
	return exe
}

// A program is a running program of testdata.
type program struct {
	t     testing.TB
	pid   int
	cmd   *exec.Cmd
	lines chan string
	// facts are addresses of objects and descriptors, as the program printed them.
	facts map[string]any
}

// start runs exe until the test ends. It returns when the program is in its waits.
func start(t testing.TB, exe string, args ...string) *program {
	t.Helper()
	return startCmd(t, exec.Command(exe, args...))
}

// startCmd is start for a command with its own settings.
func startCmd(t testing.TB, cmd *exec.Cmd) *program {
	t.Helper()
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, pid: cmd.Process.Pid, cmd: cmd, lines: make(chan string, 100)}
	t.Cleanup(func() {
		syscall.Kill(-p.pid, syscall.SIGKILL) // and what it started
		cmd.Wait()
	})
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	if err := json.Unmarshal([]byte(p.line()), &p.facts); err != nil {
		t.Fatal(err)
	}
	p.settle()
	return p
}

// patience bounds a wait for what must happen, on a machine that may be very busy.
const patience = time.Minute

// settle waits until the main goroutine waits, which it does soon after it has printed the facts.
func (p *program) settle() {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		res, err := Read(p.t.Context(), Target{Pid: p.pid}, Options{})
		if err != nil || res.Goroutines[0].State == "waiting" {
			return
		}
	}
	p.t.Fatal("the program's main goroutine does not come to its wait")
}

// line returns the next line that the program prints.
func (p *program) line() string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatal("the program has ended")
		}
		return line
	case <-time.After(patience):
		p.t.Fatal("the program prints nothing")
	}
	return ""
}

// ping fails the test unless the program gets a signal and answers.
func (p *program) ping() {
	p.t.Helper()
	if err := syscall.Kill(p.pid, syscall.SIGUSR1); err != nil {
		p.t.Fatal(err)
	}
	if line := p.line(); line != "SIGUSR1" {
		p.t.Fatalf("the program answers %q to SIGUSR1", line)
	}
}

// read reads the program with the stacks of all goroutines.
func (p *program) read(o Options) *Result {
	p.t.Helper()
	if o.Select == nil {
		o.Select = allStacks
	}
	res, err := Read(p.t.Context(), Target{Pid: p.pid}, o)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

// allStacks selects every stack.
func allStacks(gs iter.Seq[*snapshot.Goroutine]) Wanted {
	var w Wanted
	for g := range gs {
		w.Stacks = append(w.Stacks, g.ID)
	}
	return w
}

// waitState waits until the process is in one of the states, and stays there.
func waitState(t testing.TB, pid int, states string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for in := 0; in < 5; in++ {
		s := procfs.ThreadState(pid)
		if strings.IndexByte(states, s) < 0 {
			in = -1
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is in state %q, want one of %q", pid, s, states)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
