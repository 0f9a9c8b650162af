package dlvext

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"
	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/target"
)

// questions are the commands of ours, each once.
const questions = `stuck
probe -g 10
probes
holders to.mu
waitgraph
`

// A kind is one of target: the same program in the same state, looked at in another way.
type kind struct {
	name string
	slow bool // not with -short
	// ask returns what the debugger prints when it is asked the questions about process pid, which runs exe.
	ask func(t *testing.T, exe string, pid int) string
}

var kinds = []kind{
	{"attach", false, func(t *testing.T, _ string, pid int) string {
		return session(t, questions+"exit\nn\n", "attach", strconv.Itoa(pid))
	}},
	{"halted", false, askHalted},
	{"connect", false, func(t *testing.T, _ string, pid int) string {
		return session(t, questions+"exit\nn\n", "connect", headless(t, pid))
	}},
	{"connect and halt", false, func(t *testing.T, _ string, pid int) string {
		addr := headless(t, pid)
		conn, err := dial(t.Context(), addr)
		if err != nil {
			t.Fatal(err)
		}
		other := rpc2.NewClientFromConn(conn)
		if _, err := other.GetState(); err != nil {
			t.Fatal(err)
		}
		other.Disconnect(true)
		until(t, "the program goes on", func() bool { return !held(pid) })
		return session(t, questions+"exit\nn\n", "connect", addr)
	}},
	{"connect to dlv", true, func(t *testing.T, _ string, pid int) string {
		return session(t, questions+"exit\nn\n", "connect", serve(t, exec.Command(buildDelve(t)), pid))
	}},
	{"remote", false, askRemote},
	{"dump", false, func(t *testing.T, exe string, pid int) string {
		core := filepath.Join(t.TempDir(), "core")
		session(t, "dump "+core+"\nexit\ny\n", "attach", strconv.Itoa(pid))
		removeRecords(t, pid) // Delve's dumps have the record in them
		return session(t, questions+"exit\n", "core", exe, core)
	}},
	{"gcore", true, func(t *testing.T, exe string, pid int) string {
		return session(t, questions+"exit\n", "core", exe, gcore(t, pid))
	}},
	{"crash", false, func(t *testing.T, exe string, pid int) string {
		return session(t, questions+"exit\n", "core", exe, crash(t, pid))
	}},
}

// goldenOf returns the name of the golden file that has the answers about the kind of target. All kinds have the same
// answers but one, of which less is known: the memory of a program on another machine is not read, so nothing is proven
// of it, and it says so.
func goldenOf(name, kind string) string {
	if kind == "remote" {
		return name + "-remote"
	}
	return name
}

// goldenCrash compares a session about the core of a crash with the golden files. The thread that crashes has printed
// the stacks of all goroutines, and what it has left of them on its signal stack counts as in use: see the soundness of
// package reach. So the deadlock is never proven, and the leak only where nothing is left of its goroutine. All else is
// as of a program that lives.
func goldenCrash(t *testing.T, got string) {
	t.Helper()
	got = normal(got)
	want := func(name, less string) string {
		b, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
		if err != nil || strings.Count(string(b), less) != 1 {
			t.Fatalf("%s.golden: %v, or it has not %q once", name, err, less)
		}
		return strings.Replace(string(b), less, "", 1)
	}
	leaked := want("bank", "    proven: nothing that goes on can reach what they wait for, so nothing can wake 3 "+
		"of them\n")
	unproven := want("bank-remote", "no proofs: the memory of a program on another machine is not read\n")
	if got != leaked && got != unproven {
		t.Errorf("got:\n%s\nwant:\n%s\nor:\n%s", got, leaked, unproven)
	}
}

// TestKinds asks every question about every kind of target: all have the same answers, except for what is proven.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if k.slow && testing.Short() {
				t.Skip("takes long")
			}
			t.Parallel()
			exe, pid := deadlocked(t)
			if got := answers(k.ask(t, exe, pid)); k.name == "crash" {
				goldenCrash(t, got)
			} else {
				golden(t, goldenOf("bank", k.name), got)
			}
			if err := syscall.Kill(pid, 0); err != nil && k.name == "attach" {
				t.Errorf("after the session: %v", err)
			}
		})
	}
}

// TestNoProbes asks every question about a program that was built without probes.
func TestNoProbes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("as many sessions as TestKinds")
	}
	exe := program(t, true, bank, ".")
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			pid := start(t, exe, nil)
			awaitLocks(t, pid)
			got := answers(k.ask(t, exe, pid))
			if k.name != "crash" {
				golden(t, goldenOf("noprobes", k.name), got)
				return
			}
			// What is proven of a crash varies (goldenCrash); where everybody is does not.
			for _, want := range []string{
				"no probes: the program was built without probes",
				"waiting (sync.Mutex.Lock) on sync.Mutex", "at main.go:21 (main.transfer)",
				"at main.go:30 (main.audit)", "at main.go:39 (main.clerk)",
			} {
				if !strings.Contains(got, want) {
					t.Errorf("the answers lack %q:\n%s", want, got)
				}
			}
		})
	}
}

// awaitLocks waits until the three goroutines of process pid that get stuck wait, by what its memory says: a program
// without probes has no record.
func awaitLocks(t *testing.T, pid int) {
	t.Helper()
	until(t, "three goroutines wait for locks", func() bool {
		r, err := target.Read(t.Context(), target.Target{Pid: pid}, target.Options{})
		n := 0
		for i := 0; err == nil && i < len(r.Goroutines); i++ {
			if r.Goroutines[i].Reason == "sync.Mutex.Lock" {
				n++
			}
		}
		return n == 3
	})
}

// answers returns the answers to the questions in a session in which they come last, whatever the session calls what it
// has.
func answers(out string) string {
	const prompt = "(dlv) "
	parts := strings.Split(out, prompt)
	n := strings.Count(questions, "\n")
	if len(parts) < n+2 {
		return out
	}
	text := prompt + strings.Join(parts[len(parts)-1-n:len(parts)-1], prompt)
	return regexp.MustCompile(`, (stopped|core)([,)])`).ReplaceAllString(text, ", STATE$2")
}

// A conversation is what a debugger has printed so far.
type conversation struct {
	mu   sync.Mutex
	text strings.Builder
}

func (c *conversation) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(b)
}

func (c *conversation) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// await waits until the debugger has printed something n times.
func (c *conversation) await(t *testing.T, n int, text string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("it has printed:\n%s", c)
		}
	}()
	until(t, strconv.Quote(text)+" is printed", func() bool { return strings.Count(c.String(), text) >= n })
}

// talk starts `awaittrace dlv` with arguments, to be told one thing after the other. It is killed at the end of the
// test.
func talk(t *testing.T, args ...string) (cmd *exec.Cmd, in io.WriteCloser, out *conversation) {
	t.Helper()
	cmd = command(append(args, "--allow-non-terminal-interactive")...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out = new(conversation)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() // with an error, if the test has waited for it
	})
	return cmd, in, out
}

// held reports whether a debugger keeps process pid from running.
func held(pid int) bool {
	stat, err := procfs.ReadStat(pid)
	return err == nil && stat.Stopped()
}

// askHalted lets a program go on, and interrupts it.
func askHalted(t *testing.T, _ string, pid int) string {
	cmd, in, out := talk(t, "attach", strconv.Itoa(pid))
	out.await(t, 1, "(dlv) ")
	io.WriteString(in, "continue\n")
	until(t, "the program goes on", func() bool { return !held(pid) })
	cmd.Process.Signal(os.Interrupt)
	out.await(t, 2, "(dlv) ")
	io.WriteString(in, questions+"exit\nn\n")
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return out.String()
}

// askRemote reads a program as if its server were on another machine: through the protocol alone.
func askRemote(t *testing.T, _ string, pid int) string {
	conn, err := dial(t.Context(), headless(t, pid))
	if err != nil {
		t.Fatal(err)
	}
	d := &debugger{scope: func() api.EvalScope { return everywhere }}
	relay, near := newRelay(conn, time.Now(), nil, d.places)
	defer relay.close()
	d.relay, d.client = relay, rpc2.NewClientFromConn(near)
	if !d.here(pid) {
		t.Error("the server's process is not known to be one of this machine")
	}
	d.pid, d.session = pid, openRemote(d.client, pid)
	defer d.close()
	var out strings.Builder
	opt := inspect.ConsoleOptions{Options: diagnose.Options{After: 500 * time.Millisecond, Path: report.Relative(bank)}}
	for line := range strings.Lines(questions) {
		out.WriteString("(dlv) ")
		if err := inspect.Answer(t.Context(), &out, d, line, opt); err != nil {
			out.WriteString("Command failed: " + err.Error() + "\n")
		}
	}
	return "(dlv) " + out.String() + "(dlv) exit"
}

// gcore has gdb make a core of a process that goes on.
func gcore(t *testing.T, pid int) string {
	t.Helper()
	gcore, err := exec.LookPath("gcore")
	if err != nil {
		t.Skip("no gcore")
	}
	prefix := filepath.Join(t.TempDir(), "core")
	if out, err := exec.Command(gcore, "-o", prefix, strconv.Itoa(pid)).CombinedOutput(); err != nil {
		t.Skipf("gcore: %v\n%s", err, out)
	}
	return prefix + "." + strconv.Itoa(pid)
}

// crash has the runtime abort process pid, and returns its core.
func crash(t *testing.T, pid int) (core string) {
	t.Helper()
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil || strings.ContainsAny(string(pattern), "|/%") {
		t.Skipf("the system does not leave cores in the working directory: core_pattern is %q", pattern)
	}
	dir, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY},
		nil); err != nil {
		t.Skipf("it may leave no core: %v", err)
	}
	syscall.Kill(pid, syscall.SIGABRT)
	until(t, "the program has crashed", func() bool {
		stat, err := procfs.ReadStat(pid)
		return err != nil || stat.State == 'Z'
	})
	cores, _ := filepath.Glob(filepath.Join(dir, "core*"))
	if len(cores) != 1 {
		t.Skip("no core was left")
	}
	return cores[0]
}

// TestCoreAlone reads the core of a crash whose record is gone: the kernel does not dump a mapped file.
func TestCoreAlone(t *testing.T) {
	t.Parallel()
	exe, pid := deadlocked(t)
	core := crash(t, pid)
	removeRecords(t, pid)
	out := session(t, "stuck\nexit\n", "core", exe, core)
	if !strings.Contains(out, "no probes: the record is not in the core") || !strings.Contains(out, "main.transfer") {
		t.Errorf("the session says:\n%s", out)
	}
}

// buildDelve builds Delve itself.
func buildDelve(t *testing.T) string {
	t.Helper()
	return program(t, true, "..", "github.com/go-delve/delve/cmd/dlv")
}
