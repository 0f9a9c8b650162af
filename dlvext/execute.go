package dlvext

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-delve/delve/pkg/config"
	"github.com/go-delve/delve/pkg/logflags"
	"github.com/go-delve/delve/pkg/proc"
	delve "github.com/go-delve/delve/pkg/terminal"
	"github.com/go-delve/delve/service"
	"github.com/go-delve/delve/service/api"
	delvedebugger "github.com/go-delve/delve/service/debugger"
	"github.com/go-delve/delve/service/rpc2"
	"github.com/go-delve/delve/service/rpccommon"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/target"
)

// settings are Delve's flags. This package handles them as Delve's command does (cmd/dlv/cmds), whose functions are not
// exported.
type settings struct {
	flags      *pflag.FlagSet
	conf       *config.Config
	workingDir string
	backend    string
	rrCleanup  bool
	answers    inspect.ConsoleOptions
	// rebuild builds the program again; nil if we did not build it.
	rebuild func() error
}

func newSettings(flags *pflag.FlagSet) *settings {
	s := &settings{flags: flags}
	s.conf, _ = config.LoadConfig() // Delve has printed an error when it made its commands
	s.workingDir, s.backend, s.rrCleanup = s.str("wd"), s.str("backend"), s.on("rr-cleanup")
	return s
}

// The value of a flag, or zero where the command has none of that name.
func (s *settings) str(name string) string    { v, _ := s.flags.GetString(name); return v }
func (s *settings) on(name string) bool       { v, _ := s.flags.GetBool(name); return v }
func (s *settings) number(name string) int    { v, _ := s.flags.GetInt(name); return v }
func (s *settings) float(name string) float64 { v, _ := s.flags.GetFloat64(name); return v }
func (s *settings) list(name string) []string { v, _ := s.flags.GetStringArray(name); return v }

// ours returns our own build flags, as gocmd takes them.
func (s *settings) ours() []string {
	var args []string
	if p := s.str("probe"); p != "" {
		args = append(args, "-probe="+p)
	}
	for _, name := range []string{"probe-func", "deps"} {
		for _, pattern := range s.list(name) {
			args = append(args, "-"+name+"="+pattern)
		}
	}
	return args
}

// split divides the arguments at the --.
func (s *settings) split(args []string) (own, program []string) {
	if n := s.flags.ArgsLenAtDash(); n >= 0 {
		return args[:n], args[n:]
	}
	return args, nil
}

// fail prints an error and returns the exit status.
func (s *settings) fail(err error, status int) int {
	fmt.Fprintln(os.Stderr, "awaittrace:", err)
	return status
}

// An opening holds what a session opens.
type opening struct {
	args      []string // executable and its arguments
	packages  []string
	kind      delvedebugger.ExecuteKind
	pid       int
	core      string
	recording bool // core is a recording of rr
	attach    bool
}

// execute opens a session, with a server in this process.
func (s *settings) execute(o opening) int {
	if err := logflags.Setup(s.on("log"), s.str("log-output"), s.str("log-dest")); err != nil {
		return s.fail(err, 1)
	}
	defer logflags.Close()
	if err := s.check(); err != nil {
		return s.fail(err, 1)
	}
	redirects, err := parseRedirects(s.list("redirect"))
	if err != nil {
		return s.fail(err, 1)
	}
	headless := s.on("headless")
	listener, conn := service.ListenerPipe()
	if headless {
		if listener, err = listen(s.str("listen")); err != nil {
			return s.fail(fmt.Errorf("couldn't start listener: %w", err), 1)
		}
	}
	defer listener.Close()
	disconnected := make(chan struct{})
	var clients *demux
	if headless {
		clients = newDemux(listener, o, s.answers, s.rebuild)
		listener = clients
	}
	server := rpccommon.NewServer(s.config(o, listener, redirects, disconnected))
	broken := o.check()
	if err := server.Run(); err != nil {
		return s.fail(o.explain(err, broken), 1)
	}
	if broken != nil {
		fmt.Fprintln(os.Stderr, "Warning:", broken)
	}
	if headless {
		defer clients.end()
		return s.serve(server, clients, disconnected)
	}
	d := &debugger{local: true, stopped: time.Now()}
	if o.core != "" && !o.recording {
		d.exe, d.core = o.args[0], o.core
	}
	return s.terminal(conn, d, o.attach)
}

// check returns what is wrong with a core, in more detail than Delve.
func (o opening) check() error {
	if o.core == "" || o.recording {
		return nil
	}
	_, err := target.CheckCore(o.args[0], o.core)
	return err
}

// explain returns why Delve could not open a session. Broken is the result of check.
func (o opening) explain(err, broken error) error {
	switch {
	case broken != nil:
		return fmt.Errorf("%w; Delve says: %w", broken, err)
	case errors.Is(err, api.ErrNotExecutable) && o.kind == delvedebugger.ExecutingGeneratedFile:
		return errors.New("there is no main package to debug")
	case errors.Is(err, api.ErrNotExecutable) && o.kind == delvedebugger.ExecutingExistingFile:
		return fmt.Errorf("%s is not executable", o.args[0])
	}
	return err
}

// check refuses what Delve refuses.
func (s *settings) check() error {
	switch {
	case s.on("headless"):
		if s.str("init") != "" {
			fmt.Fprintln(os.Stderr, "Warning: init file ignored with --headless")
		}
		if s.on("continue") && !s.on("accept-multiclient") {
			return errors.New("--continue requires --accept-multiclient")
		}
		return nil
	case s.on("continue"):
		return errors.New("--continue only works with --headless; use an init file")
	case s.on("accept-multiclient"):
		fmt.Fprintln(os.Stderr, "Warning accept-multi: ignored")
	}
	if s.number("api-version") > 2 || s.number("api-version") < 1 {
		return fmt.Errorf("unknown API version: %d", s.number("api-version"))
	}
	if len(s.list("redirect")) > 0 && s.str("tty") != "" {
		return errors.New("can not use -r and --tty together")
	}
	if s.on("allow-non-terminal-interactive") {
		return nil
	}
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if !term.IsTerminal(int(f.Fd())) {
			return fmt.Errorf("%s is not a terminal, use '-r' to specify redirects for the target process or "+
				"--allow-non-terminal-interactive=true if you really want to specify a redirect for Delve", f.Name())
		}
	}
	return nil
}

// config returns the configuration of the server.
func (s *settings) config(o opening, listener net.Listener, redirects [3]string,
	disconnected chan struct{}) *service.Config {
	workingDir := s.workingDir
	if workingDir == "" {
		workingDir = "."
	}
	headless := s.on("headless")
	return &service.Config{
		Listener:           listener,
		ProcessArgs:        o.args,
		AcceptMulti:        s.on("accept-multiclient") && headless,
		APIVersion:         s.number("api-version"),
		CheckLocalConnUser: s.on("only-same-user"),
		DisconnectChan:     disconnected,
		Debugger: delvedebugger.Config{
			AttachPid:             o.pid,
			WorkingDir:            workingDir,
			Backend:               s.backend,
			CoreFile:              o.core,
			Foreground:            headless && s.str("tty") == "",
			Packages:              o.packages,
			BuildFlags:            s.str("build-flags"),
			ExecuteKind:           o.kind,
			DebugInfoDirectories:  s.conf.DebugInfoDirectories,
			CheckGoVersion:        s.on("check-go-version"),
			TTY:                   s.str("tty"),
			Stdin:                 redirects[0],
			Stdout:                proc.OutputRedirect{Path: redirects[1]},
			Stderr:                proc.OutputRedirect{Path: redirects[2]},
			DisableASLR:           s.on("disable-aslr"),
			RrOnProcessPid:        s.number("onprocess"),
			RrDelOnDetach:         s.rrCleanup,
			AttachWaitFor:         s.str("waitfor"),
			AttachWaitForInterval: s.float("waitfor-interval"),
			AttachWaitForDuration: s.float("waitfor-duration"),
		},
	}
}

// serve runs a headless session, until the client has gone or a signal comes.
func (s *settings) serve(server service.Server, listener *demux, disconnected chan struct{}) int {
	if s.on("continue") {
		addr := listener.Addr().String()
		if _, unix := listener.Listener.(*net.UnixListener); unix {
			addr = unixPrefix + addr
		}
		conn, err := dial(context.Background(), addr)
		if err != nil {
			return s.fail(err, 1)
		}
		rpc2.NewClientFromConn(conn).Disconnect(true)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	select {
	case <-signals:
	case <-disconnected:
	}
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return 0
}

// connect opens a session with a server that runs already.
func (s *settings) connect(addr string) int {
	if err := logflags.Setup(s.on("log"), s.str("log-output"), s.str("log-dest")); err != nil {
		return s.fail(err, 1)
	}
	defer logflags.Close()
	if addr == "" {
		return s.fail(errors.New("connect: the address is empty"), 2)
	}
	conn, err := dial(context.Background(), addr)
	if err != nil {
		return s.fail(fmt.Errorf("connect: %w", err), 1)
	}
	return s.terminal(conn, new(debugger), false)
}

// terminal runs the terminal session, until the user ends it.
func (s *settings) terminal(conn net.Conn, d *debugger, attached bool) int {
	var near net.Conn
	d.relay, near = newRelay(conn, d.stopped, s.rebuild, d.places)
	defer d.relay.close()
	d.client = rpc2.NewClientFromConn(near)
	defer d.close()
	if d.client.IsMulticlient() {
		// As in Delve. Errors, such as that the process has exited, show when the terminal starts.
		if state, _ := d.client.GetStateNonBlocking(); state != nil && state.Running {
			if _, err := d.client.Halt(); err != nil {
				return s.fail(fmt.Errorf("could not halt: %w", err), 1)
			}
		}
	}
	t := delve.New(d.client, s.conf, attached)
	t.InitFile = s.str("init")
	if err := addCommands(t, d, s.answers); err != nil {
		t.Close()
		return s.fail(err, 1)
	}
	status, err := t.Run()
	if err != nil {
		fmt.Println(err)
	}
	return status
}

// parseRedirects reads the flags -r.
func parseRedirects(list []string) (files [3]string, err error) {
	names := []string{"stdin", "stdout", "stderr"}
	for _, r := range list {
		n := 0
		for i, name := range names {
			if path, ok := strings.CutPrefix(r, name+":"); ok {
				n, r = i, path
				break
			}
		}
		if files[n] != "" {
			return files, fmt.Errorf("redirect error: %s redirected twice", names[n])
		}
		files[n] = r
	}
	return files, nil
}

// unixPrefix precedes the path of a Unix socket in an address.
const unixPrefix = "unix:"

func listen(addr string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, unixPrefix); ok {
		return net.Listen("unix", path)
	}
	return net.Listen("tcp", addr)
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	if path, ok := strings.CutPrefix(addr, unixPrefix); ok {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}
