package dap

import (
	"context"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// Soon is how long after a stop answers to editors wait for the report. Tests raise it: they want the report, however
// busy the machine is.
var Soon = 2 * time.Second

// A stop is the time from an event `stopped` to the next request that lets the program run.
type stop struct {
	at, until time.Time // until is zero while the stop lasts
	thread    int64
	cancel    context.CancelFunc
	held      func() (*held, error)            // the selected process
	report    func() (*diagnose.Report, error) // computed once, however long it takes
	prepare   func()                           // starts the diagnosis, if there are probes
	done      chan struct{}                    // closed when report is set, or there are no probes
	// found is the finding that the program was stopped for, or nil.
	found *diagnose.Finding
	// atProbe means that the client was shown a finding: stacks begin at the probe that their goroutine waits in.
	atProbe bool
}

// newStop returns a stop that began at since.
func (g *program) newStop(at time.Time, thread int64) *stop {
	ctx, cancel := context.WithCancel(context.Background())
	s := &stop{at: at, thread: thread, cancel: cancel, done: make(chan struct{})}
	done := sync.OnceFunc(func() { close(s.done) })
	s.held = sync.OnceValues(func() (*held, error) {
		pid, _ := g.selected() // if Delve cannot say, it is the former one
		return g.process(pid, false)
	})
	s.report = sync.OnceValues(func() (*diagnose.Report, error) {
		defer done()
		return g.look(ctx, s, g.opt.Diagnosis)
	})
	s.prepare = sync.OnceFunc(func() {
		go func() {
			if s.probes() {
				_, _ = s.report() // report returns the error
			}
			done()
		}()
	})
	return s
}

// probes reports whether the program has probes.
func (s *stop) probes() bool {
	h, err := s.held()
	return err == nil && h.probes()
}

// soon returns the report of s if it is ready soon after the stop began: an editor waits for the threads before it
// shows anything. Done means that no other will come.
func (s *stop) soon() (r *diagnose.Report, done bool) {
	s.prepare()
	select {
	case <-s.done:
	case <-time.After(time.Until(s.at.Add(Soon))):
	}
	select {
	case <-s.done:
	default:
		return nil, false
	}
	if !s.probes() {
		return nil, true
	}
	r, err := s.report()
	if err != nil || r.Snapshot.NoProbes != "" {
		return nil, true
	}
	return r, true
}

// wait returns the report of s, if it is ready before ctx ends.
func (s *stop) wait(ctx context.Context) (*diagnose.Report, error) {
	type result struct {
		r   *diagnose.Report
		err error
	}
	ready := make(chan result, 1)
	go func() {
		r, err := s.report()
		ready <- result{r, err}
	}()
	select {
	case res := <-ready:
		return res.r, res.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
