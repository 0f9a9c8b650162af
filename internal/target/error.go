package target

import (
	"errors"
	"fmt"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// An Error says why a program could not be read, and what to do about it.
type Error = procfs.Error

// A Reason says why a program could not be read.
type Reason = procfs.Reason

// The reasons of an [Error].
const (
	NotPermitted  = procfs.NotPermitted
	AlreadyTraced = procfs.AlreadyTraced
	Exited        = procfs.Exited
	NoDebugInfo   = procfs.NoDebugInfo
	Unsupported   = procfs.Unsupported
	TimedOut      = procfs.TimedOut
	Running       = procfs.Running
	Damaged       = procfs.Damaged
)

// damaged returns an Error for memory or debug information that makes no sense.
func damaged(format string, args ...any) *Error { return procfs.Damage(format, args...) }

// unreadable returns the Error for a process that stopped, but whose memory does not say what it should.
func unreadable(pid int, err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	return &Error{Reason: Damaged, Text: fmt.Sprintf("cannot read the goroutines of process %d", pid), Err: err}
}
