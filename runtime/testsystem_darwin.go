package runtime

import "syscall"

// socket returns a new socket, which programs that this one starts do not inherit.
func socket() (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	return fd, err
}

// rest makes this thread sleep for ns nanoseconds.
//
//go:norace
func rest(ns int64) {
	pause := syscall.NsecToTimeval(ns)
	syscall.Select(0, nil, nil, nil, &pause)
}
