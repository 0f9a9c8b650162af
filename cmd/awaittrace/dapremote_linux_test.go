package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	dap "github.com/google/go-dap"
)

// serveDelve starts a server of Delve's, ours or a plain one, and returns its address. It is gone when the test ends.
func serveDelve(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := command(append(args, "--headless", "--listen=127.0.0.1:0")...)
	if cmd.Args[0] = name; name == "awaittrace" {
		cmd.Args = append([]string{name, "dlv"}, cmd.Args[1:]...)
	}
	addr := listening(t, cmd)
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		ends(t, cmd)
	})
	return addr
}

// built returns the bank with probes, built for a debugger.
func built(t *testing.T) string {
	t.Helper()
	return buildOnce(t, bank(t), "-gcflags=all=-N -l")
}

// remote are the arguments of a request to attach to the server at addr, if that is not empty.
func remote(t *testing.T, addr string, more map[string]any) map[string]any {
	t.Helper()
	args := map[string]any{"mode": "remote", "awaittrace": map[string]any{"after": "500ms"}}
	if addr != "" {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		args["host"], args["port"] = host, n
	}
	for name, value := range more {
		args[name] = value
	}
	return args
}

// transfer returns the first thread that makes a transfer in the bank, and none if there is none.
func transfer(threads []dap.Thread) (thread dap.Thread) {
	if i := slices.IndexFunc(threads,
		func(t dap.Thread) bool { return strings.Contains(t.Name, "main.transfer") }); i >= 0 {
		thread = threads[i]
	}
	return thread
}

// stuckFirst reports whether those of the bank that are stuck come first. They come by their ids: the clerk, whose leak
// is proven, may be before those of the deadlock.
func stuckFirst(threads []dap.Thread) bool {
	stuck := func(t dap.Thread) bool {
		return strings.Contains(t.Name, " · deadlock") || strings.Contains(t.Name, " · leaked")
	}
	later := slices.IndexFunc(threads, func(t dap.Thread) bool { return !stuck(t) })
	return later > 0 && !slices.ContainsFunc(threads[later:], stuck)
}

// telling sees that the panes tell of the deadlock of the bank, which has stopped.
func (c *dapClient) telling() {
	c.t.Helper()
	c.typed("awaittrace stuck", 0) // from now on it is known, on a busy machine too
	threads := ask[*dap.ThreadsResponse](c, "threads", nil).Body.Threads
	first := transfer(threads)
	if !strings.Contains(first.Name, "deadlock") || !stuckFirst(threads) {
		c.t.Errorf("threads: %+v", threads)
	}
	frames := ask[*dap.StackTraceResponse](c, "stackTrace", map[string]any{"threadId": first.Id}).Body.StackFrames
	frame := 0
	for _, f := range frames {
		if f.Name == "main.transfer" {
			frame = f.Id
		}
	}
	scopes := ask[*dap.ScopesResponse](c, "scopes", map[string]any{"frameId": frame}).Body.Scopes
	if n := len(scopes); n == 0 || scopes[n-1].Name != "Await trace" {
		c.t.Errorf("scopes: %+v", scopes)
	}
	for line, want := range map[string]string{"awaittrace stuck": "in a deadlock",
		"awaittrace holders to": "main.transfer"} {
		if got := c.typed(line, frame); !strings.Contains(got, want) {
			c.t.Errorf("%s: %s", line, got)
		}
	}
}

// An editor that connects to a server of ours is told all, and the next one after it too.
func TestDAPHeadless(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	addr := serveDelve(t, "awaittrace", "exec", built(t), "--accept-multiclient")
	first := dialDAP(t, addr)
	first.begin("attach", remote(t, "", nil), "awaittrace-deadlock")
	ask[*dap.ConfigurationDoneResponse](first, "configurationDone", nil)
	if stop := await[*dap.StoppedEvent](first, nil).Body; stop.Reason != "exception" || stop.Description != "Deadlock" {
		t.Errorf("stopped: %+v", stop)
	}
	first.telling()
	ask[*dap.DisconnectResponse](first, "disconnect", map[string]any{"terminateDebuggee": false})
	second := startDAP(t) // the long way: it finds that the server answers everything itself
	second.begin("attach", remote(t, addr, map[string]any{"stopOnEntry": true}))
	second.send("configurationDone", nil)
	await[*dap.StoppedEvent](second, nil)
	second.telling()
	ask[*dap.DisconnectResponse](second, "disconnect", map[string]any{"terminateDebuggee": true})
	await[*dap.TerminatedEvent](second, nil)
}

// A server without a terminal that has built its program builds it again for an editor, with probes.
func TestDAPHeadlessRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("builds")
	}
	t.Parallel()
	addr := serveDelve(t, "awaittrace", "debug", "--build-flags=-C="+bank(t),
		"--output="+filepath.Join(t.TempDir(), "bank"))
	c := dialDAP(t, addr)
	c.begin("attach", remote(t, "", nil))
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	ask[*dap.RestartResponse](c, "restart", nil)
	await[*dap.InitializedEvent](c, nil)
	ask[*dap.SetExceptionBreakpointsResponse](c, "setExceptionBreakpoints",
		map[string]any{"filters": []string{"awaittrace-stuck"}})
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	await[*dap.StoppedEvent](c, nil)
	c.telling()
	ask[*dap.DisconnectResponse](c, "disconnect", nil)
	await[*dap.TerminatedEvent](c, nil)
}

// awaittrace dap goes between an editor and a server of Delve's own.
func TestDAPRemote(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	exe := built(t)
	t.Run("here", func(t *testing.T) { // with one client, whose process says which program it is
		c := startDAP(t)
		c.begin("attach", remote(t, serveDelve(t, plainDelve, "exec", exe), nil), "awaittrace-deadlock")
		ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
		if stop := await[*dap.StoppedEvent](c, nil).Body; stop.Reason != "exception" {
			t.Errorf("stopped: %+v", stop)
		}
		c.telling()
		ask[*dap.DisconnectResponse](c, "disconnect", nil)
		await[*dap.TerminatedEvent](c, nil)
	})
	t.Run("elsewhere", func(t *testing.T) {
		c := startDAP(t)
		c.begin("attach", remote(t, through(t, elsewhere(t, exe, "--accept-multiclient")), nil))
		ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
		c.send("evaluate", map[string]any{"expression": "awaittrace stuck", "context": "repl"})
		if m := await[*dap.ErrorResponse](c, nil); !strings.Contains(m.Message, "pause it first") {
			t.Errorf("while it runs: %+v", m)
		}
		c.until("at a stop there is a deadlock", func() bool {
			c.send("pause", map[string]any{"threadId": 1})
			await[*dap.StoppedEvent](c, nil)
			there := strings.Contains(c.tried("awaittrace stuck"), "in a deadlock")
			if !there {
				ask[*dap.ContinueResponse](c, "continue", map[string]any{"threadId": 1})
			}
			return there
		})
		c.telling()
		ask[*dap.DisconnectResponse](c, "disconnect", map[string]any{"terminateDebuggee": true})
	})
	t.Run("elsewhere, one client", func(t *testing.T) {
		c := startDAP(t)
		c.begin("attach", remote(t, through(t, elsewhere(t, exe)), map[string]any{"stopOnEntry": true}))
		c.send("configurationDone", nil)
		await[*dap.StoppedEvent](c, nil)
		c.send("evaluate", map[string]any{"expression": "awaittrace stuck", "context": "repl"})
		if m := await[*dap.ErrorResponse](c, nil); !strings.Contains(m.Message, "--accept-multiclient") {
			t.Errorf("without a second connection: %+v", m)
		}
	})
	for what, args := range map[string]map[string]any{
		"no port":   {"mode": "remote"},
		"nobody":    remote(t, "127.0.0.1:1", nil),
		"no server": remote(t, talker(t), nil),
	} {
		t.Run(what, func(t *testing.T) {
			c := startDAP(t)
			ask[*dap.InitializeResponse](c, "initialize", initialize())
			c.send("attach", args)
			m := await[*dap.ErrorResponse](c, nil)
			if !strings.Contains(m.Message, "Failed to attach: ") || !strings.Contains(m.Message, "server") {
				t.Errorf("%+v", m)
			}
		})
	}
}

// A client that leaves while a server owes its first answer does not have to wait for that, which takes a minute.
func TestDAPRemoteLeave(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for what, leave := range map[string]func(*dapClient){
		"disconnect": func(c *dapClient) { ask[*dap.DisconnectResponse](c, "disconnect", nil) },
		"vanish":     func(c *dapClient) { c.conn.Close() },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			connected := make(chan net.Conn, 1)
			addr := accepting(t, func(conn net.Conn) { connected <- conn }) // and say nothing
			c := startDAP(t)
			ask[*dap.InitializeResponse](c, "initialize", initialize())
			c.send("attach", remote(t, addr, nil))
			defer (<-connected).Close()
			start := time.Now()
			leave(c)
			ends(t, c.cmd)
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("the adapter has ended after %v", took)
			}
		})
	}
}

// elsewhere starts a plain server of Delve's in a container, as far as processes go: it knows its own by other numbers
// than we do.
func elsewhere(t *testing.T, exe string, flags ...string) string {
	t.Helper()
	cmd := exec.Command("unshare",
		append([]string{"--pid", "--fork", "--kill-child", "--mount-proc", os.Args[0], "exec", exe, "--headless",
			"--listen=127.0.0.1:0"}, flags...)...)
	if out, err := exec.Command("unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
		"true").CombinedOutput(); err != nil {
		t.Skipf("unshare: %v: %s", err, out)
	}
	named := filepath.Join(t.TempDir(), plainDelve)
	if err := os.Link(os.Args[0], named); err != nil {
		t.Skip(err)
	}
	cmd.Args[5] = named
	addr := listening(t, cmd)
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return addr
}

// through relays connections to addr, as a container's or a tunnel's end does. Who is at the other end cannot be seen.
func through(t *testing.T, addr string) string {
	t.Helper()
	return accepting(t, func(near net.Conn) {
		far, err := net.Dial("tcp", addr)
		if err != nil {
			near.Close()
			return
		}
		copying := func(to, from net.Conn) {
			_, _ = io.Copy(to, from)
			to.Close()
		}
		go copying(near, far)
		go copying(far, near)
	})
}

// talker is a server that is none of Delve's.
func talker(t *testing.T) string {
	t.Helper()
	return accepting(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n")
		conn.Close()
	})
}

// accepting is a server that handles one connection after the other, until the test ends. It returns its address.
func accepting(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			handle(conn)
		}
	}()
	return listener.Addr().String()
}
