package procfs

import (
	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/reach"
)

// threadRegisters reads the registers of a thread that stands still and that this thread traces.
func threadRegisters(tid int) (th reach.Thread, err error) {
	var r unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &r); err != nil {
		return th, err
	}
	th.PC, th.SP = r.Rip, r.Rsp
	th.Regs = []uint64{r.Rax, r.Rbx, r.Rcx, r.Rdx, r.Rsi, r.Rdi, r.Rbp, r.R8, r.R9, r.R10, r.R11, r.R12, r.R13, r.R14,
		r.R15, r.Orig_rax}
	return th, nil
}
