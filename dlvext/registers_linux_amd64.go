package dlvext

import (
	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/linutil"
	"golang.org/x/sys/unix"
)

// registers reads the registers of a thread that stands still.
func registers(tid int) (proc.Registers, error) {
	var r linutil.AMD64PtraceRegs
	if err := unix.PtraceGetRegs(tid, (*unix.PtraceRegs)(&r)); err != nil {
		return nil, err
	}
	return linutil.NewAMD64Registers(&r, nil), nil
}
