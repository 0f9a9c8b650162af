//go:build unix

package watch

import (
	"syscall"
	"time"
)

// processorTime returns how much processor time this process has used. On a busy machine a look takes longer than it costs.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
