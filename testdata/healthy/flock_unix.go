//go:build unix

package main

import (
	"os"
	"syscall"
)

// locked calls f while it has the lock of a file.
func locked(name string, f func()) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	f()
	return nil
}
