//go:build unix

package tree

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps other processes from writing to the tree at root until unlock is called, or this process ends. The error
// is errBusy if another process has the lock.
func (j Journals) lock(root string) (unlock func(), err error) {
	path := j.of(root) + ".lock"
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("%s: %w", root, errBusy)
		}
		if err != nil { // a file system without locks
			return func() { f.Close() }, nil
		}
		// The process that had the lock may have removed the file meanwhile.
		if mine, err := f.Stat(); err == nil {
			if there, err := os.Stat(path); err == nil && os.SameFile(mine, there) {
				return func() { os.Remove(path); f.Close() }, nil
			}
		}
		f.Close()
	}
}
