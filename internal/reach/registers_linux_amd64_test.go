package reach

import "golang.org/x/sys/unix"

func readRegisters(tid int) (Thread, error) {
	var r unix.PtraceRegs
	err := unix.PtraceGetRegs(tid, &r)
	return Thread{
		TID: tid, PC: r.Rip, SP: r.Rsp,
		Regs: []uint64{r.Rax, r.Rbx, r.Rcx, r.Rdx, r.Rsi, r.Rdi, r.Rbp, r.R8, r.R9, r.R10, r.R11, r.R12, r.R13, r.R14,
			r.R15},
	}, err
}
