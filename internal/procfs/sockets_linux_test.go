package procfs

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// connect returns the two ends of a connection of this process with itself, which last as long as the test.
func connect(t *testing.T, network, addr string) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { l.Close() })
	if client, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

// TestSockets finds a connection of this process with itself, and what was written to it.
func TestSockets(t *testing.T) {
	c, srv := connect(t, "tcp", "127.0.0.1:0")
	srv.Write([]byte("hello"))
	s := ReadSockets(os.Getpid())
	sock, ok := s.OfFD(os.Getpid(), descriptorOf(t, c))
	if !ok || sock.Network != "tcp" || sock.Local != c.LocalAddr().String() || sock.Remote != c.RemoteAddr().String() ||
		sock.Unread != 5 {
		t.Errorf("socket %+v, %v", sock, ok)
	}
	if peer := s.Peer(sock, ReadOpenFiles()); peer != os.Getpid() {
		t.Errorf("peer %d", peer)
	}
}

// TestUnixSockets finds both sides of a unix connection of this process, and what was written to it.
func TestUnixSockets(t *testing.T) {
	name := t.TempDir() + "/sock"
	c, srv := connect(t, "unix", name)
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	s := ReadSockets(os.Getpid())
	if unixPeers(os.Getpid()) == nil {
		t.Skip("the kernel does not tell about unix sockets")
	}
	got, ok := s.OfFD(os.Getpid(), descriptorOf(t, c))
	if !ok || got.Network != "unix" || got.Remote != name || got.Unsent != 5 ||
		s.Peer(got, ReadOpenFiles()) != os.Getpid() {
		t.Errorf("client %+v, %v", got, ok)
	}
	got, ok = s.OfFD(os.Getpid(), descriptorOf(t, srv))
	if !ok || got.Local != name || got.Unread != 5 {
		t.Errorf("server %+v, %v", got, ok)
	}
}

// TestUDPSocket finds a connected UDP socket and the process that it sends to.
func TestUDPSocket(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	c, err := net.Dial("udp", l.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := ReadSockets(os.Getpid())
	got, ok := s.OfFD(os.Getpid(), descriptorOf(t, c))
	if !ok || got.Network != "udp" || got.Remote != l.LocalAddr().String() ||
		s.Peer(got, ReadOpenFiles()) != os.Getpid() {
		t.Errorf("socket %+v, %v", got, ok)
	}
	if got, ok = s.OfFD(os.Getpid(), descriptorOf(t, l)); !ok || got.Remote != "" {
		t.Errorf("listener %+v, %v", got, ok)
	}
}

// TestOtherEnd finds the process that has the other end of a pipe.
func TestOtherEnd(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	cmd := exec.Command("sleep", "60")
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	if got := ReadOpenFiles().OtherEnd(os.Getpid(), int(r.Fd())); got != cmd.Process.Pid {
		t.Errorf("the other end belongs to %d, want %d", got, cmd.Process.Pid)
	}
}

// descriptorOf returns the file descriptor of a connection.
func descriptorOf(t *testing.T, c any) int {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	n := -1
	if err := raw.Control(func(fd uintptr) { n = int(fd) }); err != nil {
		t.Fatal(err)
	}
	return n
}
