//go:build unix && !linux

package child

import (
	"syscall"
	"time"
)

// stopSelf stops this process as SIGTSTP does by default, and returns when it goes on. The signal may be delivered to another
// thread after the call returns, hence the pause.
func stopSelf() {
	syscall.Kill(syscall.Getpid(), syscall.SIGTSTP)
	time.Sleep(50 * time.Millisecond)
}
