package procfs

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Monotonic returns the present on the monotonic clock of process pid, in nanoseconds: the clock of its time namespace.
// Zero stands for this process. It reports whether the clock is known.
func Monotonic(pid int) (int64, bool) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0, false
	}
	now := ts.Nano()
	if pid != 0 {
		now += clockOffset(path(pid, "timens_offsets")) - clockOffset(Root+"/self/timens_offsets")
	}
	return now, true
}

// clockOffset reads the offset of a time namespace's monotonic clock, in nanoseconds. It is zero where there are no
// such namespaces.
func clockOffset(file string) int64 {
	b, err := readFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] != "monotonic" {
			continue
		}
		seconds, err1 := strconv.ParseInt(f[1], 10, 64)
		nanoseconds, err2 := strconv.ParseInt(f[2], 10, 64)
		if err1 == nil && err2 == nil {
			return seconds*int64(time.Second) + nanoseconds
		}
	}
	return 0
}
