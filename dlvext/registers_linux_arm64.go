package dlvext

import (
	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/linutil"
	"golang.org/x/sys/unix"
)

// registers reads the registers of a thread that stands still. It says that the program does not use cgo, whether it does or not:
// then Delve takes g from the register that Go code keeps it in, and only threads that run Go code are asked.
func registers(tid int) (proc.Registers, error) {
	var r unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &r); err != nil {
		return nil, err
	}
	return linutil.NewARM64Registers((*linutil.ARM64PtraceRegs)(&r), false, 0, nil), nil
}
