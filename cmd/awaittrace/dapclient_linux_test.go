package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	dap "github.com/google/go-dap"

	proxy "github.com/awaittrace/awaittrace/internal/dap"
)

// A dapClient is an editor, as far as the protocol goes.
type dapClient struct {
	t    *testing.T
	cmd  *exec.Cmd
	conn net.Conn
	seq  int
	in   chan dap.Message

	mu  sync.Mutex
	log []string // what came, for when a test fails
}

const dapPatience = 2 * time.Minute

// The test binary is the adapter, too.
func init() { proxy.Soon = dapPatience / 2 }

// startDAP starts awaittrace dap with more flags, and connects to it.
func startDAP(t *testing.T, flags ...string) *dapClient {
	t.Helper()
	cmd := command(append([]string{"dap", "--listen=127.0.0.1:0"}, flags...)...)
	c := dialDAP(t, listening(t, cmd))
	c.cmd = cmd
	return c
}

// listening starts a server, and returns the address that it tells.
func listening(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	cmd.Env = append(cmd.Environ(), "TMPDIR="+t.TempDir()) // Delve may leave a pipe there
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	line, _ := in.ReadString('\n')
	_, addr, ok := strings.Cut(strings.TrimSpace(line), " server listening at: ")
	if !ok {
		t.Fatalf("%v says %q", cmd.Args, line)
	}
	go io.Copy(io.Discard, in)
	return addr
}

// dialDAP is a client of a server that listens at addr.
func dialDAP(t *testing.T, addr string) *dapClient {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := newDAPClient(t, conn)
	t.Cleanup(c.finish)
	return c
}

// newDAPClient is a client at a connection.
func newDAPClient(t *testing.T, conn net.Conn) *dapClient {
	c := &dapClient{t: t, conn: conn, in: make(chan dap.Message, 1000)}
	codec := dap.NewCodec()
	if err := codec.RegisterRequest("awaittrace/report",
		func() dap.Message { return &dap.Request{} }, func() dap.Message { return &reportResponse{} }); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.in)
		for r := bufio.NewReader(conn); ; {
			body, err := dap.ReadBaseMessage(r)
			if err != nil {
				return
			}
			c.mu.Lock()
			c.log = append(c.log, string(body[:min(len(body), 600)]))
			c.mu.Unlock()
			m, err := codec.DecodeMessage(body)
			if err != nil {
				t.Errorf("%v: %s", err, body)
				return
			}
			c.in <- m
		}
	}()
	return c
}

type reportResponse struct {
	dap.Response
	Body struct {
		Schema   string
		Counts   map[string]int
		Findings []struct{ Kind string }
	}
}

// finish ends the session, and sees that nothing is left of it.
func (c *dapClient) finish() {
	c.conn.Close()
	if c.cmd != nil {
		ends(c.t, c.cmd)
	}
	if c.t.Failed() {
		c.t.Logf("the client has seen:\n%s", strings.Join(c.log, "\n"))
	}
}

// ends waits for the end of a command, which is to come by itself.
func ends(t *testing.T, cmd *exec.Cmd) {
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(dapPatience):
		_ = cmd.Process.Kill()
		t.Errorf("%v does not end", cmd.Args)
	}
}

// send sends a request.
func (c *dapClient) send(command string, args any) int {
	c.t.Helper()
	c.seq++
	text, err := json.Marshal(map[string]any{"seq": c.seq, "type": "request", "command": command, "arguments": args})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := dap.WriteBaseMessage(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
	return c.seq
}

// await returns the first message from now on that is a T and that ok takes; all others are passed over.
func await[T dap.Message](c *dapClient, ok func(T) bool) T {
	c.t.Helper()
	for timeout := time.After(dapPatience); ; {
		select {
		case m, open := <-c.in:
			if !open {
				c.t.Fatalf("the connection has ended, and no %T has come", *new(T))
			}
			if m, is := m.(T); is && (ok == nil || ok(m)) {
				return m
			}
		case <-timeout:
			c.t.Fatalf("no %T has come", *new(T))
		}
	}
}

// ask sends a request and returns its response, which must be a success.
func ask[T dap.ResponseMessage](c *dapClient, command string, args any) T {
	c.t.Helper()
	seq := c.send(command, args)
	m := await(c, func(m dap.ResponseMessage) bool { return m.GetResponse().RequestSeq == seq })
	r, ok := m.(T)
	if !ok || !m.GetResponse().Success {
		text, _ := json.Marshal(m)
		c.t.Fatalf("%s: %s", command, text)
	}
	return r
}

// initialize are the arguments of the first request of a session.
func initialize() map[string]any {
	return map[string]any{
		"adapterID": "go", "pathFormat": "path", "linesStartAt1": true, "columnsStartAt1": true,
		"supportsInvalidatedEvent": true,
	}
}

// begin is the sequence that all sessions begin with, up to the program's first step.
func (c *dapClient) begin(request string, args map[string]any, filters ...string) {
	c.t.Helper()
	ask[*dap.InitializeResponse](c, "initialize", initialize())
	seq := c.send(request, args)
	await[*dap.InitializedEvent](c, nil)
	await(c, func(m dap.ResponseMessage) bool {
		if r := m.GetResponse(); r.RequestSeq == seq && !r.Success {
			c.t.Fatalf("%s: %s", request, r.Message)
		}
		return m.GetResponse().RequestSeq == seq
	})
	ask[*dap.SetExceptionBreakpointsResponse](c, "setExceptionBreakpoints",
		map[string]any{"filters": append([]string{"unrecovered-panic"}, filters...)})
}

// until asks again and again until the answer is yes.
func (c *dapClient) until(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(dapPatience); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("it does not come about that %s", what)
		}
	}
}

// output waits for a line in the console with text in it, and returns it.
func (c *dapClient) output(text string) string {
	c.t.Helper()
	return await(c, func(m *dap.OutputEvent) bool { return strings.Contains(m.Body.Output, text) }).Body.Output
}

// typed is what the debug console answers.
func (c *dapClient) typed(line string, frame int) string {
	c.t.Helper()
	args := map[string]any{"expression": line, "context": "repl"}
	if frame != 0 {
		args["frameId"] = frame
	}
	return ask[*dap.EvaluateResponse](c, "evaluate", args).Body.Result
}

// tried is what the debug console answers, nothing if it is an error.
func (c *dapClient) tried(line string) string {
	c.t.Helper()
	seq := c.send("evaluate", map[string]any{"expression": line, "context": "repl"})
	mine := func(m dap.ResponseMessage) bool { return m.GetResponse().RequestSeq == seq }
	r, ok := await(c, mine).(*dap.EvaluateResponse)
	if !ok {
		return ""
	}
	return r.Body.Result
}

// gone waits for the end of a process.
func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(dapPatience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("process %d is left", pid)
}
