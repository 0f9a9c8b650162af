//go:build amd64 || arm64

package dlvext

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/go-delve/delve/pkg/dwarf/op"
	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/linutil"
)

// errReadOnly is what Delve gets when it wants to change the program.
var errReadOnly = errors.New("awaittrace does not change the program")

// A process is a backend of Delve's that only reads. Delve's interface has methods whose parameters are internal to it, which only
// embedding can provide; they belong to features that we do not use, and would panic (see guard).
type process struct {
	proc.ProcessInternal
	pid         int
	bi          *proc.BinaryInfo
	mem         readOnly
	breakpoints proc.BreakpointMap
	threads     []proc.Thread
	// stopped is set while the threads stand still. Before, Delve must not try to set its breakpoints.
	stopped bool
}

// newTarget loads the debug information of exe for the process pid. The process may be running: only what cannot change is read.
func newTarget(pid int, exe string, mem *os.File) (*process, *proc.Target, error) {
	p := &process{
		pid:         pid,
		bi:          proc.NewBinaryInfo("linux", runtime.GOARCH, true),
		mem:         readOnly{memory{mem}},
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

// FindThread returns the thread of that id, where it is in ThreadList.
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

// A thread is one that runs a goroutine. A thread that waits in the kernel has left the goroutine's registers in its g.
type thread struct {
	p      *process
	tid    int
	common proc.CommonThread
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

// Registers returns the thread's registers. It is called on the thread that traces the process.
func (t *thread) Registers() (proc.Registers, error) {
	if !t.p.stopped {
		return nil, proc.ErrProcessDetached
	}
	return registers(t.tid)
}

// memory is a process's memory, by /proc/PID/mem.
type memory struct{ f *os.File }

// ReadMemory fills b with the memory at addr, as far as there is any.
func (m memory) ReadMemory(b []byte, addr uint64) (int, error) {
	return m.f.ReadAt(b, int64(addr))
}
