//go:build amd64 || arm64

package runtime

import "syscall"

// socket returns a new socket, which programs that this one starts do not inherit.
func socket() (int, error) {
	return syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
}

// rest makes this thread sleep for ns nanoseconds.
//
//go:norace
func rest(ns int64) {
	pause := syscall.NsecToTimespec(ns)
	syscall.Nanosleep(&pause, nil)
}
