package watch

import (
	"os"

	"golang.org/x/sys/unix"
)

// credentials returns the process at the other end of a socket, and its user.
func credentials(fd int) (pid, uid int, err error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, 0, err
	}
	return int(cred.Pid), int(cred.Uid), nil
}

// output opens the standard output of another process for writing after its own output, or returns nil. If both have
// the same file, it takes ours, which goes on where the other one ends.
func output(path string) *os.File {
	theirs, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if ours, err := os.Stdout.Stat(); err == nil && os.SameFile(ours, theirs) {
		if fd, err := unix.FcntlInt(os.Stdout.Fd(), unix.F_DUPFD_CLOEXEC, 0); err == nil {
			return os.NewFile(uintptr(fd), path)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	return f
}
