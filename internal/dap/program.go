package dap

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

// patience bounds the time that an answer of ours may take.
const patience = 20 * time.Second

// A program is what Delve holds, as far as the proxy knows.
type program struct {
	opt Options

	mu       sync.Mutex
	launched bool
	pid      int // 0: not known yet, or changed by a restart
	ticks    uint64
	exe      string
	core     string           // the program is a core
	why      string           // why there is nothing to look at; empty if there is
	live     bool             // it has been let run
	gone     bool             // it has ended
	going    bool             // the client has asked for the end, or has gone
	session  *inspect.Session // of pid or core
	step     *step            // what the next stop ends; nil: not a step that could end in a probe
	inner    bool             // it is we who let it run: the client has been told that it does
	stop     *stop            // nil: the program runs, or has not been seen to stop
}

// A stop is the time from an event `stopped` to the next request that lets the program run.
type stop struct {
	at     time.Time
	thread int64
	cancel context.CancelFunc
	report func() (*diagnose.Report, error) // computed once
	// found is the finding that the program was stopped for; nil: it stopped for something else.
	found *diagnose.Finding
}

var errNoProgram = errors.New("there is no program yet")

// halt notes that the program has stopped in goroutine thread. It returns the step that this ends, if it may have to go on.
func (g *program) halt(thread int64) (*stop, *step) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &stop{at: time.Now(), thread: thread, cancel: cancel}
	s.report = sync.OnceValues(func() (*diagnose.Report, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return g.look(ctx, s.at, g.opt.Diagnosis)
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop != nil {
		g.stop.cancel()
	}
	g.stop = s
	st := g.step
	g.step, g.inner = nil, false
	return s, st
}

// resume notes that the program runs. It returns the stop that has ended, which halted may restore.
func (g *program) resume() *stop {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stop
	g.stop, g.step, g.live = nil, nil, true
	return s
}

// restore takes a resume back.
func (g *program) restore(s *stop) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop == nil {
		g.stop = s
	}
}

// stopped returns the stop that the program is in, nil if it runs.
func (g *program) stopped() *stop {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stop
}

// Report diagnoses the program: as it stands at this stop, or, while it runs, by its record alone.
func (g *program) Report(ctx context.Context, opt diagnose.Options) (*diagnose.Report, error) {
	s := g.stopped()
	switch {
	case s == nil:
		return g.look(ctx, time.Time{}, opt)
	case opt.After != g.opt.Diagnosis.After:
		return g.look(ctx, s.at, opt)
	}
	return s.report()
}

// look diagnoses the program as it is now.
func (g *program) look(ctx context.Context, stopped time.Time, opt diagnose.Options) (*diagnose.Report, error) {
	session, err := g.open()
	if err != nil {
		return nil, err
	}
	return session.Report(ctx, stopped, opt)
}

// open returns the session with the program.
func (g *program) open() (*inspect.Session, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gone:
		return nil, errors.New("the program has ended; awaittrace ps lists the records of such")
	case g.why != "":
		return nil, errors.New(g.why)
	case g.session != nil:
		return g.session, nil
	case g.core != "":
		var err error
		g.session, err = inspect.Core(g.exe, g.core)
		return g.session, err
	}
	if g.pid == 0 {
		g.found(procfs.TracedBy(g.opt.DelvePid))
	}
	if g.pid == 0 {
		return nil, errNoProgram
	}
	var err error
	g.session, err = inspect.Held(g.pid)
	return g.session, err
}

// found notes which process it is.
func (g *program) found(pid int) {
	g.pid = pid
	if st, err := procfs.ReadStat(pid); err == nil {
		g.ticks = st.StartTicks
	}
}

// restarted forgets the process, which has another number from now on.
func (g *program) restarted() {
	g.close()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop != nil {
		g.stop.cancel()
		g.stop = nil
	}
	g.pid, g.gone = 0, false
}

// exited notes that Delve has told of the program's end.
func (g *program) exited() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone = true
}

// leave notes that the client wants the end.
func (g *program) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.going = true
}

// started reports whether there is a program that could run.
func (g *program) started() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.live && !g.gone
}

// leaving reports whether the end of Delve is what the client wants.
func (g *program) leaving() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.going
}

// kill ends the program that Delve has started and left behind, if it has. It reports whether there was one.
func (g *program) kill() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.launched || g.pid == 0 {
		return false
	}
	if _, same := procfs.Is(g.pid, g.ticks); !same {
		return false
	}
	process, err := os.FindProcess(g.pid)
	return err == nil && process.Kill() == nil
}

// close ends the session with the program.
func (g *program) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.session != nil {
		g.session.Close()
		g.session = nil
	}
}

// process is the event that tells which process Delve has started.
func process(p *Proxy, m *message) bool {
	var body struct {
		SystemProcessID int `json:"systemProcessId"`
	}
	if json.Unmarshal(m.Body, &body) == nil && body.SystemProcessID > 0 {
		g := &p.program
		g.mu.Lock()
		defer g.mu.Unlock()
		g.launched = true
		g.found(body.SystemProcessID)
	}
	return true
}

// attach is the request to attach to a process.
func attach(p *Proxy, m *message) bool {
	var args struct {
		Mode      string
		ProcessID int       `json:"processId"`
		Settings  *settings `json:"awaittrace"`
	}
	if err := json.Unmarshal(m.Arguments, &args); err != nil {
		return true // Delve says what is wrong
	}
	if !p.configure(m, args.Settings) {
		return false
	}
	g := &p.program
	g.mu.Lock()
	defer g.mu.Unlock()
	if args.Mode == "" || args.Mode == "local" {
		g.found(args.ProcessID) // 0 with waitFor: it is found when Delve has it
	}
	return true
}

// examine notes what launch begins that is no process.
func (g *program) examine(mode, dir, exe, core string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch mode {
	case "core":
		g.exe, g.core = in(dir, exe), in(dir, core)
	case "replay":
		g.why = "the program is a recording of rr, of which only Delve can tell"
	}
}

// in returns name as it is seen from dir, which may be empty.
func in(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
