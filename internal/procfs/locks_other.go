//go:build !linux

package procfs

// A FileLock is a lock of a file that a process has open and wants, and that another open file has.
type FileLock struct {
	FD   int
	Path string
	Pid  int
}

// FileLocks returns nothing: only Linux says who has the lock of a file.
func FileLocks(int) []FileLock { return nil }

// LockCall returns false: only Linux says which system call a thread is in.
func LockCall(int, int) (fd int, ok bool) { return 0, false }
