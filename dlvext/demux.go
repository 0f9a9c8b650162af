package dlvext

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/inspect"
)

// A demux is the listener of a headless server. Delve serves two protocols there, and tells them apart by a client's
// first byte. A client that speaks the Debug Adapter Protocol gets our proxy. One that speaks Delve's own, such as
// GoLand, gets a relay, so that its rebuilds have probes; collector frames are hidden by the client's side, such as
// `awaittrace dlv connect`.
type demux struct {
	net.Listener
	options dap.Options

	mu       sync.Mutex
	ends     []net.Conn // Delve's ends of proxies and relays
	sessions sync.WaitGroup
}

// newDemux returns a demux before listener, for session t. Rebuild builds its program again; if it is nil, Delve does.
func newDemux(listener net.Listener, t opening, answers inspect.ConsoleOptions, rebuild func() error) *demux {
	options := dap.Options{Diagnosis: answers.Options, Rebuild: rebuild, DelvePid: os.Getpid(),
		Crashed: func() bool { return false }}
	if t.core != "" && !t.recording {
		options.Exe, options.Core = t.args[0], t.core
	}
	return &demux{Listener: listener, options: options}
}

// Accept implements net.Listener. It does not wait for the first byte.
func (d *demux) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &demuxed{Conn: conn, demux: d}, nil
}

// between returns Delve's end of a session, and the other one.
func (d *demux) between() (far, near net.Conn) {
	far, near = net.Pipe()
	d.mu.Lock()
	d.ends = append(d.ends, far)
	d.mu.Unlock()
	return far, near
}

// proxy begins a session with a client that speaks the Debug Adapter Protocol, and returns Delve's end of it.
func (d *demux) proxy(client net.Conn) net.Conn {
	far, near := d.between()
	d.sessions.Go(func() { dap.Serve(client, near, d.options) })
	return far
}

// rebuilder begins a session with a client that speaks Delve's protocol, and returns Delve's end of it.
func (d *demux) rebuilder(client net.Conn) net.Conn {
	if d.options.Rebuild == nil {
		return client
	}
	far, near := d.between()
	r := between(client, near, d.options.Rebuild)
	r.handlers = map[string]func(message){methodRestart: r.restart}
	go r.requests()
	d.sessions.Go(r.responses)
	return far
}

// end ends all sessions, after it has passed on what Delve said last.
func (d *demux) end() {
	d.mu.Lock()
	for _, far := range d.ends {
		far.Close()
	}
	d.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		d.sessions.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(endPatience): // in case a client does not read
	}
}

// A demuxed is a connection to a client. Nothing is written to it before something was read.
type demuxed struct {
	net.Conn
	demux *demux

	mu    sync.Mutex
	inner net.Conn // Delve's connection, once the protocol is known
}

// adapterByte is the first byte of the Debug Adapter Protocol, whose header is Content-Length.
const adapterByte = 'C'

// Read implements io.Reader.
func (c *demuxed) Read(b []byte) (int, error) {
	conn := c.current()
	if conn == c.Conn {
		var first [1]byte
		if _, err := c.Conn.Read(first[:]); err != nil {
			return 0, err
		}
		conn = &prefixed{Conn: c.Conn, prefix: first[:]}
		if first[0] == adapterByte {
			conn = c.demux.proxy(conn)
		} else {
			conn = c.demux.rebuilder(conn)
		}
		c.mu.Lock()
		c.inner = conn
		c.mu.Unlock()
	}
	return conn.Read(b)
}

func (c *demuxed) current() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner == nil {
		return c.Conn
	}
	return c.inner
}

// Write implements io.Writer.
func (c *demuxed) Write(b []byte) (int, error) { return c.current().Write(b) }

// Close implements io.Closer. A proxy or relay closes the connection to the client itself, after it has passed on what
// Delve said last.
func (c *demuxed) Close() error { return c.current().Close() }

// A prefixed is a connection with bytes that were read already.
type prefixed struct {
	net.Conn
	prefix []byte
}

// Read implements io.Reader.
func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.prefix) > 0 {
		n := copy(b, p.prefix)
		p.prefix = p.prefix[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}
