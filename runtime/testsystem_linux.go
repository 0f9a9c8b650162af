//go:build amd64 || arm64

package runtime

import "syscall"

// socket returns a new socket, which no program that is started has too.
func socket() (int, error) {
	return syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
}

// rest lets this thread sleep for so many nanoseconds.
//
//go:norace
func rest(ns int64) {
	pause := syscall.NsecToTimespec(ns)
	syscall.Nanosleep(&pause, nil)
}
