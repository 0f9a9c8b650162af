package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dap "github.com/google/go-dap"
	"golang.org/x/tools/txtar"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// bank is a program in which two goroutines wait for each other.
func bank(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../dlvext/testdata/bank")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// builds are what buildOnce has built: a func() (string, error) by arguments.
var builds sync.Map

// buildOnce builds the package in a folder with probes, once for all tests.
func buildOnce(t *testing.T, dir string, flags ...string) string {
	t.Helper()
	once, _ := builds.LoadOrStore(fmt.Sprint(dir, flags), sync.OnceValues(func() (string, error) {
		to, err := os.MkdirTemp(tmp, "program")
		if err != nil {
			return "", err
		}
		exe := filepath.Join(to, filepath.Base(dir))
		out, err := command(append([]string{"build", "-C", dir, "-o", exe}, flags...)...).CombinedOutput()
		return exe + string(out), err
	}))
	exe, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("%v\n%s", err, exe)
	}
	return exe
}

// launchBank begins a session that builds and runs the bank.
func launchBank(t *testing.T, filters ...string) *dapClient {
	t.Helper()
	dir := t.TempDir() // before the client, which is to be gone first
	c := startDAP(t)
	c.begin("launch", map[string]any{
		"mode": "debug", "program": ".", "dlvCwd": bank(t), "output": filepath.Join(dir, "bank"),
		"awaittrace": map[string]any{"after": "500ms"},
	}, filters...)
	return c
}

// A deadlock stops the program while it runs, and every pane tells of it.
func TestDAPDeadlock(t *testing.T) {
	t.Parallel()
	c := launchBank(t, "awaittrace-deadlock")
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	stop := await[*dap.StoppedEvent](c, nil)
	if b := stop.Body; b.Reason != "exception" || b.Description != "Deadlock" ||
		!strings.Contains(b.Text, "deadlock") && !strings.Contains(b.Text, "each other") {
		t.Errorf("stopped: %+v", b)
	}
	c.output("are stuck")
	threads := ask[*dap.ThreadsResponse](c, "threads", nil).Body.Threads
	if n := transfer(threads).Name; !strings.Contains(n, "deadlock") || !strings.Contains(n, "to.mu.Lock()") ||
		!stuckFirst(threads) {
		t.Errorf("threads: %+v", threads)
	}
	info := ask[*dap.ExceptionInfoResponse](c, "exceptionInfo", map[string]any{"threadId": stop.Body.ThreadId}).Body
	if info.ExceptionId != "awaittrace-deadlock" || !strings.Contains(info.Description, "main.go:") {
		t.Errorf("exceptionInfo: %+v", info)
	}
	frames := ask[*dap.StackTraceResponse](c, "stackTrace",
		map[string]any{"threadId": stop.Body.ThreadId}).Body.StackFrames
	if len(frames) == 0 || frames[0].Name != "main.transfer" || frames[0].Line != 21 {
		t.Fatalf("the stack does not begin where the probe is: %+v", frames)
	}
	frame := frames[0].Id
	page := ask[*dap.StackTraceResponse](c, "stackTrace",
		map[string]any{"threadId": stop.Body.ThreadId, "startFrame": 1, "levels": 1}).Body
	if len(page.StackFrames) != 1 || page.StackFrames[0].Name != frames[1].Name || page.TotalFrames != len(frames) {
		t.Errorf("the second of %+v: %+v", frames, page)
	}
	scopes := ask[*dap.ScopesResponse](c, "scopes", map[string]any{"frameId": frame}).Body.Scopes
	last := scopes[len(scopes)-1]
	if last.Name != "Await trace" {
		t.Fatalf("scopes: %+v", scopes)
	}
	values := make(map[string]dap.Variable)
	for _, v := range ask[*dap.VariablesResponse](c, "variables",
		map[string]any{"variablesReference": last.VariablesReference}).Body.Variables {
		values[v.Name] = v
	}
	if !strings.Contains(values["waits on"].Value, ".mu") || values["verdict"].Value != "deadlock" ||
		values["holds"].Value != "1 lock" {
		t.Errorf("Await trace: %+v", values)
	}
	parts := ask[*dap.VariablesResponse](c, "variables",
		map[string]any{"variablesReference": values["waits on"].VariablesReference}).Body.Variables
	if len(parts) < 3 {
		t.Errorf("waits on: %+v", parts)
	}
	for line, want := range map[string]string{
		"awaittrace": "awaittrace stuck", "awaittrace stuck": "deadlock", "awaittrace probe": "holds",
		"awaittrace probes":     "main.clerk",
		"awaittrace holders to": "main.transfer", "awaittrace holders &to.mu": "main.transfer",
		"awaittrace waitgraph": ".mu", "amount": "0",
	} {
		if got := c.typed(line, frame); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
	// Helix gives no context.
	if got := ask[*dap.EvaluateResponse](c, "evaluate",
		map[string]any{"expression": "awaittrace stuck"}).Body.Result; !strings.Contains(got, "deadlock") {
		t.Errorf("awaittrace stuck without a context: %s", got)
	}
	if r := ask[*reportResponse](c, "awaittrace/report", nil).Body; r.Schema != "awaittrace.report/1" ||
		r.Findings[0].Kind != "deadlock" {
		t.Errorf("report: %+v", r)
	}
	ask[*dap.DisconnectResponse](c, "disconnect", map[string]any{"terminateDebuggee": true})
}

// Filters of ours may be set while the program runs, which Delve refuses of its own.
func TestDAPFilterLater(t *testing.T) {
	t.Parallel()
	c := launchBank(t)
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	ask[*dap.SetExceptionBreakpointsResponse](c, "setExceptionBreakpoints",
		map[string]any{"filters": []string{"unrecovered-panic", "awaittrace-stuck"}})
	if b := await[*dap.StoppedEvent](c, nil).Body; b.Reason != "exception" {
		t.Errorf("stopped: %+v", b)
	}
	ask[*dap.DisconnectResponse](c, "disconnect", map[string]any{"terminateDebuggee": true})
}

// started returns a program of the bank's that runs, with probes. Its command may have others before it, such as
// unshare.
func started(t *testing.T, before ...string) (exe string, pid int) {
	t.Helper()
	exe = buildOnce(t, bank(t))
	args := append(before, exe)
	cmd := exec.Command(args[0], args[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return exe, cmd.Process.Pid
}

// A client that attaches to a program in a container and vanishes leaves it as it was.
func TestDAPAttach(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	contained := []string{"unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"}
	if exec.Command(contained[0], append(contained[1:], "true")...).Run() != nil {
		contained = nil // it is not permitted here
	}
	_, pid := started(t, contained...)
	for end := time.Now().Add(dapPatience); contained != nil && procfs.Child(pid) == 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if child := procfs.Child(pid); child != 0 {
		pid = child // as it is called here
	}
	untilStuck(t, pid)
	c := startDAP(t)
	c.begin("attach", map[string]any{"mode": "local", "processId": pid, "stopOnEntry": true,
		"awaittrace": map[string]any{"after": "500ms"}})
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	if got := c.typed("awaittrace stuck", 0); !strings.Contains(got, "deadlock") {
		t.Errorf("stuck: %s", got)
	}
	c.conn.Close()
	_ = c.cmd.Wait()
	released(t, pid)
}

// sources writes files to a folder, by their names, and returns it.
func sources(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The client may wait for the adapter instead, tests may be debugged, and build flags be a list.
func TestDAPTestMode(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	dir := sources(t, map[string]string{
		"go.mod":  "module mode\n\ngo 1.24\n",
		"mode.go": "//go:build special\n\npackage mode\n\nfunc Wait(c chan int) int { return <-c }\n",
		"mode_test.go": "package mode\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\n" +
			"func TestWait(t *testing.T) { go time.Sleep(time.Hour); go Wait(nil); Wait(make(chan int)) }\n",
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cmd := command("dap", "--client-addr="+listener.Addr().String(), "--check-go-version=false", "--log",
		"--log-output=dap", "--log-dest="+filepath.Join(dir, "log"))
	cmd.Stderr = os.Stderr
	cmd.Path = filepath.Join(dir, "awaittrace") // go test calls us again, by our path
	if err := os.Link(os.Args[0], cmd.Path); err != nil {
		t.Skip(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := newDAPClient(t, conn)
	c.cmd = cmd
	t.Cleanup(c.finish)
	c.begin("launch", map[string]any{
		"mode": "test", "program": ".", "dlvCwd": dir, "buildFlags": []string{"-tags=special"},
		"awaittrace": map[string]any{"after": "300ms"},
	}, "awaittrace-stuck")
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	stop := await[*dap.StoppedEvent](c, nil)
	if b := stop.Body; b.Reason != "exception" || b.Description != "Stuck goroutine" || b.Text == "" {
		t.Errorf("stopped: %+v", b)
	}
	if got := c.typed("awaittrace holders c", 0); !strings.Contains(got, "mode.go:5") {
		t.Errorf("holders c: %s", got)
	}
	if log, err := os.ReadFile(filepath.Join(dir, "log")); err != nil || !strings.Contains(string(log), "from client") {
		t.Errorf("the log is %q, %v", log, err)
	}
}

// The listening line goes where dlv dap writes it, and the flags are dlv's.
func TestDAPFlags(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := command("dap", "--listen=127.0.0.1:0", "--log-dest=3")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	line := make([]byte, 100)
	n, err := r.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "DAP server listening at: 127.0.0.1:") {
		t.Errorf("on file descriptor 3: %q, %v", line[:n], err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	if out, err := command("dap", "--lisen=:0").CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "unknown flag: --lisen") {
		t.Errorf("--lisen: %v, %s", err, out)
	}
}

// An editor lists ten thousand goroutines without waiting, and of more is told how many there are. What takes long is
// named later, and the editor is told.
func TestDAPCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	exe := buildOnce(t, "../../testdata/crowd")
	for _, n := range []int{10_000, 100_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			c := startDAP(t)
			c.begin("launch", map[string]any{"mode": "exec", "program": exe, "args": []string{fmt.Sprint(n)},
				"outputMode": "remote",
				"env":        map[string]any{"AWAITTRACE_GOROUTINES": fmt.Sprint(n + 100)},
				"awaittrace": map[string]any{"after": "1s"}})
			ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
			c.output("waiting")
			c.until("all are stuck", func() bool {
				return strings.Contains(c.tried("awaittrace stuck"), fmt.Sprintf("%d waiting for too long", n))
			})
			c.send("pause", map[string]any{"threadId": 1})
			await[*dap.StoppedEvent](c, nil)
			start := time.Now()
			list := func() []dap.Thread { return ask[*dap.ThreadsResponse](c, "threads", nil).Body.Threads }
			threads := list()
			t.Logf("%d goroutines: %d threads in %v, the first %q", n, len(threads), time.Since(start), threads[0].Name)
			if !strings.Contains(threads[0].Name, " · ") {
				await[*dap.InvalidatedEvent](c, nil)
				threads = list()
				t.Logf("after %v %d threads", time.Since(start), len(threads))
			}
			waiting := 0
			for _, t := range threads {
				if strings.Contains(t.Name, "gate <-") {
					waiting++
				}
			}
			if len(threads) < min(n, 10_000) || waiting < 9_000 {
				t.Errorf("%d threads, %d of them as expected, the first %q", len(threads), waiting, threads[0].Name)
			}
			c.typed("dlv config goroutineFilters -with user -with running", 0)
			c.send("threads", nil)
			c.output("were filtered for this list")
			if threads := await[*dap.ThreadsResponse](c, nil).Body.Threads; len(threads) >= 1024 {
				t.Errorf("%d threads in spite of a filter", len(threads))
			}
		})
	}
}

// A client that is not ours: testdata/dapclient, on Node. .ci/run installs what it needs.
func TestDAPNode(t *testing.T) {
	client, err := filepath.Abs("../../testdata/dapclient")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("node"); err != nil || testing.Short() {
		t.Skip("needs node, and seconds")
	}
	if _, err := os.Stat(filepath.Join(client, "node_modules")); err != nil {
		t.Skip("needs npm ci in testdata/dapclient")
	}
	t.Parallel()
	us := filepath.Join(t.TempDir(), "awaittrace")
	if err := os.Link(os.Args[0], us); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "node", filepath.Join(client, "client.js"), us,
		bank(t)).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A restart builds again, with probes, and the answers are about the new process. While the program runs they come from
// its record.
func TestDAPRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	c := launchBank(t, "awaittrace-stuck")
	for round := range 2 {
		if round > 0 {
			ask[*dap.RestartResponse](c, "restart", nil)
			await[*dap.InitializedEvent](c, nil)
			ask[*dap.SetExceptionBreakpointsResponse](c, "setExceptionBreakpoints",
				map[string]any{"filters": []string{}})
		}
		ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
		if round == 0 {
			await[*dap.StoppedEvent](c, nil)
			continue
		}
		c.until("the record shows the deadlock", func() bool {
			got := c.tried("awaittrace stuck")
			return strings.Contains(got, "in a deadlock") && strings.Contains(got, "live")
		})
		c.send("pause", map[string]any{"threadId": 1})
		stop := await[*dap.StoppedEvent](c, nil)
		if stop.Body.Reason != "pause" {
			t.Errorf("no filter is on: %+v", stop.Body)
		}
		// All goroutines are parked: the pause is at one that is stuck.
		if frames := ask[*dap.StackTraceResponse](c, "stackTrace",
			map[string]any{"threadId": stop.Body.ThreadId}).Body.StackFrames; frames[0].Name != "main.transfer" {
			t.Errorf("paused in thread %d: %+v", stop.Body.ThreadId, frames)
		}
		if got := c.typed("awaittrace stuck", 0); !strings.Contains(got, "in a deadlock") ||
			!strings.Contains(got, "stopped") {
			t.Errorf("when it is stopped: %s", got)
		}
	}
}

// A step into a line with a probe ends at the next line, or in the function of the user's that the line calls too.
func TestDAPStep(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	dir, out := filepath.Join(filepath.Dir(bank(t)), "steps"), t.TempDir()
	c := startDAP(t)
	c.begin("launch", map[string]any{"program": ".", "dlvCwd": dir, "output": filepath.Join(out, "steps")})
	ask[*dap.SetBreakpointsResponse](c, "setBreakpoints", map[string]any{
		"source": map[string]any{"path": filepath.Join(dir, "main.go")}, "breakpoints": []map[string]any{{"line": 18}},
	})
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	stop := await[*dap.StoppedEvent](c, nil)
	var seen []string
	for _, command := range []string{"stepIn", "stepOut", "stepIn", "stepIn", "stepIn", "stepIn"} {
		c.send(command, map[string]any{"threadId": stop.Body.ThreadId})
		stop = await[*dap.StoppedEvent](c, nil)
		f := ask[*dap.StackTraceResponse](c, "stackTrace",
			map[string]any{"threadId": stop.Body.ThreadId, "levels": 1}).Body.StackFrames[0]
		seen = append(seen, fmt.Sprintf("%s %s:%d", stop.Body.Reason, f.Name, f.Line))
	}
	want := "step main.double:10, step main.main:18, step main.main:19, step main.main:20, step main.main:21, step " +
		"main.main:22"
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("steps: %s; want %s", got, want)
	}
}

// The names of threads, and the scope of a frame, have the profiler labels of the goroutine.
func TestDAPLabels(t *testing.T) {
	t.Parallel()
	script, err := txtar.ParseFile("testdata/script/report-labels.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range script.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c := startDAP(t)
	c.begin("launch", map[string]any{
		"mode": "debug", "program": ".", "dlvCwd": dir, "output": filepath.Join(dir, "server"),
		"args":       []string{filepath.Join(dir, "pid")},
		"awaittrace": map[string]any{"after": "500ms"},
	}, "awaittrace-stuck")
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	await[*dap.StoppedEvent](c, nil)
	const want = "method=POST, path=/transfer, trace_id=4bf9"
	threads := ask[*dap.ThreadsResponse](c, "threads", nil).Body.Threads
	at := slices.IndexFunc(threads, func(th dap.Thread) bool { return strings.HasSuffix(th.Name, " · "+want) })
	if at < 0 {
		t.Fatalf("no thread has the labels %s: %+v", want, threads)
	}
	frames := ask[*dap.StackTraceResponse](c, "stackTrace", map[string]any{"threadId": threads[at].Id}).Body.StackFrames
	i := slices.IndexFunc(frames, func(f dap.StackFrame) bool { return strings.HasSuffix(f.Name, "transfer") })
	if i < 0 {
		t.Fatalf("stack: %+v", frames)
	}
	scopes := ask[*dap.ScopesResponse](c, "scopes", map[string]any{"frameId": frames[i].Id}).Body.Scopes
	last := scopes[len(scopes)-1]
	parts := ask[*dap.VariablesResponse](c, "variables",
		map[string]any{"variablesReference": last.VariablesReference}).Body.Variables
	if !slices.ContainsFunc(parts, func(v dap.Variable) bool { return v.Name == "labels" && v.Value == want }) {
		t.Errorf("%s: %+v", last.Name, parts)
	}
	ask[*dap.DisconnectResponse](c, "disconnect", map[string]any{"terminateDebuggee": true})
}
