//go:build !linux

package procfs

import (
	"errors"
	"time"
)

// Age returns how long ago the process was started. It fails where the system does not say.
func (s Stat) Age() (time.Duration, error) {
	started, ok := Started(s)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return time.Since(started), nil
}
