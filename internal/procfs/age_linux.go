package procfs

import (
	"time"

	"golang.org/x/sys/unix"
)

// Age returns how long ago the process was started.
func (s Stat) Age() (time.Duration, error) {
	var now unix.Timespec // since the system was booted, sleep included
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0, err
	}
	return time.Duration(now.Nano()) - time.Duration(s.StartTicks)*(time.Second/userHz), nil
}
