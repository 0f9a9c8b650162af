package procfs

import (
	"net"
	"os"
	"strings"
	"testing"
)

// TestSockets finds a connection of this process with itself, and what was written to it.
func TestSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	srv, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	srv.Write([]byte("hello"))
	raw, _ := c.(*net.TCPConn).SyscallConn()
	raw.Control(func(fd uintptr) {
		s := ReadSockets(os.Getpid())
		sock, ok := s.OfFD(os.Getpid(), int(fd))
		if !ok || sock.Local != c.LocalAddr().String() || sock.Remote != c.RemoteAddr().String() || sock.Unread != 5 {
			t.Errorf("socket %+v, %v", sock, ok)
		}
		if peer := s.Peer(sock); !strings.HasPrefix(peer, "pid ") {
			t.Errorf("peer %q", peer)
		}
	})
}
