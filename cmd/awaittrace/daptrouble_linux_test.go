package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	dap "github.com/google/go-dap"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// What goes wrong is told, and leaves nothing behind.
func TestDAPTrouble(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	t.Run("attach to nobody", func(t *testing.T) {
		cmd := exec.Command("true")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		c := startDAP(t)
		ask[*dap.InitializeResponse](c, "initialize", initialize())
		c.send("attach", map[string]any{"mode": "local", "processId": cmd.Process.Pid})
		m := await[*dap.ErrorResponse](c, nil)
		if m.Success || m.Body.Error == nil || !strings.Contains(m.Body.Error.Format, "attach") {
			t.Errorf("attach: %+v", m)
		}
	})
	t.Run("attach while somebody looks", func(t *testing.T) {
		_, pid := started(t)
		c := startDAP(t)
		ask[*dap.InitializeResponse](c, "initialize", initialize())
		held := make(chan error)
		go procfs.OnTracer(func() {
			tracer := procfs.NewTracer(pid)
			defer tracer.Release()
			held <- tracer.Stop()
			time.Sleep(100 * time.Millisecond)
		})
		if err := <-held; err != nil {
			t.Fatal(err)
		}
		ask[*dap.AttachResponse](c, "attach", map[string]any{"mode": "local", "processId": pid})
	})
	t.Run("long name of the folder for temporary files", func(t *testing.T) {
		long := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
		if err := os.Mkdir(long, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := command("-c", `TMPDIR=$0 exec awaittrace dap --listen=127.0.0.1:0`, long)
		cmd.Path, cmd.Args[0] = "/bin/sh", "sh"
		c := dialDAP(t, listening(t, cmd))
		c.cmd = cmd
		ask[*dap.InitializeResponse](c, "initialize", initialize())
	})
	t.Run("wrong setting", func(t *testing.T) {
		c := startDAP(t)
		ask[*dap.InitializeResponse](c, "initialize", initialize())
		c.send("launch", map[string]any{"program": bank(t), "awaittrace": map[string]any{"afer": "1s"}})
		if m := await[*dap.ErrorResponse](c, nil); !strings.Contains(m.Body.Error.Format, "afer") {
			t.Errorf("launch: %+v", m.Body.Error)
		}
	})
	t.Run("garbage", func(t *testing.T) {
		c := startDAP(t)
		if _, err := c.conn.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		for m := range c.in { // until Delve closes the connection
			t.Errorf("Delve says nothing to this, and we say %+v", m)
		}
	})
	t.Run("two clients", func(t *testing.T) {
		c := startDAP(t)
		ask[*dap.InitializeResponse](c, "initialize", initialize())
		conn, err := net.Dial("tcp", c.conn.RemoteAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		second := newDAPClient(t, conn)
		second.send("initialize", initialize())
		if m := await[*dap.ErrorResponse](second, nil); !strings.Contains(m.Body.Error.Format, "a client already") {
			t.Errorf("the second client is told: %+v", m.Body.Error)
		}
		c.send("threads", nil)
		if m := await[*dap.ErrorResponse](c, nil); !strings.Contains(m.Message, "No debug session") {
			t.Errorf("the first client is told: %+v", m)
		}
	})
	t.Run("program killed", func(t *testing.T) {
		dir := t.TempDir()
		c := startDAP(t)
		pid := c.launchAnd(t, dir)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		await[*dap.TerminatedEvent](c, nil)
	})
	t.Run("client vanishes", func(t *testing.T) {
		dir := t.TempDir()
		c := startDAP(t)
		pid := c.launchAnd(t, dir)
		c.conn.Close()
		gone(t, pid)
	})
	t.Run("Delve killed", func(t *testing.T) {
		dir := t.TempDir()
		c := startDAP(t)
		pid := c.launchAnd(t, dir)
		killChild(t, c.cmd.Process.Pid)
		c.output("ended unexpectedly")
		await[*dap.TerminatedEvent](c, nil)
		gone(t, pid)
	})
	t.Run("garbage in the middle", func(t *testing.T) {
		dir := t.TempDir()
		c := startDAP(t)
		pid := c.launchAnd(t, dir)
		if _, err := c.conn.Write([]byte("Content-Length: 7\r\n\r\nnothing\x00")); err != nil {
			t.Fatal(err)
		}
		for range c.in { // until Delve closes the connection
		}
		gone(t, pid)
	})
	t.Run("attached, proxy killed", func(t *testing.T) {
		_, pid := started(t)
		c := startDAP(t)
		c.begin("attach", map[string]any{"mode": "local", "processId": pid})
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		released(t, pid)
	})
	t.Run("server killed", func(t *testing.T) {
		server := command("exec", built(t), "--headless", "--listen=127.0.0.1:0")
		server.Args[0] = plainDelve
		addr := listening(t, server)
		c := startDAP(t)
		c.begin("attach", remote(t, addr, nil))
		killed := procfs.TracedBy(server.Process.Pid, 0)
		if err := server.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = server.Wait()
		_ = syscall.Kill(killed, syscall.SIGKILL) // Delve would leave it, too
		c.output("ended unexpectedly")
		await[*dap.TerminatedEvent](c, nil)
	})
	t.Run("proxy killed", func(t *testing.T) {
		dir := t.TempDir()
		c := startDAP(t)
		pid := c.launchAnd(t, dir)
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		gone(t, pid)
	})
}

// launchAnd runs the bank, without probes, and returns its process.
func (c *dapClient) launchAnd(t *testing.T, dir string) int {
	t.Helper()
	ask[*dap.InitializeResponse](c, "initialize", initialize())
	c.send("launch", map[string]any{"program": ".", "dlvCwd": bank(t), "output": filepath.Join(dir, "bank"),
		"awaittrace": map[string]any{"off": true}})
	pid := await[*dap.ProcessEvent](c, nil).Body.SystemProcessId
	await[*dap.LaunchResponse](c, nil)
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	return pid
}

// released waits until no debugger holds a process, which must live.
func released(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(dapPatience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil || strings.Contains(string(b), "State:\tZ") {
			t.Fatalf("the program is lost: %v\n%s", err, b)
		}
		if strings.Contains(string(b), "TracerPid:\t0\n") {
			return
		}
	}
	t.Error("the program is still held")
}

// killChild kills the only child of a process.
func killChild(t *testing.T, parent int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	var child int
	if err == nil {
		_, err = fmt.Sscan(string(b), &child)
	}
	if err != nil { // the thread that started it may be another
		out, listErr := exec.Command("pgrep", "-P", fmt.Sprint(parent)).Output()
		if listErr != nil {
			t.Fatal(err, listErr)
		}
		if _, err := fmt.Sscan(string(out), &child); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
