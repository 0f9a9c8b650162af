//go:build !linux

package procfs

import (
	"errors"
	"time"
)

// LastRan fails: only Linux tells when a process ran last.
func LastRan(pid int) (time.Time, error) {
	return time.Time{}, errors.New("the system does not say when a process ran last")
}

// Sleeps tells nothing: only Linux tells how long a thread has not run.
type Sleeps struct{}

// Slept returns Sleeps.
func Slept(int, time.Duration) *Sleeps { return nil }

// Stopped does nothing.
func (*Sleeps) Stopped() {}

// Of returns false.
func (*Sleeps) Of(int) (time.Duration, bool) { return 0, false }
