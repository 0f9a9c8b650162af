//go:build !awaittrace_portable

package target

import (
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/linutil"
	"golang.org/x/sys/unix"
)

// registers reads the registers of a thread that stands still. If the thread is not in Go code, they are those after
// its return there.
func (t *thread) registers() (proc.Registers, error) {
	var r linutil.AMD64PtraceRegs
	if err := unix.PtraceGetRegs(t.tid, (*unix.PtraceRegs)(&r)); err != nil {
		return nil, err
	}
	if pc, sp, ok := t.goCaller(r.Rip, r.Rsp, r.R12); ok {
		r.Rip, r.Rsp = pc, sp
	}
	return linutil.NewAMD64Registers(&r, nil), nil
}

// heldRegisters returns what is known of the registers of a thread that another traces: enough to unwind Go code, which
// does not need the frame pointer.
func (t *thread) heldRegisters() (proc.Registers, error) {
	sp, pc, err := procfs.Counter(t.p.pid, t.tid)
	if err != nil {
		return nil, err
	}
	if callerPC, callerSP, ok := t.goCaller(pc, sp, 0); ok {
		pc, sp = callerPC, callerSP
	}
	return counted{linutil.NewAMD64Registers(&linutil.AMD64PtraceRegs{Rip: pc, Rsp: sp}, nil), t.runner.onStack(sp)},
		nil
}
