package dlvext

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

// dialServer connects a debug adapter to a Delve server that has a program.
func dialServer(ctx context.Context, addr string) (*dap.Server, error) {
	conn, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	second := &secondClient{addr: addr}
	return &dap.Server{
		Conn: conn, Open: second.open, Close: second.close,
		Pid: func() int { return procfs.Peer(conn.LocalAddr().String(), conn.RemoteAddr().String()) },
	}, nil
}

// A secondClient is a client of a server beside the editor. It speaks Delve's own protocol, which can read a program's
// memory.
type secondClient struct {
	addr string

	mu     sync.Mutex
	conn   net.Conn
	client *rpc2.RPCClient
	closed bool
}

// open opens a session with the server's process pid.
func (s *secondClient) open(pid int) (*inspect.Session, error) {
	client, err := s.connect()
	if err != nil {
		return nil, err
	}
	// A request to a running program would block until it stops, so none is sent.
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

// connect returns the connection, dialing it the first time.
func (s *secondClient) connect() (*rpc2.RPCClient, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	if s.client == nil {
		conn, err := dial(context.Background(), s.addr)
		if err != nil {
			return nil, oneClient(err)
		}
		s.conn, s.client = conn, rpc2.NewClientFromConn(conn)
	}
	return s.client, nil
}

// oneClient returns the error for a server that takes no second client.
func oneClient(err error) error {
	return fmt.Errorf("the server has no room for a client beside the editor, to read the program's memory: start it "+
		"with --accept-multiclient (%w)", err)
}

// close closes the connection, which ends all waits for an answer.
func (s *secondClient) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.conn != nil {
		s.conn.Close()
	}
}
