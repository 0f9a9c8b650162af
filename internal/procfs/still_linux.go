//go:build amd64 || arm64

package procfs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// StandsStill returns an error unless a debugger or a signal has stopped all threads of the process. A thread in an
// uninterruptible wait in the kernel counts as stopped.
func StandsStill(pid int) error {
	tids, err := ThreadIDs(pid)
	if err != nil || Gone(ThreadState(pid)) {
		return HasExited(pid)
	}
	for _, tid := range tids {
		if st := ThreadState(tid); st != 't' && st != 'T' && st != 'D' && !Gone(st) {
			return &Error{Reason: Running, Text: fmt.Sprintf("process %d runs under a debugger", pid),
				Fix: "halt it there to see states and stacks"}
		}
	}
	return nil
}

// Counter returns where a stopped thread is. /proc/PID/task/TID/syscall ends with the thread's stack pointer and
// program counter, even outside system calls. For a thread on a processor it says "running".
func Counter(pid, tid int) (sp, pc uint64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/syscall", pid, tid))
	if err != nil {
		return 0, 0, err
	}
	f := strings.Fields(string(text))
	if len(f) < 3 {
		return 0, 0, fmt.Errorf("thread %d is running", tid)
	}
	if sp, err = strconv.ParseUint(f[len(f)-2], 0, 64); err != nil {
		return 0, 0, err
	}
	pc, err = strconv.ParseUint(f[len(f)-1], 0, 64)
	return sp, pc, err
}
