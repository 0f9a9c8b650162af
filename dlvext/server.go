package dlvext

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

// dialServer connects to a server of Delve's that has a program, for a debug adapter.
func dialServer(addr string) (*dap.Server, error) {
	conn, err := dial(addr)
	if err != nil {
		return nil, err
	}
	second := &secondClient{addr: addr}
	return &dap.Server{
		Conn: conn, Open: second.open, Close: second.close,
		Pid: func() int { return procfs.Peer(conn.LocalAddr().String(), conn.RemoteAddr().String()) },
	}, nil
}

// A secondClient is a client of a server beside the editor. It speaks Delve's own protocol, in which a program's memory can be read.
type secondClient struct {
	addr string

	mu     sync.Mutex
	conn   net.Conn
	client *rpc2.RPCClient
	closed bool
}

// open begins a session with process pid of the server's.
func (s *secondClient) open(pid int) (*inspect.Session, error) {
	client, err := s.connect()
	if err != nil {
		return nil, err
	}
	// All further questions wait until the program stops, so that it is not asked any while it runs.
	state, err := client.GetStateNonBlocking()
	switch {
	case err != nil:
		return nil, oneClient(err)
	case state.Running:
		return nil, errors.New("the program runs")
	}
	if pid == 0 {
		pid = state.Pid
	}
	return (&debugger{client: client}).open(pid)
}

// connect returns the connection, which it makes when it is first asked for.
func (s *secondClient) connect() (*rpc2.RPCClient, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	if s.client == nil {
		conn, err := dial(s.addr)
		if err != nil {
			return nil, oneClient(err)
		}
		s.conn, s.client = conn, rpc2.NewClientFromConn(conn)
	}
	return s.client, nil
}

// oneClient is the error for a server that does not talk to us.
func oneClient(err error) error {
	return fmt.Errorf("the server has no room for a client beside the editor, to read the program's memory: start it with --accept-multiclient (%w)", err)
}

// close ends the connection, and with it what waits for an answer.
func (s *secondClient) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.conn != nil {
		s.conn.Close()
	}
}
