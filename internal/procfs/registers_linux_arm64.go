package procfs

import (
	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/reach"
)

// threadRegisters reads the registers of a thread that stands still and that this thread traces.
func threadRegisters(tid int) (th reach.Thread, err error) {
	var r unix.PtraceRegsArm64
	if err := unix.PtraceGetRegSetArm64(tid, ntPrstatus, &r); err != nil {
		return th, err
	}
	th.PC, th.SP, th.LR = r.Pc, r.Sp, r.Regs[30]
	th.Regs = r.Regs[:]
	return th, nil
}
