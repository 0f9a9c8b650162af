package dlvext

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/recorded"
	"github.com/awaittrace/awaittrace/internal/report"
)

var update = flag.Bool("u", false, "renew the sessions in testdata")

// mainEnv makes the test binary be the command: its arguments are those of `awaittrace dlv`.
const mainEnv = "AWAITTRACE_TEST_DLV"

// parallel is how many tests run at a time by default: most of them wait for what a debugger or a program does.
const parallel = "8"

// tmp is the folder of the tests, and bank that of the program that most of them look at.
var tmp, bank string

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		dir, _ := os.Getwd()
		os.Exit(Main(os.Args[1:], Env{
			Prepare: func(inv *gocmd.Invocation) (*gocmd.Prepared, error) { return gocmd.Prepare(inv, os.Environ()) },
			After:   500 * time.Millisecond,
			Answers: inspect.ConsoleOptions{Options: diagnose.Options{Path: report.Relative(dir)}},
		}))
	}
	flag.Set("test.parallel", parallel) // before the command line, which may say otherwise
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if tmp, err = os.MkdirTemp("", "awaittrace-dlv-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(tmp)
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		panic(err)
	}
	records := filepath.Join(tmp, "records")
	if err := os.Mkdir(records, 0o700); err != nil {
		panic(err)
	}
	for name, value := range map[string]string{
		"GOCACHE": strings.TrimSpace(string(cache)), "XDG_CACHE_HOME": filepath.Join(tmp, "cache"),
		"XDG_CONFIG_HOME": filepath.Join(tmp, "config"),
		"AWAITTRACE_DIR":  records, "TMPDIR": tmp, "TERM": "dumb", "GOMAXPROCS": "1",
	} {
		os.Setenv(name, value)
	}
	if bank, err = filepath.Abs("testdata/bank"); err != nil {
		panic(err)
	}
	return m.Run()
}

var builds sync.Map // arguments to func() (string, error)

// program builds a package of dir with probes, or, if plain is set, without, once for all tests.
func program(t *testing.T, plain bool, dir string, args ...string) string {
	t.Helper()
	key := fmt.Sprint(plain, dir, args)
	once, _ := builds.LoadOrStore(key, sync.OnceValues(func() (string, error) {
		folder, err := os.MkdirTemp(tmp, "program")
		if err != nil {
			return "", err
		}
		exe := filepath.Join(folder, "program")
		line := append([]string{"-o", exe}, args...)
		if plain {
			cmd := exec.Command("go", append([]string{"build"}, line...)...)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			return exe + string(out), err
		}
		inv, err := gocmd.Parse(gocmd.Build, append([]string{"-C", dir}, line...), time.Second)
		if err != nil {
			return "", err
		}
		p, err := gocmd.Prepare(inv, os.Environ())
		if err != nil {
			return "", err
		}
		defer p.Close()
		if out, err := p.Command().CombinedOutput(); err != nil {
			return string(out), err
		}
		return exe, nil
	}))
	exe, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("%v\n%s", err, exe)
	}
	return exe
}

// start runs a program, in a folder of its own, until the test ends.
func start(t *testing.T, exe string, args []string) int {
	t.Helper()
	cmd := exec.Command(exe, args...)
	cmd.Dir = t.TempDir()
	// One processor, so that the IDs of goroutines are the same each time; a traceback of all for those that are told
	// to crash.
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOTRACEBACK=crash")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

// deadlocked starts the program that deadlocks, and waits until its goroutines have waited for long enough to be called
// stuck. Of the two goroutines that wait for each other, the first came to its wait first: the other way round, which
// happens on a busy machine, the same is told in other words.
func deadlocked(t *testing.T) (exe string, pid int) {
	t.Helper()
	exe = program(t, false, bank, ".")
	until(t, "the first goroutine waits first", func() bool {
		pid = start(t, exe, nil)
		return awaitDeadlock(t, pid) == firstTransfer
	})
	return exe, pid
}

// firstTransfer is the goroutine whose transfer runs first on one processor: the one that was started last.
const firstTransfer = 11

// patient is how long a test waits for what has to come about; it is long because other tests may keep the machine
// busy.
const patient = 3 * time.Minute

// until waits until something has come about.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("in %v it has not come about that %s", patient, what)
}

// awaitDeadlock waits until process pid is as deadlocked says, and returns the goroutine that waited first.
func awaitDeadlock(t *testing.T, pid int) (first int64) {
	t.Helper()
	until(t, "the program deadlocks", func() bool {
		rec, err := record.Open(pid)
		if err != nil {
			return false
		}
		defer rec.Close()
		r, err := recorded.Diagnose(rec, diagnose.Options{After: 600 * time.Millisecond})
		if err != nil || len(r.Findings) == 0 || r.Counts[diagnose.Deadlock] != 3 || r.Counts[diagnose.Idle] != 2 {
			return false
		}
		first = r.Findings[0].Goroutines[0]
		return true
	})
	return first
}

// waiting returns how many goroutines of process pid have waited for long enough to be called stuck.
func waiting(pid int) int {
	rec, err := record.Open(pid)
	if err != nil {
		return 0
	}
	defer rec.Close()
	now, err := rec.Now()
	if err != nil {
		return 0
	}
	w, err := rec.Waiting(now - int64(600*time.Millisecond))
	if err != nil {
		return 0
	}
	return w.Long
}

// command is `awaittrace dlv` with arguments.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	cmd.Dir = bank
	return cmd
}

// session runs `awaittrace dlv` with the commands of script, a line each, and returns what it prints.
func session(t *testing.T, script string, args ...string) string {
	t.Helper()
	return converse(t, command(append(args, "--allow-non-terminal-interactive")...), strings.NewReader(script))
}

// converse runs a debugger with what in has for it, and returns what it prints.
func converse(t *testing.T, cmd *exec.Cmd, in io.Reader) string {
	t.Helper()
	cmd.Stdin = in
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patient, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out.String())
	}
	return out.String()
}

// varying is what differs from one run to the next, and what stands for it.
var varying = []struct{ from, to string }{
	{`\bpid \d+`, "pid PID"},
	{`\bawaittrace report \d+`, "awaittrace report PID"},
	{`\b__debug_bin\d+`, "program"},
	{`\bgo1\.[0-9.]+`, "goVERSION"},
	{`\b(\d+h)?(\d+m)?\d+(\.\d+)?(ns|µs|ms|s)\b`, "TIME"},
	{`0x[0-9a-f]+`, "ADDR"},
	{`\(PC: ADDR\)`, ""},
	{`(\S) {2,}`, "$1  "}, // columns are as wide as what is in them
	{`(?m)^ +TIME`, "    TIME"},
	{`/[a-z/.0-9]*/src/os/signal/signal.go:\d+`, "SIGNAL.GO"},
}

// normal takes out of a session what differs from one run to the next.
func normal(text string) string {
	text = strings.ReplaceAll(text, bank, "/src/bank")
	for _, v := range varying {
		text = regexp.MustCompile(v.from).ReplaceAllString(text, v.to)
	}
	return text
}

// golden compares a session with the one in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	got = normal(got)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s: %v, got:\n%s\nwant:\n%s", file, err, got, want)
	}
}
