//go:build !linux

package procfs

import (
	"errors"
	"time"
)

// LastRan fails: only Linux tells when a process ran last.
func LastRan(pid int) (time.Time, error) {
	return time.Time{}, errors.New("the system does not tell when a process ran last")
}

// A Sleep is that of a thread.
type Sleep struct{ For time.Duration }

// Moved reports false.
func (Sleep) Moved(pid, thread int) bool { return false }

// Slept returns nothing: only Linux tells how long a thread has not run.
func Slept(int) map[int]Sleep { return nil }
