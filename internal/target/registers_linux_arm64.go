//go:build !awaittrace_portable

package target

import (
	"errors"

	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/linutil"
	"golang.org/x/sys/unix"
)

// registers reads the registers of a thread that stands still; where that is in the kernel's vDSO, those after its
// return to Go. They say that the program does not use cgo, whether it does or not: then Delve takes g from the
// register that Go code keeps it in.
func (t *thread) registers() (proc.Registers, error) {
	var r unix.PtraceRegs
	if err := unix.PtraceGetRegs(t.tid, &r); err != nil {
		return nil, err
	}
	if pc, sp, ok := t.goCaller(r.Pc, r.Sp, 0); ok {
		r.Pc, r.Sp = pc, sp
	}
	return linutil.NewARM64Registers((*linutil.ARM64PtraceRegs)(&r), false, 0, nil), nil
}

// heldRegisters fails: without the link register, which nobody but the tracer can read, the first caller would be a
// wrong one.
func (t *thread) heldRegisters() (proc.Registers, error) {
	return nil, errors.New("the registers of a thread are known to its tracer alone")
}
