//go:build (amd64 || arm64) && !awaittrace_portable

package inspect

import (
	"context"
	"fmt"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/target"
)

// readBare reads process pid, which runs, without debug information.
func readBare(ctx context.Context, pid int, o target.Options) (*target.Result, error) {
	stopped := procfs.ThreadState(pid) == 'T'
	b := &bare{
		pid:  pid,
		exe:  fmt.Sprintf("/proc/%d/exe", pid),
		open: func() (reach.Source, error) { return procfs.OpenProcess(pid) },
		stop: func(src reach.Source, f func() error) (time.Duration, error) { return src.(*procfs.Process).Stop(f) },
	}
	res, err := b.Read(ctx, o)
	if err == nil {
		res.Stopped = stopped
	}
	return res, err
}

// heldBare returns process pid, which a debugger holds, and which has no debug information.
func heldBare(pid int, registers func(tid int) []uint64) Target {
	return &bare{
		pid:  pid,
		exe:  fmt.Sprintf("/proc/%d/exe", pid),
		open: func() (reach.Source, error) { return procfs.OpenHeld(pid, registers) },
	}
}
