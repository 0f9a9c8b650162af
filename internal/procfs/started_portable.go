//go:build (!linux || awaittrace_portable) && !darwin

package procfs

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// Started returns when a process was started, to a hundredth of a second; false if the system does not say.
func Started(s Stat) (time.Time, bool) {
	b, err := os.ReadFile(Root + "/uptime")
	if err != nil {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(strings.Fields(string(b) + " x")[0], 64)
	if err != nil {
		return time.Time{}, false
	}
	booted := time.Now().Add(-time.Duration(seconds * float64(time.Second)))
	return booted.Add(time.Duration(s.StartTicks) * time.Second / userHz), true
}
