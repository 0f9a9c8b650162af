//go:build (amd64 || arm64) && !awaittrace_portable

package target

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/go-delve/delve/pkg/proc"
)

// openHeld opens a process that a debugger, perhaps this process, holds. A process has one tracer, but everybody who
// may trace it may read its memory.
func openHeld(t Target) (*Program, error) {
	if procfs.Gone(procfs.ThreadState(t.Pid)) {
		return nil, procfs.HasExited(t.Pid)
	}
	mem, err := procfs.OpenMemory(t.Pid)
	if err != nil {
		return nil, procfs.Unreadable(t.Pid, err)
	}
	p, s, err := openMemory(t, mem)
	if err != nil {
		mem.Close()
		return nil, err
	}
	return &Program{
		pid:     t.Pid,
		s:       s,
		ready:   p.look,
		still:   func() error { return procfs.StandsStill(t.Pid) },
		failed:  func(err error) error { return unreadable(t.Pid, err) },
		release: func() { s.bi.Close(); mem.Close() },
		memory: func() (reach.Source, error) {
			src, err := procfs.OpenHeld(t.Pid, t.Registers)
			if err != nil {
				return nil, err
			}
			return src, nil
		},
	}, nil
}

// openMemory loads the debug information of the process whose memory is mem.
func openMemory(t Target, mem *procfs.Memory) (p *process, s *session, err error) {
	defer guard(&err)
	exe := t.Exe
	if exe == "" {
		exe = fmt.Sprintf("/proc/%d/exe", t.Pid)
	}
	if err := checkExe(exe, t.Pid); err != nil {
		return nil, nil, err
	}
	p, tgt, err := newTarget(t.Pid, exe, mem)
	if err != nil {
		return nil, nil, noDebugInfo(t.Pid, err)
	}
	p.held = true
	s = &session{tgt: tgt, bi: p.bi, mem: p.mem, running: p.setThreads}
	if err := s.prepare(); err != nil {
		p.bi.Close()
		return nil, nil, err
	}
	return p, s, nil
}

// noDebugInfo is the Error for a process whose executable Delve cannot read. CAP_SYS_PTRACE alone does not open files in
// /proc that only the process's user may read.
func noDebugInfo(pid int, err error) *procfs.Error {
	if errors.Is(err, fs.ErrPermission) {
		return &procfs.Error{Reason: procfs.NotPermitted, Text: fmt.Sprintf("not permitted to read the files of process %d in /proc", pid),
			Fix: "run as its user or as root, or with CAP_DAC_READ_SEARCH, too", Err: err}
	}
	return &procfs.Error{Reason: procfs.Damaged,
		Text: fmt.Sprintf("cannot load the debug information of process %d", pid), Err: err}
}

// look prepares p for another reading: its threads may have changed.
func (p *process) look() error {
	p.threads = nil
	err := procfs.StandsStill(p.pid)
	p.stopped = err == nil
	return err
}

// A counted is the registers of a thread of which only two are known, and the goroutine that it runs.
type counted struct {
	proc.Registers
	g uint64
}

// GAddr returns the address of g, which a register would hold otherwise.
func (c counted) GAddr() (uint64, bool) { return c.g, true }

// Copy returns c itself, which never changes.
func (c counted) Copy() (proc.Registers, error) { return c, nil }

// onStack returns the address of the g that the thread runs when its stack pointer is sp: the runtime's own code runs
// on the system stack.
func (r *runner) onStack(sp uint64) uint64 {
	if sp < r.stackLo || sp >= r.stackHi {
		return r.g0
	}
	return r.g
}
