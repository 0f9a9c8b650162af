//go:build unix

package watch

import (
	"syscall"
	"time"
)

// processorTime returns the processor time that this process has used. On a busy machine a look takes longer than that.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
