//go:build unix

package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Take keeps other processes from taking the lock in file until unlock is called, or this process ends. The file is
// removed then. The error names what the lock is for, and is ErrBusy if another process has it.
func Take(file, what string) (unlock func(), err error) {
	for {
		f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
				err = pathErr.Err // of the hidden file, which users do not know
			}
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("%s: %w", what, ErrBusy)
		}
		if err != nil { // a file system without locks
			return func() { os.Remove(file); f.Close() }, nil
		}
		// The process that had the lock may have removed the file meanwhile.
		if mine, err := f.Stat(); err == nil {
			if there, err := os.Stat(file); err == nil && os.SameFile(mine, there) {
				return func() { os.Remove(file); f.Close() }, nil
			}
		}
		f.Close()
	}
}
