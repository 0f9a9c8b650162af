package record

import "golang.org/x/sys/unix"

// monotonic returns the time of the clock that the runtime's nanotime reads, in nanoseconds.
func monotonic() (int64, bool) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0, false
	}
	return ts.Nano(), true
}
