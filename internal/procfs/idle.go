package procfs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Idle returns for how long no thread of process pid has run: of one that a debugger holds, for how long it has held it. It is exact to
// about a clock tick, and an error where the kernel does not tell (CONFIG_SCHED_DEBUG).
func Idle(pid int) (time.Duration, error) {
	tasks, err := os.ReadDir(path(pid, "task"))
	if err != nil {
		return 0, fmt.Errorf("no process %d", pid)
	}
	latest := -1.0
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if at, err := lastRan(path(tid, "sched")); err == nil {
			latest = max(latest, at)
		}
	}
	// The scheduler has a clock of its own, which can be read nowhere; but we are running now.
	now, err := lastRan(Root + "/thread-self/sched")
	if err != nil {
		return 0, err
	}
	if latest < 0 {
		return 0, fmt.Errorf("the kernel does not tell when process %d ran last", pid)
	}
	return time.Duration(max(now-latest, 0) * float64(time.Millisecond)), nil
}

// lastRan returns when a thread last ran, in milliseconds of the scheduler's clock.
func lastRan(name string) (float64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if field, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(field) == "se.exec_start" {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("%s has no se.exec_start", name)
}
