package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-delve/delve/service/rpc2"
	dap "github.com/google/go-dap"

	"github.com/awaittrace/awaittrace/internal/record"
)

// A core is told of like a program that has stopped.
func TestDAPCore(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	exe, pid := started(t)
	untilStuck(t, pid)
	core := filepath.Join(t.TempDir(), "core")
	conn, err := net.Dial("tcp", serveDelve(t, "awaittrace", "attach", strconv.Itoa(pid)))
	if err != nil {
		t.Fatal(err)
	}
	dumper := rpc2.NewClientFromConn(conn)
	if _, err := dumper.CoreDumpStart(core); err != nil {
		t.Fatal(err)
	}
	if state := dumper.CoreDumpWait(int(dapPatience / time.Millisecond)); state.Dumping || state.Err != "" {
		t.Fatalf("the dump: %+v", state)
	}
	if err := dumper.Detach(true); err != nil {
		t.Fatal(err)
	}
	c := startDAP(t)
	c.begin("launch", map[string]any{"mode": "core", "program": exe, "coreFilePath": core, "stopOnEntry": true,
		"awaittrace": map[string]any{"after": "100ms"}})
	c.send("configurationDone", nil)
	await[*dap.StoppedEvent](c, nil)
	c.telling()
	if r := ask[*reportResponse](c, "awaittrace/report", nil).Body; r.Findings[0].Kind != "deadlock" {
		t.Errorf("report: %+v", r)
	}
	ask[*dap.DisconnectResponse](c, "disconnect", nil)
	await[*dap.TerminatedEvent](c, nil)
}

// untilStuck waits until a bank is in its deadlock.
func untilStuck(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(dapPatience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if out, _ := command("report", strconv.Itoa(pid)).Output(); strings.Contains(string(out), "3 in a deadlock") {
			return
		}
	}
	t.Fatal("the bank has no deadlock")
}

// Without a setting, a wait is stuck after the time that the run which watches the program has for it, whoever attaches.
func TestDAPAfter(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	dir := sources(t, map[string]string{
		"go.mod": "module unread\n\ngo 1.24\n",
		"main.go": "package main\n\nimport (\n\t\"net\"\n\t\"time\"\n)\n\nfunc main() {\n" +
			"\tl, _ := net.Listen(\"tcp\", \"127.0.0.1:0\")\n" +
			"\tgo func() { c, _ := l.Accept(); time.Sleep(time.Hour); c.Close() }()\n" +
			"\tc, _ := net.Dial(\"tcp\", l.Addr().String())\n" +
			"\tfor b := make([]byte, 1<<20); ; {\n\t\tc.Write(b)\n\t}\n}\n",
	})
	cmd := exec.Command(buildOnce(t, dir))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	const finding = "1 of 2 goroutines is stuck"
	pid := cmd.Process.Pid
	for end := time.Now().Add(dapPatience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		rec, err := record.Open(pid)
		if err != nil {
			continue
		}
		rec.SetAfter(300 * time.Millisecond)
		rec.Close()
		if out, _ := command("report", strconv.Itoa(pid)).Output(); strings.Contains(string(out), finding) {
			break
		}
	}
	attached := func(c *dapClient, args map[string]any) {
		t.Helper()
		c.begin("attach", args)
		c.send("configurationDone", nil)
		await[*dap.StoppedEvent](c, nil)
		if got := c.typed("awaittrace stuck", 0); !strings.Contains(got, finding) {
			t.Errorf("%v: %s", args, got)
		}
		ask[*dap.DisconnectResponse](c, "disconnect", map[string]any{"terminateDebuggee": false})
		released(t, pid)
	}
	attached(startDAP(t), map[string]any{"mode": "local", "processId": pid, "stopOnEntry": true})
	server := serveDelve(t, "awaittrace", "attach", strconv.Itoa(pid))
	attached(dialDAP(t, server), map[string]any{"mode": "remote", "stopOnEntry": true})
}

// A program that is run without debugging can be asked about all the same.
func TestDAPNoDebug(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	dir := t.TempDir()
	c := startDAP(t)
	ask[*dap.InitializeResponse](c, "initialize", initialize())
	ask[*dap.LaunchResponse](c, "launch", map[string]any{
		"program": ".", "dlvCwd": bank(t), "output": filepath.Join(dir, "bank"), "noDebug": true,
		"awaittrace": map[string]any{"after": "500ms"},
	})
	c.until("awaittrace stuck tells of the deadlock", func() bool {
		got := c.tried("awaittrace stuck")
		return strings.Contains(got, "3 in a deadlock") && strings.Contains(got, "main.audit")
	})
	if r := ask[*reportResponse](c, "awaittrace/report", nil).Body; r.Findings[0].Kind != "deadlock" {
		t.Errorf("report: %+v", r)
	}
	c.send("threads", nil)
	if m := await[*dap.ErrorResponse](c, nil); !strings.Contains(m.Body.Error.Format, "noDebug mode") {
		t.Errorf("threads: %+v", m)
	}
	ask[*dap.DisconnectResponse](c, "disconnect", nil)
	await[*dap.TerminatedEvent](c, nil)
}

// Of the processes that Delve follows, the one is told of that the editor shows.
func TestDAPFollowExec(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	exe := buildOnce(t, "testdata/dap/family", "-gcflags=all=-N -l")
	source, err := filepath.Abs("testdata/dap/family/main.go")
	if err != nil {
		t.Fatal(err)
	}
	c := startDAP(t)
	c.begin("launch", map[string]any{"mode": "exec", "program": exe, "followExec": true})
	ask[*dap.SetBreakpointsResponse](c, "setBreakpoints", map[string]any{
		"source": map[string]any{"path": source}, "breakpoints": []map[string]any{{"line": 16}, {"line": 25}},
	})
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	for _, want := range []string{"main.parent", "make(chan string)"} {
		await[*dap.StoppedEvent](c, nil)
		if got := c.typed("awaittrace probes", 0); !strings.Contains(got, want) ||
			strings.Contains(got, "main.parent") != (want == "main.parent") {
			t.Errorf("probes, looking for %s: %s", want, got)
		}
		c.send("continue", map[string]any{"threadId": 1})
	}
}

// A process may end at any moment of an attach: an error or the end of the session says so, and nothing is left.
func TestDAPAttachRace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	exe := built(t)
	for n := range 12 {
		cmd := exec.Command(exe)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		c := startDAP(t)
		ask[*dap.InitializeResponse](c, "initialize", initialize())
		seq := c.send("attach", map[string]any{"mode": "local", "processId": cmd.Process.Pid})
		time.AfterFunc(time.Duration(n*n)*2*time.Millisecond, func() { _ = cmd.Process.Kill() })
		m := await(c, func(m dap.ResponseMessage) bool { return m.GetResponse().RequestSeq == seq })
		if e, failed := m.(*dap.ErrorResponse); failed {
			if e.Body.Error == nil || !strings.Contains(e.Body.Error.Format, "Failed to attach: ") {
				t.Errorf("attach: %+v", e)
			}
		} else {
			c.send("configurationDone", nil)
			await[*dap.TerminatedEvent](c, nil)
		}
		_ = cmd.Wait()
		c.finish()
	}
}

// Only the user who has started the adapter may use it.
func TestDAPSameUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs a second user")
	}
	t.Parallel()
	cmd := command("dap", "--listen=127.0.0.1:0")
	conn := dialAs(t, 65534, listening(t, cmd))
	if n, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("another user reads %d bytes: %v", n, err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("exit: %v", err)
	}
	open := command("dap", "--listen=127.0.0.1:0", "--only-same-user=false")
	c := newDAPClient(t, dialAs(t, 65534, listening(t, open)))
	c.cmd = open
	t.Cleanup(c.finish)
	ask[*dap.InitializeResponse](c, "initialize", initialize())
}

// dialAs connects as another user: a socket is its who has made it.
func dialAs(t *testing.T, uid int, addr string) net.Conn {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	set := func(uid int) { _, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, uintptr(uid), 0, 0) }
	set(uid)
	defer set(os.Getuid())
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// What is no recording of rr is refused, whether there is an rr or not.
func TestDAPReplay(t *testing.T) {
	t.Parallel()
	c := startDAP(t)
	ask[*dap.InitializeResponse](c, "initialize", initialize())
	c.send("launch", map[string]any{"mode": "replay", "traceDirPath": t.TempDir()})
	if m := await[*dap.ErrorResponse](c, nil); !strings.Contains(m.Body.Error.Format, "Failed to launch: ") {
		t.Errorf("launch: %+v", m.Body.Error)
	}
	c.send("evaluate", map[string]any{"expression": "awaittrace stuck", "context": "repl"})
	if m := await[*dap.ErrorResponse](c, nil); !strings.Contains(m.Message, "recording") {
		t.Errorf("awaittrace stuck: %+v", m)
	}
}
