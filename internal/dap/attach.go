package dap

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

// A Server is a Delve server that has a program, started with --headless.
type Server struct {
	// Conn speaks the Debug Adapter Protocol with the server.
	Conn net.Conn
	// Pid returns the process of the server, or 0 if it is on another machine or unknown.
	Pid func() int
	// Open opens a session with the server's process pid, through the server. It may take as long as the program runs.
	Open func(pid int) (*inspect.Session, error)
	// Close closes what Open opened, and makes Open fail.
	Close func()
}

// attachArguments say what to attach to.
type attachArguments struct {
	Mode      string
	ProcessID int `json:"processId"`
	Host      string
	Port      json.RawMessage // a number, or one in quotes
	Settings  *settings       `json:"awaittrace"`
}

// attach handles the request to attach to a process, or, in mode remote, to a server. With Delve, editors connect to
// that server themselves; they may send us its address instead.
func attach(p *Proxy, m *message) bool {
	var args attachArguments
	if err := json.Unmarshal(m.Arguments, &args); err != nil {
		return p.misspelt(m, err)
	}
	if !p.configure(m, args.Settings) {
		return false
	}
	p.attached = m.Arguments
	if args.Mode == "remote" && p.opt.Dial != nil {
		p.moving = begin(func(ctx context.Context) {
			if err := p.move(ctx, &args); err != nil {
				p.refuse(m, "Failed to attach: "+err.Error(), ctx.Err() == nil)
				return
			}
			p.program.attach(0)
			_ = p.delve.write(m.raw) // the session ends with the connection
		})
		return false
	}
	pid := 0 // with waitFor, until Delve has found the process
	if args.Mode == "" || args.Mode == "local" {
		pid = args.ProcessID
		procfs.AwaitUntraced(pid)
	}
	p.program.attach(pid)
	return true
}

// attach notes that Delve is to hold process pid, or one that is not known yet if that is zero.
func (g *program) attach(pid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.attached = time.Now()
	if pid != 0 {
		g.found(pid)
	}
}

// A task is what the proxy does for a request while it hears whether the client ends the session.
type task struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func begin(f func(context.Context)) *task {
	ctx, cancel := context.WithCancel(context.Background())
	t := &task{cancel, make(chan struct{})}
	go func() {
		defer close(t.done)
		defer cancel()
		f(ctx)
	}()
	return t
}

// end waits for the end of t, which may be nil. With give it is to give up.
func (t *task) end(give bool) {
	if t == nil {
		return
	}
	if give {
		t.cancel()
	}
	<-t.done
}

// move continues the session with the server that args name, instead of the Delve that it began with. The end of ctx
// ends the wait for that server.
func (p *Proxy) move(ctx context.Context, args *attachArguments) error {
	port := strings.Trim(string(args.Port), `"`)
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("mode remote needs the host and port of a server started with awaittrace dlv … --headless, "+
			"or dlv … --headless; port is %q", port)
	}
	host := args.Host
	if host == "" {
		host = "127.0.0.1"
	}
	addr := net.JoinHostPort(host, port)
	server, err := p.opt.Dial(ctx, addr)
	if err != nil {
		return fmt.Errorf("no server answers at %s: %w", addr, err)
	}
	slow := time.AfterFunc(Soon, func() { p.say("waiting for the answer of the server at " + addr) })
	leave := context.AfterFunc(ctx, func() { server.Conn.Close() })
	capabilities, err := shake(server.Conn, p.hello)
	slow.Stop()
	if !leave() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		server.Conn.Close()
		return fmt.Errorf("no free Delve server answers at %s: %w", addr, err)
	}
	p.server = server
	p.upstream.move(server.Conn)
	if hasFilters(capabilities) {
		p.say("the server at " + addr + " is one of awaittrace's, and answers everything itself")
		p.mu.Lock()
		p.plain = true
		p.mu.Unlock()
		return nil
	}
	if pid := server.Pid(); pid != 0 && procfs.TracedBy(pid, 0) != 0 {
		p.program.from(p.local(pid))
		return nil
	}
	p.program.from(source{far: true, open: server.Open})
	return nil
}

// shake sends a server the first request of a session, which the former Delve has answered, and returns the server's
// capabilities.
func shake(conn net.Conn, hello json.RawMessage) (capabilities json.RawMessage, err error) {
	text, err := encode(&request{Seq: ownSeq, Type: "request", Command: "initialize", Arguments: hello})
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(frame(text)); err != nil {
		return nil, err
	}
	raw, body, err := readMessage(bufio.NewReader(conn)) // the server sends nothing else
	if err != nil {
		return nil, err
	}
	m, ok := parse(raw, body)
	switch {
	case !ok || m.Command != "initialize":
		return nil, errGarbage
	case !m.Success:
		return nil, errors.New(reason(m))
	}
	return m.Body, conn.SetDeadline(time.Time{})
}

// greet handles the first request of a session.
func greet(p *Proxy, m *message) bool {
	p.hello = m.Arguments
	var args struct{ SupportsInvalidatedEvent bool }
	_ = json.Unmarshal(m.Arguments, &args) // Delve says what is wrong
	p.renews.Store(args.SupportsInvalidatedEvent)
	return true
}

// transparent reports whether all messages pass unchanged.
func (p *Proxy) transparent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.plain
}

// An upstream is the connection to Delve, which move can replace.
type upstream struct {
	mu     sync.Mutex
	conn   io.ReadWriteCloser
	second bool
}

func (u *upstream) current() io.ReadWriteCloser {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.conn
}

// move replaces the connection by conn. No message may be under way.
func (u *upstream) move(conn io.ReadWriteCloser) {
	u.mu.Lock()
	old := u.conn
	u.conn, u.second = conn, true
	u.mu.Unlock()
	old.Close()
}

// moved reports whether move was called.
func (u *upstream) moved() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.second
}

// Read implements io.Reader. It ignores the end of a replaced connection.
func (u *upstream) Read(b []byte) (int, error) {
	for {
		conn := u.current()
		if n, err := conn.Read(b); n > 0 || err == nil || conn == u.current() {
			return n, err
		}
	}
}

// Write implements io.Writer.
func (u *upstream) Write(b []byte) (int, error) { return u.current().Write(b) }

// Close implements io.Closer.
func (u *upstream) Close() error { return u.current().Close() }
