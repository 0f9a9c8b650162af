package target

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
)

// A Program is a program that we read without stopping it: a process that a debugger holds, or a core. Its debug
// information is loaded once, for any number of readings. The caller closes it.
type Program struct {
	pid int
	mu  sync.Mutex // one reading at a time: Delve's caches do not permit more
	s   *session
	// memory opens what a Capturer reads; nil: there is nothing.
	memory func() (reach.Source, error)
	// ready is called before a reading, and returns why there can be none. still is called after it. They are nil for a
	// core, which is always there.
	ready, still func() error
	// failed converts what went wrong in a reading to its error.
	failed  func(error) error
	release func()
}

// Open opens t, whose Exe may be empty for a process. On Linux a process need not let us trace it, because it has a
// tracer already; it must let us read its memory. An error is an [*procfs.Error].
func Open(t Target) (*Program, error) {
	if t.Core != "" {
		return openCore(t)
	}
	return openHeld(t)
}

// Read reads the program as it is now. A process must stand still, stopped by its debugger. An error is an
// [*procfs.Error], or ctx's.
func (p *Program) Read(ctx context.Context, o Options) (res *Result, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.s == nil {
		return nil, &procfs.Error{Reason: procfs.Exited, Text: "the program has been closed"}
	}
	o.setDefaults()
	defer guard(&err)
	p.s.tgt.ClearCaches()
	if p.ready != nil {
		if err := p.ready(); err != nil {
			return nil, err
		}
	}
	p.s.deadline = time.Now().Add(o.Timeout)
	if res, err = p.s.read(o); err != nil {
		if own := (*procfs.Error)(nil); !errors.As(err, &own) {
			err = p.failed(err)
		}
		return nil, err
	}
	if o.Capturer != nil && p.memory != nil {
		src, err := p.memory()
		o.Capturer.Ready(src, false, err)
		o.Capturer.Capture()
	}
	if p.still != nil {
		if err := p.still(); err != nil { // what was read belongs to different moments
			return nil, err
		}
	}
	p.s.finish(res, o)
	return res, nil
}

// Pid returns the process of the program, which may have ended.
func (p *Program) Pid() int { return p.pid }

// Close ends the access to the program.
func (p *Program) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.s != nil {
		p.release()
		p.s = nil
	}
}
