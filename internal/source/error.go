package source

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
	// Exited: there is no such process, or it has ended meanwhile.
	Exited
	// NoDebugInfo: the executable was linked without debug information.
	NoDebugInfo
	// Unsupported: this system or architecture, or the form of the executable, is one that we cannot read.
	Unsupported
	// TimedOut: the process did not stop, or was not read, in the time allowed.
	TimedOut
	// Running: the process runs, and only one that stands still can be read without tracing it.
	Running
	// Damaged: the executable, core or memory holds what a Go program's does not.
	Damaged
)

// An Error is why a program could not be read, and what to do about it.
type Error struct {
	Reason Reason
	// Text is the cause in one line; Fix the way out in one line, or empty where there is none.
	Text, Fix string
	// Err is the error that it came from, or nil.
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

// Unwrap returns the error that e was made from.
func (e *Error) Unwrap() error { return e.Err }

// Damage is an Error for memory or debug information that makes no sense.
func Damage(format string, args ...any) *Error {
	return &Error{Reason: Damaged, Text: fmt.Sprintf(format, args...)}
}

// HasExited is the Error for a process that is not there, or not any more.
func HasExited(pid int) *Error {
	return &Error{Reason: Exited, Text: fmt.Sprintf("process %d has exited", pid)}
}
