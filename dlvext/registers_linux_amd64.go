package dlvext

import (
	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/pkg/proc/linutil"
	"golang.org/x/sys/unix"
)

// registers reads the registers of a thread that stands still; where that is not in Go code, those after its return there.
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
