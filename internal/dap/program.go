package dap

import (
	"context"
	"encoding/json"
	"os"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

// patience bounds the time that an answer of ours may take.
const patience = time.Minute

// A program is what Delve holds, as far as the proxy knows.
type program struct {
	opt Options
	// selected asks Delve for the process that the client looks at: Delve may hold several.
	selected func() (pid int, err error)

	mu       sync.Mutex
	launched bool            // Delve has started it
	first    int             // the process that it began with; 0: not known yet
	ticks    uint64          // when first was started
	attached time.Time       // since when Delve holds it; zero: it has begun under Delve, or has been let run
	live     bool            // it has been let run
	gone     bool            // it has ended
	going    bool            // the client has asked for the end, or has gone
	step     *step           // what the next stop ends; nil: not a step that could end in a probe
	inner    bool            // it is we who let it run: the client has been told that it does
	stop     *stop           // nil: the program runs, or has not been seen to stop
	pauses   []inspect.Pause // stops that have ended

	source    source
	pid       int // the process that was looked at last; 0: not known yet
	processes map[int]*held
}

// halt notes that the program has stopped in goroutine thread. It returns the step that this ends, if it may have to go on.
func (g *program) halt(thread int64) (*stop, *step) {
	s := g.newStop(time.Now(), thread)
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

// resume notes that the program is to run. It returns the stop that ends, which the answer to the request confirms (ran) or takes back (restore).
func (g *program) resume() *stop {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stop
	if s == nil && !g.attached.IsZero() { // Delve has held it since then
		s = g.newStop(g.attached, 0)
	}
	if s != nil {
		s.until = time.Now()
	}
	g.stop, g.step, g.live, g.attached = nil, nil, true, time.Time{}
	return s
}

// ran notes that s has ended.
func (g *program) ran(s *stop) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s != nil {
		g.pauses = append(g.pauses, inspect.Pause{From: s.at, To: s.until})
	}
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
	if s == nil || opt.After != g.opt.Diagnosis.After {
		return g.look(ctx, s, opt)
	}
	return s.wait(ctx)
}

// another notes that the client looks at another process from now on, at the same stop.
func (g *program) another() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.stop; s != nil {
		s.cancel()
		g.stop = g.newStop(s.at, s.thread)
	}
}

// restarted forgets the process, which has another number from now on.
func (g *program) restarted() {
	go func(all []*held) {
		for _, h := range all {
			h.close() // which waits for a look that is being taken
		}
	}(g.forget())
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop != nil {
		g.stop.cancel()
		g.stop = nil
	}
	g.gone, g.live = false, false
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
	if !g.launched || g.first == 0 {
		return false
	}
	if _, same := procfs.Is(g.first, g.ticks); !same {
		return false
	}
	process, err := os.FindProcess(g.first)
	return err == nil && process.Kill() == nil
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

// begun is the event that Delve is ready to be told of breakpoints. After a restart it has not said which process it has started.
func begun(p *Proxy, _ *message) bool {
	g := &p.program
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.launched && g.first == 0 {
		go func() {
			if pid, err := p.selected(); err == nil {
				g.mu.Lock()
				defer g.mu.Unlock()
				g.found(pid)
			}
		}()
	}
	return true
}
