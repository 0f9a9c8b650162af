package target

import (
	"errors"
	"fmt"

	"github.com/awaittrace/awaittrace/internal/source"
)

// An Error says why a program could not be read, and what to do about it.
type Error = source.Error

// A Reason says why a program could not be read.
type Reason = source.Reason

// The reasons of an [Error].
const (
	NotPermitted  = source.NotPermitted
	AlreadyTraced = source.AlreadyTraced
	Exited        = source.Exited
	NoDebugInfo   = source.NoDebugInfo
	Unsupported   = source.Unsupported
	TimedOut      = source.TimedOut
	Running       = source.Running
	Damaged       = source.Damaged
)

// damaged returns an Error for memory or debug information that makes no sense.
func damaged(format string, args ...any) *Error { return source.Damage(format, args...) }

// unreadable returns the Error for a process that stopped, but whose memory does not say what it should.
func unreadable(pid int, err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	return &Error{Reason: Damaged, Text: fmt.Sprintf("cannot read the goroutines of process %d", pid), Err: err}
}
