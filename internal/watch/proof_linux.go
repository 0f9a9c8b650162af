//go:build linux && (amd64 || arm64) && !awaittrace_portable

package watch

import (
	"errors"
	"fmt"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

const (
	// longestStop is how long a proof may stop the tests.
	longestStop = 200 * time.Millisecond
	// mostProving bounds the time of all proofs of a process for which the record gives no reason.
	mostProving = 3 * time.Second
)

// prove stops the process for a moment, and returns a snapshot that has what its memory says about each wait. done
// releases the memory for that.
func (p *testProcess) prove() (s *snapshot.Snapshot, done func(), err error) {
	p.prover.Lock()
	defer p.prover.Unlock()
	// The memory is another program's: nonsense in it is not our bug.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the program's memory does not make sense: %v", r)
		}
	}()
	src, err := procfs.OpenProcess(p.pid)
	if err != nil {
		return nil, nil, err
	}
	if p.program == nil && p.noProgram == nil {
		p.program, p.noProgram = reach.OpenProgram(src.Exe())
	}
	if p.noProgram != nil {
		return nil, nil, p.noProgram
	}
	plan, err := reach.Prepare(src, p.program)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			plan.Close()
		}
	}()
	estimate, _ := plan.Estimate()
	if estimate > longestStop {
		return nil, nil, errors.New("the tests would stand still for too long")
	}
	plan.Allocate()
	var c *reach.Capture
	paused, err := src.Stop(func() (err error) {
		if c, err = plan.Capture(2 * longestStop); err == nil {
			s, err = p.snapshot()
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	res, err := c.Mark()
	if err != nil {
		return nil, nil, err
	}
	memory, told := res.Snapshot(paused)
	res.Release()
	s.Memory, s.Process.StoppedFor = memory, int64(paused)
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if t := told.Of(g.ID); t.Blocked != nil && g.State == "waiting" {
			g.Reach, g.Blocked = t.Reach, t.Blocked
		}
	}
	return s, func() {
		memory.Kept = nil
		plan.Close()
	}, nil
}
