package procfs

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Idle returns for how long no thread of process pid has run: of one that a debugger holds, for how long it has held it. It is exact to
// about a clock tick, and an error where the kernel does not tell (CONFIG_SCHED_DEBUG), or not of the processors that we may use.
func Idle(pid int) (time.Duration, error) {
	tasks, err := os.ReadDir(path(pid, "task"))
	if err != nil {
		return 0, fmt.Errorf("no process %d", pid)
	}
	last := make(map[int]float64) // when a thread of it ran last, by processor
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		cpu, err1 := processor(path(tid, "stat"))
		at, err2 := lastRan(path(tid, "sched"))
		if err1 == nil && err2 == nil {
			last[cpu] = max(last[cpu], at)
		}
	}
	idle := -1.0
	for cpu, at := range last {
		now, err := schedulerClock(cpu)
		if err != nil {
			return 0, err
		}
		if d := max(now-at, 0); idle < 0 || d < idle {
			idle = d
		}
	}
	if idle < 0 {
		return 0, fmt.Errorf("the kernel does not tell when process %d ran last", pid)
	}
	return time.Duration(idle * float64(time.Millisecond)), nil
}

// schedulerClock returns the time of the scheduler of a processor, in milliseconds. Every processor has its own: it does not count the time that
// a hypervisor took from it. It can be read nowhere, but whoever runs on the processor has just been noted with it.
func schedulerClock(cpu int) (now float64, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var was, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &was); err != nil {
		return 0, err
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return 0, err
	}
	now, err = lastRan(Root + "/thread-self/sched")
	if e := unix.SchedSetaffinity(0, &was); err == nil {
		err = e
	}
	return now, err
}

// lastRan returns when a thread last ran, in milliseconds of the clock of its processor's scheduler.
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

// processor returns the processor on which a thread ran last.
func processor(name string) (int, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const field = 39 - 3 // of proc_pid_stat(5), counted from the one behind the name
	if len(f) <= field {
		return 0, fmt.Errorf("%s has no processor", name)
	}
	return strconv.Atoi(f[field])
}
