package child

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// stopSelf stops this process as SIGTSTP does by default, and returns when it goes on. The signal is sent to this very thread:
// it is then delivered before the call returns, and not to another thread after the caller has put its handler back.
func stopSelf() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	unix.Tgkill(unix.Getpid(), unix.Gettid(), syscall.SIGTSTP)
}
