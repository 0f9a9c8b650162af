package inspect

import (
	"errors"
	"fmt"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// A Prove says when to read a program's heap, to prove which goroutines nothing can wake.
type Prove string

// The ways to prove. The zero Prove is ProveAuto.
const (
	ProveAuto   Prove = "auto"   // where the program stands still for it no longer than may be
	ProveAlways Prove = "always" // however long it stands still
	ProveNever  Prove = "never"
)

// Proves lists the ways to prove.
var Proves = []Prove{ProveAuto, ProveAlways, ProveNever}

// maxPause bounds how long ProveAuto stops a program.
const maxPause = 200 * time.Millisecond

// A proof is one reading of a program's heap. It implements target.Capturer.
type proof struct {
	exe string
	// limit is how long the program may stand still for it; zero means no limit.
	limit time.Duration

	estimate time.Duration
	plan     *reach.Plan
	capture  *reach.Capture
	result   *reach.Result
	told     *reach.Tellings // with memory, once it is marked
	copied   uint64          // how many bytes were
	memory   *snapshot.Memory
	why      string // why nothing is proven
}

// newProof returns a proof for the program of s, which proves nothing if opt wants none.
func (s *Session) newProof(opt Options) *proof {
	p := &proof{exe: s.exe}
	switch {
	case opt.Prove == ProveNever:
		p.why = neverProve
	case s.exe == "":
		p.why = "the memory of a program on another machine is not read"
	}
	if s.runs && opt.Prove != ProveAlways {
		p.limit = maxPause
		if opt.MaxPause > 0 {
			p.limit = min(opt.MaxPause, maxPause)
		}
	}
	return p
}

// neverProve is why nothing is proven with ProveNever.
const neverProve = "not asked for (-prove never)"

// in returns o with p as its capturer, if anything is to be proven.
func (p *proof) in(o target.Options) target.Options {
	if p.why == "" {
		p.why = "the program's memory was not read"
		o.Capturer = p
	}
	return o
}

// Ready implements target.Capturer.
func (p *proof) Ready(src reach.Source, given bool, err error) {
	if err != nil {
		p.why = err.Error()
		return
	}
	prog, err := reach.OpenProgram(p.exe)
	if err != nil {
		p.why = err.Error()
		return
	}
	plan, err := reach.Prepare(src, prog)
	if err != nil {
		p.why = err.Error()
		return
	}
	p.estimate, _ = plan.Estimate()
	if p.limit > 0 && p.estimate > p.limit {
		plan.Close()
		p.why = fmt.Sprintf("estimate %s > %s; use -prove always", diagnose.Duration(p.estimate),
			diagnose.Duration(p.limit))
		if p.limit < maxPause {
			p.why = fmt.Sprintf("the program would stand still for longer than a hundredth of its time: estimate %s "+
				"> %s; awaittrace report proves more",
				diagnose.Duration(p.estimate), diagnose.Duration(p.limit))
		}
		return
	}
	if given {
		plan.Expect()
	} else {
		plan.Allocate()
	}
	p.plan = plan
}

// Goroutine implements target.Capturer.
func (p *proof) Goroutine(index int, addr uint64, b []byte) {
	if p.plan != nil {
		p.plan.Give(index, addr, b)
	}
}

// Capture implements target.Capturer.
func (p *proof) Capture() {
	if p.plan == nil {
		return
	}
	// The estimate decides whether to begin. On a busy machine a small copy takes long because it waits for a
	// processor: that is no reason to give it up.
	var limit time.Duration
	if p.limit > 0 {
		limit = 2 * maxPause
	}
	var err error
	switch p.capture, err = p.plan.Capture(limit); {
	case errors.Is(err, reach.ErrLate):
		p.why = fmt.Sprintf("given up after %s, estimate %s; use -prove always", diagnose.Duration(limit),
			diagnose.Duration(p.estimate))
	case err != nil:
		p.why = err.Error()
	}
}

// tell adds to s, taken at the moment of the capture, what follows from the capture.
func (p *proof) tell(s *snapshot.Snapshot) {
	p.mark()
	if s.Memory = p.memory; s.Memory == nil {
		s.Memory = &snapshot.Memory{NoProof: p.why}
	}
	s.Memory.PausedNs = s.Process.StoppedFor
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if t := p.told.Of(g.ID); t.Blocked != nil && g.State == "waiting" {
			g.Reach, g.Blocked = t.Reach, t.Blocked
		}
	}
	p.told = nil
}

// mark finds what the capture proves, and gives most of it back: of many goroutines it takes much memory. It does
// nothing if there is no capture, or it has been marked.
func (p *proof) mark() {
	if p.capture == nil {
		return
	}
	c := p.capture
	p.capture, p.copied = nil, c.Copied
	// The memory is another program's: a panic over nonsense in it is not a fault of awaittrace.
	defer func() {
		if r := recover(); r != nil {
			p.result, p.memory, p.told = nil, nil, nil
			p.why = fmt.Sprintf("the program's memory does not make sense: %v", r)
		}
	}()
	res, err := c.Mark()
	if err != nil {
		p.why = err.Error()
		return
	}
	p.memory, p.told = res.Snapshot(0)
	res.Release()
	p.result = res
}

// fileUsers returns all goroutines that can reach the file of a descriptor, or nil if they are unknown, or something
// else can use it, too.
func (p *proof) fileUsers(fd int) (list []int64) {
	defer func() {
		if recover() != nil { // see mark
			list = nil
		}
	}()
	if p.result == nil {
		return nil
	}
	return p.result.FileUsers(fd)
}

// close frees the memory. After it s.Memory.Kept must not be called.
func (p *proof) close(s *snapshot.Snapshot) {
	if s != nil && s.Memory != nil {
		s.Memory.Kept = nil
	}
	p.capture, p.result, p.told, p.memory = nil, nil, nil, nil
	if p.plan != nil {
		p.plan.Close()
		p.plan = nil
	}
}
