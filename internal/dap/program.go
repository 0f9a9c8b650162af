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

// patience bounds how long our answers may take, and the first of a server.
const patience = time.Minute

// A program is what Delve holds, as far as the proxy knows.
type program struct {
	opt Options
	// selected asks Delve for the selected process: Delve may hold several.
	selected func() (pid int, err error)

	mu       sync.Mutex
	launched bool            // Delve has started it
	first    int             // the first process; 0: unknown yet
	ticks    uint64          // when first was started
	attached time.Time       // since when Delve has held it; zero: it began under Delve, or has run since
	live     bool            // it has run under Delve
	gone     bool            // it has ended
	going    bool            // the client has asked to end the session, or has gone
	step     *step           // the step that the next stop ends, if it can end in a probe
	inner    bool            // we resumed it: the client knows that it runs
	stop     *stop           // nil: the program runs, or has not stopped yet
	resumed  time.Time       // when it was resumed last
	paused   bool            // the client has asked to stop it, since it let it run
	ends     map[int]*stop   // requests to run that Delve has not answered, and the stops that they ended
	pauses   []inspect.Pause // stops that have ended

	source    source
	pid       int // the process of the last look; 0: unknown yet
	processes map[int]*held
}

// halt notes that the program has stopped in goroutine thread. It returns the step that this ends, if that may have to
// continue.
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

// resume notes that the program is to run. It returns the stop that ends; the answer to the request confirms that (ran)
// or takes it back (restore).
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
	g.stop, g.step, g.live, g.attached, g.resumed = nil, nil, true, time.Time{}, time.Now()
	return s
}

// ending notes that the client's request seq ended s, and ended returns it, once.
func (g *program) ending(seq int, s *stop) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paused = false
	if g.ends == nil {
		g.ends = make(map[int]*stop)
	}
	g.ends[seq] = s
}

func (g *program) ended(seq int) *stop {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.ends[seq]
	delete(g.ends, seq)
	return s
}

// ran confirms that s has ended.
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

// stopped returns the current stop, or nil if the program runs.
func (g *program) stopped() *stop {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stop
}

// runs reports whether the program runs.
func (g *program) runs() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stop == nil && g.live && !g.gone && !g.going
}

// ranFor returns how long the program has run since it was resumed last, or had at stop s, if that is not nil.
func (g *program) ranFor(s *stop) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s != nil {
		return s.at.Sub(g.resumed)
	}
	return time.Since(g.resumed)
}

// wanted reports whether the client has asked for the stop that the program is at.
func (g *program) wanted() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.paused
}

// Report diagnoses the program: as it stands at this stop, or, while it runs, by its record alone.
func (g *program) Report(ctx context.Context, opt diagnose.Options) (*diagnose.Report, error) {
	s := g.stopped()
	if s == nil || opt.After != g.opt.Diagnosis.After {
		return g.look(ctx, s, opt)
	}
	return s.wait(ctx)
}

// another notes that the client has selected another process, at the same stop.
func (g *program) another() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.stop; s != nil {
		s.cancel()
		g.stop = g.newStop(s.at, s.thread)
	}
}

// restarted drops the process, which has a new pid.
func (g *program) restarted() {
	go func(all []*held) {
		for _, h := range all {
			h.close() // which waits for a look under way
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

// exited notes that the program has ended.
func (g *program) exited() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone = true
}

// leave notes that the client wants to end the session.
func (g *program) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.going = true
}

// started reports whether there is a program.
func (g *program) started() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.live && !g.gone
}

// leaving reports whether the client wants to end the session.
func (g *program) leaving() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.going
}

// kill kills the program that Delve started and left behind, and reports whether there was one.
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

// process handles the event that names the process that Delve started.
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

// begun handles the event that Delve is ready for breakpoints. After a restart Delve does not name the new process.
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
