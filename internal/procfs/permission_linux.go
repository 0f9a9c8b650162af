//go:build amd64 || arm64

package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ThreadState returns the state of a thread as /proc shows it (R, S, D, T, t, Z, X), or 0 if there is no such thread.
func ThreadState(tid int) byte {
	stat, err := ReadStat(tid)
	if err != nil {
		return 0
	}
	return stat.State
}

// Gone reports whether a thread in that state has ended.
func Gone(state byte) bool { return state == 0 || state == 'Z' || state == 'X' }

// Refused returns the Error for a process that the system does not let us trace, with the reason that applies.
func Refused(pid int, err error) *Error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return HasExited(pid)
	}
	status := procStatus(pid)
	if by, _ := strconv.Atoi(status["TracerPid"]); by != 0 {
		tracer, _ := ReadStat(by)
		return &Error{
			Reason: AlreadyTraced,
			Text:   fmt.Sprintf("process %d is traced by process %d (%s)", pid, by, tracer.Name),
			Fix:    "end that debugger or let it detach, and try again",
		}
	}
	why, fix := advice(os.Geteuid(), owner(pid), yamaScope())
	return &Error{Reason: NotPermitted, Text: fmt.Sprintf("not permitted to trace process %d%s", pid, why), Fix: fix,
		Err: err}
}

// owner returns the user who owns process pid, or "".
func owner(pid int) string {
	uid, _, _ := strings.Cut(procStatus(pid)["Uid"], "\t")
	return uid
}

// advice returns why user euid may not trace a process of owner, given the kernel's setting scope, and what to do.
// Empty arguments are unknown.
func advice(euid int, owner, scope string) (why, fix string) {
	if scope == "3" {
		return " (kernel.yama.ptrace_scope=3)", "only a reboot with another setting permits it again"
	}
	if euid == 0 {
		return "", "in a container, start it with --cap-add=SYS_PTRACE"
	}
	if owner != "" && owner != strconv.Itoa(euid) {
		return ", which belongs to user " + owner, "run as that user or as root"
	}
	switch scope {
	case "1":
		return " (kernel.yama.ptrace_scope=1)", "`sudo sysctl kernel.yama.ptrace_scope=0`, or run as root"
	case "2":
		return " (kernel.yama.ptrace_scope=2)", "run as root, or `sudo sysctl kernel.yama.ptrace_scope=0`"
	}
	return "", "run as root; in a container, start it with --cap-add=SYS_PTRACE"
}

// Unreadable returns the Error for a process whose memory the system does not let us read. A tracer of that process
// cannot be the reason.
func Unreadable(pid int, err error) *Error {
	if errors.Is(err, fs.ErrNotExist) {
		return HasExited(pid)
	}
	why, fix := advice(os.Geteuid(), owner(pid), yamaScope())
	return &Error{Reason: NotPermitted, Text: fmt.Sprintf("not permitted to read the memory of process %d%s", pid, why),
		Fix: fix, Err: err}
}

// procStatus returns the fields of /proc/PID/status.
func procStatus(pid int) map[string]string {
	fields := make(map[string]string)
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

// yamaScope returns the setting that restricts tracing to descendants (1) or to root (2), or forbids it (3), or "" if
// the system does not have it.
func yamaScope() string {
	b, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
