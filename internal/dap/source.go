package dap

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

var (
	errNoProgram = errors.New("the program has not started yet")
	errFar       = errors.New("the program runs on another machine, where it can be looked at only while it is " +
		"stopped: pause it first")
)

// A source opens the debuggee.
type source struct {
	// open opens the process that Delve knows as pid; 0: the one that it has, if any.
	open func(pid int) (*inspect.Session, error)
	// far is set if nothing can be read while the program runs.
	far bool
}

// local is a program that the Delve in process delve holds.
func (p *Proxy) local(delve int) source {
	registers := p.registers()
	return source{
		open: func(pid int) (*inspect.Session, error) {
			if pid = procfs.TracedBy(delve, pid); pid == 0 {
				return nil, errNoProgram
			}
			return inspect.Held(pid, registers)
		},
	}
}

// coreFile is a core of the executable exe.
func coreFile(exe, core string) source {
	return source{open: func(int) (*inspect.Session, error) { return inspect.Core(exe, core) }}
}

// unknown is a program that cannot be diagnosed.
func unknown(why string) source {
	return source{open: func(int) (*inspect.Session, error) { return nil, errors.New(why) }}
}

// untraced is a program that the Delve in process delve has only started.
func untraced(delve int) source {
	return source{
		open: func(int) (*inspect.Session, error) {
			pid := procfs.Child(delve)
			if pid == 0 {
				return nil, errNoProgram
			}
			return inspect.Live(pid)
		},
	}
}

// A held is a process that Delve holds, or has held.
type held struct {
	pid    int
	source source

	mu     sync.Mutex       // also while it is being opened, which may take as long as it runs
	view   *inspect.Session // nil: not open
	closed bool
	told   int // how many of the pauses the view knows
	// probed is set if it has probes; valid once known is set.
	probed, known bool
}

// open returns the view of h. pauses are the times for which the program was held before.
func (h *held) open(pauses []inspect.Pause) (*inspect.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.begin(); err != nil {
		return nil, err
	}
	h.view.Paused(pauses[h.told:]...)
	h.told = len(pauses)
	return h.view, nil
}

// begin opens the view, unless it is open. The caller holds h.mu.
func (h *held) begin() (err error) {
	if h.closed {
		return errNoProgram
	}
	if h.view == nil {
		h.view, err = h.source.open(h.pid)
	}
	return err
}

// probes reports whether the program has probes. One that has just started may not have reached any.
func (h *held) probes() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known || h.begin() != nil {
		return h.probed
	}
	_, err := h.view.Record()
	unmade := errors.Is(err, inspect.ErrUnmade)
	h.probed, h.known = err == nil || unmade, !unmade
	return h.probed
}

// close ends the view of h.
func (h *held) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.view != nil {
		h.view.Close()
	}
	h.view, h.closed = nil, true
}

// look diagnoses the program as it is now: at stop s, or running if that is nil.
func (g *program) look(ctx context.Context, s *stop, opt diagnose.Options) (*diagnose.Report, error) {
	var h *held
	var err error
	var stopped time.Time
	if s == nil {
		h, err = g.process(0, true)
	} else {
		stopped = s.at
		h, err = s.held()
	}
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	pauses := slices.Clone(g.pauses)
	g.mu.Unlock()
	v, err := h.open(pauses)
	if err != nil {
		return nil, err
	}
	return v.Report(ctx, inspect.Options{Options: opt, Stopped: stopped})
}

// process returns the process to look at: pid, or the former one if pid is zero.
func (g *program) process(pid int, running bool) (*held, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gone:
		return nil, errors.New("the program has ended; awaittrace ps lists its record")
	case g.source.far && running:
		return nil, errFar
	}
	if pid == 0 {
		pid = g.pid
	}
	g.found(pid)
	h := g.processes[pid]
	if h == nil {
		h = &held{pid: pid, source: g.source}
		if g.processes == nil {
			g.processes = make(map[int]*held)
		}
		g.processes[pid] = h
	}
	return h, nil
}

// found notes the process. The caller holds g.mu.
func (g *program) found(pid int) {
	g.pid = pid
	if g.first == 0 && pid != 0 {
		g.first = pid
		if st, err := procfs.ReadStat(pid); err == nil {
			g.ticks = st.StartTicks
		}
	}
}

// forget drops the processes, and returns them.
func (g *program) forget() []*held {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := slices.Collect(maps.Values(g.processes))
	g.processes, g.pid, g.first, g.pauses = nil, 0, 0, nil
	return all
}

// close ends all views.
func (g *program) close() {
	for _, h := range g.forget() {
		h.close()
	}
}

// from sets how the program is opened.
func (g *program) from(s source) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.source = s
}

// selected asks Delve for the selected process. Its answer is a line for each, with a star before one:
//
//   - 4711	/tmp/server -v
func (p *Proxy) selected() (int, error) {
	m, err := p.ask("evaluate", map[string]any{"expression": "dlv target list", "context": "repl"})
	if err != nil {
		return 0, err
	}
	var body struct{ Result string }
	if err := json.Unmarshal(m.Body, &body); err != nil {
		return 0, err
	}
	for line := range strings.Lines(body.Result) {
		if f := strings.Split(line, "\t"); len(f) >= 2 && f[0] == "*" {
			return strconv.Atoi(f[1])
		}
	}
	return 0, errNoProgram
}

// in returns name relative to dir, which may be empty.
func in(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
