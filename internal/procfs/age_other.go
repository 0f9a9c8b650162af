//go:build !linux

package procfs

import (
	"errors"
	"time"
)

// Age fails: it is not known here when a process was started.
func (s Stat) Age() (time.Duration, error) { return 0, errors.ErrUnsupported }
