package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "renew the golden files")

// patience bounds a wait for what must happen, on a machine that may be very busy.
const patience = 5 * time.Minute

// awaittrace is the command under test, testdata the folder of the programs, and tmp the folder of what is built.
var awaittrace, testdata, tmp string

// parallel is the default number of tests that run at a time. Most of them wait for what a program does.
const parallel = "8"

func TestMain(m *testing.M) {
	flag.Set("test.parallel", parallel) // before the command line, which may say otherwise
	flag.Parse()
	os.Exit(run(m))
}

// run builds the command and runs the tests with caches, except Go's, and records of their own.
func run(m *testing.M) int {
	if runtime.GOOS != "linux" {
		fmt.Println("ok: records are read from outside on Linux only")
		return 0
	}
	var err error
	if tmp, err = os.MkdirTemp("", "awaittrace-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(tmp)
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("GOCACHE", strings.TrimSpace(string(goCache))) // it would follow XDG_CACHE_HOME
	os.Setenv("XDG_CACHE_HOME", filepath.Join(tmp, "cache"))
	records := filepath.Join(tmp, "records")
	if err := os.Mkdir(records, 0o700); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("AWAITTRACE_DIR", records) // not the user's
	os.Unsetenv("AWAITTRACE")
	os.Unsetenv("AWAITTRACE_AFTER")
	os.Unsetenv("AWAITTRACE_GOROUTINES")
	if testdata, err = filepath.Abs("../../testdata"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	awaittrace = filepath.Join(tmp, "awaittrace")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", awaittrace,
		"../../cmd/awaittrace").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	return m.Run()
}

// A result is what a command did.
type result struct {
	stdout, stderr string
	code           int
	took           time.Duration
}

// command runs a program in dir to its end, with variables added to the environment.
func command(t *testing.T, dir string, env []string, name string, args ...string) result {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	inGroup(cmd)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	timer := time.AfterFunc(2*patience, func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	})
	defer timer.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(start)}
}

// must fails the test unless the command succeeded.
func must(t *testing.T, what string, r result) result {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("%s: exit status %d\n%s%s", what, r.code, r.stdout, r.stderr)
	}
	return r
}

// build builds packages of a module, plain or with probes, once for all tests. It returns the path of the program, or,
// if the last argument is a pattern with "...", of the folder with the programs.
func build(t *testing.T, probes bool, module string, args ...string) string {
	t.Helper()
	once, _ := builds.LoadOrStore(fmt.Sprint(probes, module, args), sync.OnceValues(func() (string, result) {
		dir, err := os.MkdirTemp(tmp, "program")
		if err != nil {
			return "", result{code: -1, stderr: err.Error()}
		}
		out := filepath.Join(dir, "program")
		if strings.Contains(args[len(args)-1], "...") {
			out = dir + "/"
		}
		lookAtSources(t)
		line := append([]string{"build", "-o", out}, args...)
		if probes {
			return out, command(t, module, nil, awaittrace, line...)
		}
		return out, command(t, module, nil, "go", line...)
	}))
	out, r := once.(func() (string, result))()
	must(t, fmt.Sprintf("build %q, with probes: %t", args, probes), r)
	return out
}

// builds has the results of build: a func() (string, result) by its arguments.
var builds sync.Map

// lookAtSources opens every folder of the repository. go test takes a result from its cache only if nothing that a test
// has opened has changed, and it does not know what a go build in a test reads.
func lookAtSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(filepath.Dir(testdata), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".git" {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A process is a running program with a record.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	dir string // AWAITTRACE_DIR
	out *bufio.Reader
}

// start runs a program in the background.
func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), dir: t.TempDir()}
	if err := os.Chmod(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p.cmd.Env = append(append(os.Environ(), "AWAITTRACE_DIR="+p.dir, "TMPDIR="+t.TempDir()), env...)
	inGroup(p.cmd)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(r)
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		p.kill()
		r.Close()
	})
	return p
}

// inGroup gives the command its own process group, and has it killed when the test dies.
func inGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = patience
}

func (p *process) pid() string { return strconv.Itoa(p.cmd.Process.Pid) }

// kill kills the program and what it started, and reaps it.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		p.cmd.Wait()
	}
}

// expect waits until the program prints a line.
func (p *process) expect(line string) {
	p.t.Helper()
	for {
		s, err := p.out.ReadString('\n')
		switch {
		case strings.TrimSuffix(s, "\n") == line:
			return
		case err == io.EOF:
			p.t.Fatalf("the program ended without printing %q", line)
		case err != nil:
			p.t.Fatal(err)
		}
	}
}

// report asks for the report of the program. Its heap is read however long that takes, so that a busy machine proves no
// less.
func (p *process) report(args ...string) result {
	p.t.Helper()
	args = append([]string{"report", "-prove", "always"}, args...)
	return command(p.t, "", []string{"AWAITTRACE_DIR=" + p.dir}, awaittrace, append(args, p.pid())...)
}

// A report is the part of the report's JSON that the tests look at.
type report struct {
	Process    struct{ State string }
	Complete   bool
	Counts     map[string]int
	Findings   []finding
	Goroutines []goroutine
}

type finding struct {
	Kind, Certainty, Proof, Title string
	Goroutines                    []int64
	Root                          int64
}

type goroutine struct {
	ID      int64
	State   string
	Verdict string
	Phase   string
	Stack   []struct {
		Func, File string
		Line       int
	}
	Probe   *probe
	WaitsOn *struct{ Kind, Addr string } `json:"waits_on"`
	Holds   []struct {
		Lock struct{ Kind, Addr string }
	}
}

type probe struct {
	Op, Expr, Func, File string
	Line, Col            int
}

// json asks for the report as JSON, and returns it parsed and raw.
func (p *process) json(args ...string) (report, []byte) {
	p.t.Helper()
	return p.parse(must(p.t, "awaittrace report", p.report(append([]string{"-f", "json"}, args...)...)))
}

func (p *process) parse(r result) (report, []byte) {
	p.t.Helper()
	var parsed report
	if err := json.Unmarshal([]byte(r.stdout), &parsed); err != nil {
		p.t.Fatalf("%v\n%s", err, r.stdout)
	}
	return parsed, []byte(r.stdout)
}

// until asks for the report again and again until it satisfies ok, and then once more: a wait may have become long
// between the look at the record and the look at the stopped program. A program that has just been started may have no
// record yet.
func (p *process) until(what string, ok func(report) bool, args ...string) (report, []byte) {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		r := p.report(append([]string{"-f", "json"}, args...)...)
		if r.code == 0 {
			if parsed, _ := p.parse(r); ok(parsed) {
				return p.json(args...)
			}
		}
		if time.Now().After(end) {
			p.t.Fatalf("the report has no %s: exit status %d\n%s%s", what, r.code, r.stderr, r.stdout)
		}
	}
}
