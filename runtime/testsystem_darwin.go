package runtime

import "syscall"

// socket returns a new socket, which no program that is started has too.
func socket() (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	return fd, err
}

// rest lets this thread sleep for so many nanoseconds.
//
//go:norace
func rest(ns int64) {
	pause := syscall.NsecToTimeval(ns)
	syscall.Select(0, nil, nil, nil, &pause)
}
