//go:build (amd64 || arm64) && !awaittrace_portable

package target

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/go-delve/delve/pkg/dwarf/op"
	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/linutil"
)

// errReadOnly is the error when Delve wants to change the program.
var errReadOnly = errors.New("awaittrace does not change the program")

// A process is a Delve backend that only reads. Delve's interface has methods with internal parameters, which only
// embedding can provide; they belong to features that we do not use, and would panic (see guard).
type process struct {
	proc.ProcessInternal
	pid         int
	bi          *proc.BinaryInfo
	mem         readOnly
	breakpoints proc.BreakpointMap
	threads     []proc.Thread
	// stopped is set while the threads stand still. Before that, Delve must not set its breakpoints.
	stopped bool
	// copies are copied from a process that goes on before it is read; nil for other processes.
	copies *copies
	// held is set if this process is not the tracer. The kernel then does not give us the registers.
	held bool
}

// newTarget loads the debug information of exe for the process pid. The process may be running: newTarget reads only
// what cannot change.
func newTarget(pid int, exe string, mem *procfs.Memory) (*process, *proc.Target, error) {
	p := &process{
		pid:         pid,
		bi:          proc.NewBinaryInfo("linux", runtime.GOARCH, true),
		mem:         readOnly{memory{f: mem}},
		breakpoints: proc.NewBreakpointMap(),
	}
	leader := &thread{p: p, tid: pid}
	_, add := proc.NewGroup(p, proc.NewTargetGroupConfig{StopReason: proc.StopAttached})
	tgt, err := add(p, pid, leader, exe, proc.StopAttached, "")
	if err != nil {
		p.bi.Close()
		return nil, nil, err
	}
	return p, tgt, nil
}

func (p *process) BinInfo() *proc.BinaryInfo              { return p.bi }
func (p *process) Breakpoints() *proc.BreakpointMap       { return &p.breakpoints }
func (p *process) Memory() proc.MemoryReadWriter          { return p.mem }
func (p *process) ThreadList() []proc.Thread              { return p.threads }
func (p *process) WriteBreakpoint(*proc.Breakpoint) error { return errReadOnly }
func (p *process) EraseBreakpoint(*proc.Breakpoint) error { return errReadOnly }
func (p *process) SupportsBPF() bool                      { return false }

// Valid tells Delve whether the process stands still.
func (p *process) Valid() (bool, error) {
	if !p.stopped {
		return false, proc.ErrProcessDetached
	}
	return true, nil
}

// EntryPoint returns the address at which the executable starts, which tells where it was loaded.
func (p *process) EntryPoint() (uint64, error) {
	auxv, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", p.pid))
	if err != nil {
		return 0, err
	}
	return linutil.EntryPointFromAuxv(auxv, p.bi.Arch.PtrSize()), nil
}

// FindThread returns the thread of that id in ThreadList.
func (p *process) FindThread(tid int) (proc.Thread, bool) {
	for _, t := range p.threads {
		if t.ThreadID() == tid {
			return t, true
		}
	}
	return nil, false
}

// The methods of proc.ProcessGroup: the process never runs under our control.

func (p *process) ContinueOnce(*proc.ContinueOnceContext) (proc.Thread, proc.StopReason, error) {
	return nil, proc.StopUnknown, errReadOnly
}
func (p *process) StepInstruction(int) error { return errReadOnly }
func (p *process) Detach(int, bool) error    { return nil }
func (p *process) Close() error              { return nil }

// A thread is a thread that runs a goroutine. A waiting goroutine has its registers in its g.
type thread struct {
	p      *process
	tid    int
	runner runner
	common proc.CommonThread
	// regs are its registers from while the process stood still, if it has gone on.
	regs    proc.Registers
	regsErr error
}

func (t *thread) ThreadID() int                          { return t.tid }
func (t *thread) BinInfo() *proc.BinaryInfo              { return t.p.bi }
func (t *thread) ProcessMemory() proc.MemoryReadWriter   { return t.p.mem }
func (t *thread) Common() *proc.CommonThread             { return &t.common }
func (t *thread) Breakpoint() *proc.BreakpointState      { return new(proc.BreakpointState) }
func (t *thread) SetCurrentBreakpoint(bool) error        { return nil }
func (t *thread) SoftExc() bool                          { return false }
func (t *thread) RestoreRegisters(proc.Registers) error  { return errReadOnly }
func (t *thread) SetReg(uint64, *op.DwarfRegister) error { return errReadOnly }

// Registers returns the thread's registers.
func (t *thread) Registers() (proc.Registers, error) {
	switch {
	case !t.p.stopped:
		return nil, proc.ErrProcessDetached
	case t.p.held:
		return t.heldRegisters()
	}
	return t.regs, t.regsErr
}

// goCaller returns where a thread at pc will continue in Go code, if it is not in Go code now: Delve cannot unwind from
// C to the goroutine's stack. That happens in the kernel's vDSO, which time.Now calls, and in the race detector.
func (t *thread) goCaller(pc, sp, saved uint64) (callerPC, callerSP uint64, ok bool) {
	inGo := t.inGo(pc)
	r := &t.runner
	// The runtime's own code around a call into the vDSO is on the system stack as well.
	onSystem := sp < r.stackLo || sp >= r.stackHi
	if (onSystem || !inGo) && r.vdsoSP != 0 && t.inGo(r.vdsoPC) {
		return r.vdsoPC, r.vdsoSP, true
	}
	if inGo {
		return 0, 0, false
	}
	return t.raceCaller(sp, saved)
}

// maxSystemStack bounds the search of the race detector's stack.
const maxSystemStack = 64 << 10

// raceCaller is goCaller for the race detector. That is called with the goroutine's stack pointer in a register that C
// functions preserve (racecall in GOROOT/src/runtime/race_amd64.s): the value is still there, in saved, or the first
// function that needed the register has put it on the system stack, which starts at systemSP and has reached sp.
func (t *thread) raceCaller(sp, saved uint64) (callerPC, callerSP uint64, ok bool) {
	if ret, ok := t.returnAt(saved); ok {
		return ret, saved + 8, true
	}
	top := t.runner.systemSP
	if top <= sp || top-sp > maxSystemStack {
		return 0, 0, false
	}
	b := make([]byte, (top-sp)&^7)
	if readFull(t.p.mem, b, sp) != nil {
		return 0, 0, false
	}
	for i := int64(len(b)) - 8; i >= 0; i -= 8 {
		at := field{i, 8}.uint(b)
		if ret, ok := t.returnAt(at); ok {
			return ret, at + 8, true
		}
	}
	return 0, 0, false
}

// returnAt returns the return address at addr, if addr is on the goroutine's stack and it leads to Go code.
func (t *thread) returnAt(addr uint64) (uint64, bool) {
	if addr < t.runner.stackLo || addr >= t.runner.stackHi {
		return 0, false
	}
	b := make([]byte, 8)
	if readFull(t.p.mem, b, addr) != nil {
		return 0, false
	}
	ret := field{0, 8}.uint(b)
	return ret, t.inGo(ret)
}

// inGo reports whether pc is in a Go function: unlike those of C functions, their names have a dot.
func (t *thread) inGo(pc uint64) bool {
	fn := t.p.bi.PCToFunc(pc)
	return fn != nil && strings.Contains(fn.Name, ".")
}

// memory reads a process's memory, from copies, or else from /proc/PID/mem.
type memory struct {
	f      *procfs.Memory
	copies *copies
}

// ReadMemory fills b with the memory at addr, as far as it exists.
func (m memory) ReadMemory(b []byte, addr uint64) (int, error) {
	if m.copies.patch(b, addr) == len(b) {
		return len(b), nil
	}
	n, err := m.f.ReadAt(b, int64(addr))
	m.copies.patch(b[:n], addr)
	return n, err
}
