package reach

import "golang.org/x/sys/unix"

func readRegisters(tid int) (Thread, error) {
	var r unix.PtraceRegs
	err := unix.PtraceGetRegs(tid, &r)
	return Thread{TID: tid, PC: r.Pc, SP: r.Sp, LR: r.Regs[30], Regs: r.Regs[:]}, err
}
