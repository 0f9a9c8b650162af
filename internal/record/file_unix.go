//go:build unix

package record

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC

// owner returns the user who owns a file, or -1.
func owner(fi fs.FileInfo) int {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// allocated returns the number of bytes that a file occupies.
func allocated(fi fs.FileInfo) int64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return fi.Size()
}

// deviceAndInode names a file as procfs.Mapping does.
func deviceAndInode(fi fs.FileInfo) string {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%02x:%02x %d", unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)), st.Ino)
}

// lockHeld reports whether the program of a record holds the lock on its file; known is false if the file system does
// not say.
func lockHeld(f *os.File) (held, known bool) {
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); err {
	case nil:
		_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
		return false, true
	case unix.EWOULDBLOCK:
		return true, true
	}
	return false, false
}
