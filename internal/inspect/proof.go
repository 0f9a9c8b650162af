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

// A Prove says when a program's heap is read, to prove which goroutines nothing can wake.
type Prove string

// The ways to prove. The zero Prove is ProveAuto.
const (
	ProveAuto   Prove = "auto"   // where the program stands still for it no longer than may be
	ProveAlways Prove = "always" // however long it stands still
	ProveNever  Prove = "never"
)

// Proves are the ways to prove.
var Proves = []Prove{ProveAuto, ProveAlways, ProveNever}

// maxPause is how long ProveAuto may have a program stand still.
const maxPause = 200 * time.Millisecond

// A proof is one reading of a program's heap. It implements target.Capturer.
type proof struct {
	exe string
	// limit is how long the program may stand still for it; zero: however long it takes.
	limit time.Duration

	estimate time.Duration
	plan     *reach.Plan
	capture  *reach.Capture
	result   *reach.Result
	why      string // why nothing is proven
}

// newProof returns a proof of the program of s, which tells nothing if opt wants none.
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

// neverProve is why nothing is proven where nobody wants it.
const neverProve = "not asked for (-prove never)"

// in returns o with p, if anything is to be proven.
func (p *proof) in(o target.Options) target.Options {
	if p.why == "" {
		p.why = "the program's memory was not read"
		o.Capturer = p
	}
	return o
}

// Ready implements target.Capturer.
func (p *proof) Ready(src reach.Source, err error) {
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
		p.why = fmt.Sprintf("estimate %s > %s; use -prove always", diagnose.Duration(p.estimate), diagnose.Duration(p.limit))
		if p.limit < maxPause {
			p.why = fmt.Sprintf("the program would stand still for longer than a hundredth of its time: estimate %s > %s; awaittrace report proves more",
				diagnose.Duration(p.estimate), diagnose.Duration(p.limit))
		}
		return
	}
	plan.Allocate()
	p.plan = plan
}

// Capture implements target.Capturer.
func (p *proof) Capture() {
	if p.plan == nil {
		return
	}
	// The estimate decides what is begun. On a machine that is busy, what is small takes long because it waits for a processor:
	// that is no reason to give it up soon.
	var limit time.Duration
	if p.limit > 0 {
		limit = 2 * maxPause
	}
	var err error
	switch p.capture, err = p.plan.Capture(limit); {
	case errors.Is(err, reach.ErrLate):
		p.why = fmt.Sprintf("given up after %s, estimate %s; use -prove always", diagnose.Duration(limit), diagnose.Duration(p.estimate))
	case err != nil:
		p.why = err.Error()
	}
}

// tell adds to s, the program at the moment of the capture, what follows from it.
func (p *proof) tell(s *snapshot.Snapshot) {
	told, err := p.mark(s)
	if err != nil {
		s.Memory = &snapshot.Memory{EstimateNs: int64(p.estimate), PausedNs: s.Process.StoppedFor, NoProof: err.Error()}
		return
	}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if t := told.Of(g.ID); t.Blocked != nil && g.State == "waiting" {
			g.Reach, g.Blocked = t.Reach, t.Blocked
		}
	}
}

// mark sets s.Memory, and returns what follows from the capture for each goroutine. Its error says why nothing does.
func (p *proof) mark(s *snapshot.Snapshot) (told *reach.Tellings, err error) {
	// The memory is another program's: what does not make sense there is no fault of this one.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the program's memory does not make sense: %v", r)
		}
	}()
	if p.capture == nil {
		return nil, errors.New(p.why)
	}
	res, err := p.capture.Mark()
	if err != nil {
		return nil, err
	}
	p.result = res
	s.Memory, told = res.Snapshot(time.Duration(s.Process.StoppedFor), p.estimate)
	return told, nil
}

// fileUsers returns all goroutines that can reach the file with a descriptor; nil: unknown, or others can use it, too.
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

// close gives the memory back. What s.Memory.Kept was cannot be asked any more.
func (p *proof) close(s *snapshot.Snapshot) {
	if s != nil && s.Memory != nil {
		s.Memory.Kept = nil
	}
	p.result = nil
	if p.plan != nil {
		p.plan.Close()
		p.plan = nil
	}
}
