package dlvext

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/go-delve/delve/pkg/config"
	"github.com/go-delve/delve/pkg/logflags"
	"github.com/spf13/pflag"

	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

const (
	// startPatience bounds how long Delve may take to start.
	startPatience = time.Minute
	// endPatience bounds how long Delve may take to exit after its client has gone: it ends the program first.
	endPatience = 30 * time.Second
	// longestBase is how long the name of a folder may be that has the folder of a socket. All of the socket's name has
	// 103 bytes at most.
	longestBase = 70
)

// adapter is `awaittrace dap`: a debug adapter in place of `dlv dap`, which it runs in a process of its own.
func adapter(env Env, s *settings) int {
	dest, err := logDestination(s.str("log-dest"))
	if err != nil {
		return s.fail(err, 1)
	}
	number := ""
	if dest != nil {
		number = strconv.Itoa(int(dest.Fd()))
	}
	if err := logflags.Setup(s.on("log"), s.str("log-output"), number); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	client, err := awaitClient(s, signals)
	if err != nil || client == nil {
		if err != nil {
			return s.fail(err, 1)
		}
		return 0
	}
	defer client.Close()
	d, err := startDelve(delveArgs(s.flags), dest)
	if err != nil {
		return s.fail(err, 1)
	}
	go func() {
		<-signals
		client.Close() // which ends the session
	}()
	options := env.Adapter
	options.Split = func(flags string) []string { return config.SplitQuotedFields(flags, '\'') }
	options.DelvePid, options.Crashed, options.Dial = d.cmd.Process.Pid, d.crashed, dialServer
	dap.Serve(client, d.conn, options)
	d.end()
	return 0
}

// logDestination opens what --log-dest names: a file descriptor or a file; nil if it is not given.
func logDestination(dest string) (*os.File, error) {
	if dest == "" {
		return nil, nil
	}
	if n, err := strconv.Atoi(dest); err == nil {
		return os.NewFile(uintptr(n), "log-dest"), nil
	}
	f, err := os.Create(dest)
	if err != nil {
		err = fmt.Errorf("could not create log file: %w", err)
	}
	return f, err
}

// awaitClient returns the connection to the client, which either side dials. It returns nil without an error if a
// signal came first.
func awaitClient(s *settings, signals <-chan os.Signal) (net.Conn, error) {
	if addr := s.str("client-addr"); addr != "" {
		conn, err := dial(context.Background(), addr)
		if err != nil {
			err = fmt.Errorf("--client-addr: no client is waiting: %w", err)
		}
		return conn, err
	}
	listener, err := listen(s.str("listen"))
	if err != nil {
		return nil, fmt.Errorf("couldn't start listener: %w", err)
	}
	logflags.WriteDAPListeningMessage(listener.Addr())
	type accepted struct {
		conn net.Conn
		err  error
	}
	first := make(chan accepted, 1)
	go func() {
		conn, err := listener.Accept()
		first <- accepted{conn, err}
		// There is one session. A later client is told so instead of having to wait.
		for err == nil {
			if conn, err = listener.Accept(); err == nil {
				go dap.Busy(conn)
			}
		}
	}()
	select {
	case <-signals:
		listener.Close()
		return nil, nil
	case a := <-first:
		if a.err != nil {
			return nil, a.err
		}
		if s.on("only-same-user") && !sameUser(listener.Addr(), a.conn) {
			a.conn.Close()
			return nil, errors.New("the client is another user's: connections are accepted only from the user who " +
				"started awaittrace, see --only-same-user")
		}
		return a.conn, nil
	}
}

// sameUser reports whether a connection is from this user. As in Delve it matters on Linux only, for loopback
// addresses.
func sameUser(listening net.Addr, conn net.Conn) bool {
	addr, ok := listening.(*net.TCPAddr)
	if !ok || !addr.IP.IsLoopback() || os.Getuid() < 0 || runtime.GOOS != "linux" {
		return true
	}
	near, err1 := netip.ParseAddrPort(conn.LocalAddr().String())
	far, err2 := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err1 != nil || err2 != nil {
		return false
	}
	plain := func(a netip.AddrPort) string { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String() }
	uid, ok := procfs.Owner(plain(far), plain(near))
	return ok && uid == os.Getuid()
}

// delveArgs returns the user's flags for Delve, without those that name the client's address.
func delveArgs(flags *pflag.FlagSet) []string {
	var args []string
	flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "listen", "client-addr", "log-dest", "only-same-user", "after":
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, v := range list.GetSlice() {
				args = append(args, "--"+f.Name+"="+v)
			}
			return
		}
		args = append(args, "--"+f.Name+"="+f.Value.String())
	})
	return append(args, flags.Args()...)
}

// A delveProcess is the process that Delve runs in: this command again.
type delveProcess struct {
	cmd  *exec.Cmd
	conn net.Conn
	done chan struct{}
}

// startDelve starts Delve's adapter with the user's arguments. Delve dials back on a socket that no other user can
// reach.
func startDelve(args []string, dest *os.File) (*delveProcess, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	base := os.TempDir()
	if len(base) > longestBase {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "awaittrace-dap-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "delve")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	own := []string{"awaittrace", "dlv", "dap", "--client-addr=" + unixPrefix + socket}
	d := &delveProcess{
		cmd:  &exec.Cmd{Path: exe, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr},
		done: make(chan struct{}),
	}
	if dest != nil {
		own = append(own, "--log-dest=3")
		d.cmd.ExtraFiles = []*os.File{dest}
	}
	d.cmd.Args = append(own, args...)
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = d.cmd.Wait() // Delve has printed why it could not start
		close(d.done)
		listener.Close()
	}()
	if err := listener.(*net.UnixListener).SetDeadline(time.Now().Add(startPatience)); err != nil {
		return nil, err
	}
	if d.conn, err = listener.Accept(); err != nil {
		d.end()
		return nil, errors.New("no connection: Delve did not start")
	}
	return d, nil
}

// crashed waits for Delve, which has closed its connection, to exit, and reports whether it failed.
func (d *delveProcess) crashed() bool {
	select {
	case <-d.done:
		return !d.cmd.ProcessState.Success()
	case <-time.After(endPatience):
		return false
	}
}

// end waits for Delve to exit, and kills it after endPatience.
func (d *delveProcess) end() {
	select {
	case <-d.done:
	case <-time.After(endPatience):
		_ = d.cmd.Process.Kill() // Delve has exited, or is about to
		<-d.done
	}
}
