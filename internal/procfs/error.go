package procfs

import (
	"fmt"
	"strings"
)

// A Reason says why a program could not be read.
type Reason int

// The reasons of an [Error].
const (
	// NotPermitted: the system does not let us trace the process.
	NotPermitted Reason = 1 + iota
	// AlreadyTraced: another debugger traces the process.
	AlreadyTraced
	// Exited: the process does not exist, or has ended meanwhile.
	Exited
	// NoDebugInfo: the executable was linked without debug information.
	NoDebugInfo
	// Unsupported: we cannot read this system, architecture, or form of executable.
	Unsupported
	// TimedOut: the process did not stop, or was not read, in the time allowed.
	TimedOut
	// Running: the process runs, and without tracing only a process that stands still can be read.
	Running
	// Damaged: the executable, core or memory is not as in a Go program.
	Damaged
)

// An Error says why a program could not be read, and what to do about it.
type Error struct {
	Reason Reason
	// Text is the cause in one line. Fix is the way out in one line, or empty.
	Text, Fix string
	// Err is the underlying error, or nil.
	Err error
}

// Error returns the cause and the way out in one line.
func (e *Error) Error() string {
	text := e.Text
	if e.Err != nil {
		text += ": " + strings.ReplaceAll(e.Err.Error(), "\n", "; ")
	}
	if e.Fix != "" {
		text += "; " + e.Fix
	}
	return text
}

// Unwrap returns the underlying error.
func (e *Error) Unwrap() error { return e.Err }

// Damage returns an Error for memory or debug information that makes no sense.
func Damage(format string, args ...any) *Error {
	return &Error{Reason: Damaged, Text: fmt.Sprintf(format, args...)}
}

// HasExited returns the Error for a process that does not exist, or no longer does.
func HasExited(pid int) *Error {
	return &Error{Reason: Exited, Text: fmt.Sprintf("process %d has exited", pid)}
}
