//go:build !linux

package procfs

import (
	"errors"
	"time"
)

// Idle fails: only Linux tells when a process ran last.
func Idle(pid int) (time.Duration, error) {
	return 0, errors.New("the system does not tell when a process ran last")
}
