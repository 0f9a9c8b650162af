package dap

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/report"
)

// Options are what a proxy needs of the command that embeds it.
type Options struct {
	// Prepare puts probes into the packages of a build in the environment env; nil leaves builds as they are.
	Prepare func(inv *gocmd.Invocation, env []string) (*gocmd.Prepared, error)
	// Split splits a string of build flags as Delve does.
	Split func(flags string) []string
	// Diagnosis has the default of -after, zero as in inspect.Options, and the form of paths.
	Diagnosis diagnose.Options
	// DelvePid is Delve's process.
	DelvePid int
	// Crashed is called when the connection to Delve has ended. It reports whether that process failed.
	Crashed func() bool
	// Core is the core that a server holds, and its executable, if it holds no process.
	Core, Exe string
	// Rebuild builds the program of a server again, with probes; nil if there is none, or the server did not build it.
	Rebuild func() error
	// Dial connects to a Delve server that has a program; nil if Delve itself is such a server.
	Dial func(ctx context.Context, addr string) (*Server, error)
}

// A Proxy is one session: a client and its Delve.
type Proxy struct {
	opt      Options
	requests map[string]requestRule
	events   map[string]func(*Proxy, *message) bool
	client   *writer
	delve    *writer
	upstream *upstream     // the client, for Delve's messages
	done     chan struct{} // closed when the session is over
	later    chan struct{} // has an element for each request that is answered out of turn

	program program
	handles handles
	watcher watcher
	renews  atomic.Bool // the client supports the event invalidated
	// Only the pump of requests uses the following.
	build    *build          // of launch
	hello    json.RawMessage // the arguments of initialize
	attached json.RawMessage // those of attach
	server   *Server         // of attach in mode remote
	moving   *task           // looks for server

	mu      sync.Mutex
	seq     int
	own     map[int]chan *message // our requests that Delve has not answered
	waiting map[int]*message      // client requests whose response a rule must see
	ended   bool                  // Delve has ended the session
	plain   bool                  // another proxy adds our messages already
}

// Serve runs the session between client and delve until one of them is gone. It closes both.
func Serve(client, delve io.ReadWriteCloser, opt Options) { newProxy(client, delve, opt).serve(client) }

func newProxy(client, delve io.ReadWriteCloser, opt Options) *Proxy {
	up := &upstream{conn: delve}
	p := &Proxy{
		opt: opt, requests: requestRules(), events: eventRules(),
		client: &writer{w: client}, delve: &writer{w: up}, upstream: up,
		done: make(chan struct{}), later: make(chan struct{}, maxLater),
		own: make(map[int]chan *message), waiting: make(map[int]*message),
	}
	p.program.opt, p.program.selected, p.program.source = opt, p.selected, p.local(opt.DelvePid)
	if opt.Core != "" {
		p.program.source = coreFile(opt.Exe, opt.Core)
	}
	return p
}

// serve runs the session.
func (p *Proxy) serve(client io.ReadWriteCloser) {
	var pumps sync.WaitGroup
	pumps.Go(func() {
		p.pump(client, p.delve, p.fromClient)
		p.moving.end(true)
		p.program.leave()
		p.upstream.Close() // Delve ends or leaves the program, as always when its client goes
	})
	pumps.Go(func() {
		p.pump(p.upstream, p.client, p.fromDelve)
		close(p.done)
		p.crashed()
		client.Close()
	})
	pumps.Wait()
	p.watcher.stop()
	if p.server != nil {
		p.server.Close() // before the views are closed
	}
	p.program.close()
	if p.build != nil {
		p.build.close()
	}
}

// pump passes on the messages of from. See returns the bytes to write for one, or nil. From the first bytes that are
// not a message on, everything is copied unchanged.
func (p *Proxy) pump(from io.Reader, to *writer, see func(*message) []byte) {
	r := bufio.NewReaderSize(from, 64<<10)
	for {
		raw, body, err := readMessage(r)
		if err != nil {
			if len(raw) > 0 && to.write(raw) != nil {
				return
			}
			if errors.Is(err, errGarbage) {
				_, _ = io.Copy(writerFunc(to.write), r) // the pump ends with the connection, whatever the error
			}
			return
		}
		out := raw
		if m, ok := parse(raw, body); ok {
			out = see(m)
		}
		if len(out) > 0 && to.write(out) != nil {
			return
		}
	}
}

// A writerFunc is a function that writes all or fails.
type writerFunc func([]byte) error

func (f writerFunc) Write(b []byte) (int, error) {
	if err := f(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// fromClient handles a message of the client.
func (p *Proxy) fromClient(m *message) []byte {
	p.moving.end(m.Command == "disconnect" || m.Command == "terminate")
	rule, ok := p.requests[m.Command]
	if m.Type != "request" || !ok || p.transparent() {
		return m.raw
	}
	if rule.ask != nil && !rule.ask(p, m) {
		return nil
	}
	if m.later = rule.slow; m.later && !p.take() {
		return nil
	}
	if rule.answer != nil {
		p.mu.Lock()
		before := p.waiting[m.Seq] // the client does not number its messages
		p.waiting[m.Seq] = m
		p.mu.Unlock()
		if before != nil && before.later {
			p.give()
		}
	}
	return m.raw
}

// fromDelve handles a message of Delve.
func (p *Proxy) fromDelve(m *message) []byte {
	switch m.Type {
	case "event":
		if p.transparent() {
			break
		}
		if rule := p.events[m.Event]; rule != nil && !rule(p, m) {
			return nil
		}
	case "response":
		p.mu.Lock()
		ch, request := p.own[m.RequestSeq], p.waiting[m.RequestSeq]
		delete(p.own, m.RequestSeq)
		if ch == nil {
			delete(p.waiting, m.RequestSeq)
		}
		p.mu.Unlock()
		if ch != nil {
			ch <- m
			return nil
		}
		if request == nil {
			return m.raw
		}
		give := func() {
			if request.later {
				p.give()
			}
		}
		rule := p.requests[m.Command]
		if request.Command == m.Command && rule.slow && p.program.stopped() != nil {
			go func() {
				defer give()
				rule.answer(p, request, m)
				_ = p.client.write(m.raw) // a client that has gone needs no answer
			}()
			return nil
		}
		give()
		if request.Command == m.Command {
			rule.answer(p, request, m)
		}
	}
	return m.raw
}

// maxLater bounds the requests that are answered out of turn. Beyond that nothing more is read from the client:
// otherwise the answers to one that does not read would pile up.
const maxLater = 64

// take takes one of the places of p.later, waiting for one. It returns false if the session ends before.
func (p *Proxy) take() bool {
	select {
	case p.later <- struct{}{}:
		return true
	case <-p.done:
		return false
	}
}

// give gives the place of a request back.
func (p *Proxy) give() { <-p.later }

// answerLater calls f, which answers a client's request, while other messages go on.
func (p *Proxy) answerLater(f func()) {
	if p.take() {
		go func() {
			defer p.give()
			f()
		}()
	}
}

// ownSeq is the first number of our own messages, to either side: a client and Delve count from one.
const ownSeq = 1 << 30

// errOver is the error of a session that has ended.
var errOver = errors.New("the session is over")

// ask sends our own request to Delve, and returns its response. It must not be called in the pump of Delve's messages.
func (p *Proxy) ask(command string, arguments any) (*message, error) {
	args, err := encode(arguments)
	if err != nil {
		return nil, err
	}
	ch := make(chan *message, 1)
	p.mu.Lock()
	p.seq++
	seq := ownSeq + p.seq
	p.own[seq] = ch
	p.mu.Unlock()
	text, err := encode(&request{seq, "request", command, args})
	if err != nil {
		return nil, err
	}
	if err := p.delve.write(frame(text)); err != nil {
		return nil, err
	}
	select {
	case m := <-ch:
		if !m.Success {
			return m, errors.New(reason(m))
		}
		return m, nil
	case <-p.done:
		return nil, errOver
	}
}

// reason returns why a request failed, by its response.
func reason(m *message) string {
	var f failure
	if json.Unmarshal(m.Body, &f) == nil && f.Error.Format != "" {
		return f.Error.Format
	}
	return m.Message
}

// send sends our response or event to the client. It ignores errors: others notice that the client has gone.
func (p *Proxy) send(m numbered) {
	p.mu.Lock()
	p.seq++
	m.number(ownSeq + p.seq)
	p.mu.Unlock()
	if text, err := encode(m); err == nil {
		_ = p.client.write(frame(text))
	}
}

// respond answers a request.
func (p *Proxy) respond(m *message, body any) {
	p.send(&response{Type: "response", RequestSeq: m.Seq, Success: true, Command: m.Command, Body: body})
}

// refuse answers a request that failed; show has the editor show why in a window.
func (p *Proxy) refuse(m *message, why string, show bool) {
	p.send(failed(m, report.Safe(why), show))
}

// say writes a line in the client's console.
func (p *Proxy) say(line string) {
	p.send(&event{Type: "event", Event: "output",
		Body: map[string]string{"category": "console", "output": "awaittrace: " + report.Safe(line) + "\n"}})
}

// terminated is Delve's last word on the program.
func terminated(p *Proxy, _ *message) bool {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.watcher.stop()
	p.program.exited()
	return true
}

// crashed tells the client that Delve has ended unexpectedly, and ends a program that would be left behind.
func (p *Proxy) crashed() {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	if ended || p.program.leaving() || !p.upstream.moved() && !p.opt.Crashed() {
		return
	}
	what := "the debugger has ended unexpectedly"
	if p.program.kill() {
		what += "; the program that it had started was ended too"
	}
	p.say(what)
	p.send(&event{Type: "event", Event: "terminated"})
}

// Busy answers the first request of a client for which there is no session, and closes the connection.
func Busy(client io.ReadWriteCloser) {
	defer client.Close()
	raw, body, err := readMessage(bufio.NewReader(client))
	if err != nil {
		return
	}
	if m, ok := parse(raw, body); ok {
		if text, err := encode(failed(m, "this debug adapter has a client already; start another one",
			true)); err == nil {
			_, _ = client.Write(frame(text)) // a client that has gone needs no answer
		}
	}
}
