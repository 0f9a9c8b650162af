//go:build !awaittrace_portable

package target

import (
	"errors"

	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/linutil"
	"golang.org/x/sys/unix"
)

// registers reads the registers of a thread that stands still. If the thread is in the kernel's vDSO, they are those
// after its return to Go. They always say that the program does not use cgo, so that Delve takes g from the register in
// which Go code keeps it.
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

// heldRegisters fails. Without the link register, which only the tracer can read, the first caller would be wrong.
func (t *thread) heldRegisters() (proc.Registers, error) {
	return nil, errors.New("only its tracer can read a thread's registers")
}
