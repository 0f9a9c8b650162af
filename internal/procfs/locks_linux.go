package procfs

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// A FileLock is a lock of a file that a process has open and wants, and that another open file has.
type FileLock struct {
	FD   int // by which the process has the file open
	Path string
	Pid  int // the process that has the lock; it may be the same, by another descriptor
}

// FileLocks returns the locks of files that process pid may want: it has the file open by a descriptor without the
// lock, while somebody else has that.
func FileLocks(pid int) []FileLock {
	held := heldLocks()
	fds, err := os.ReadDir(path(pid, "fd"))
	if err != nil || len(held) == 0 {
		return nil
	}
	var list []FileLock
	for _, entry := range fds {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		var st syscall.Stat_t
		if syscall.Stat(path(pid, "fd/"+entry.Name()), &st) != nil {
			continue
		}
		if owner, ok := held[fileID(uint64(st.Dev), st.Ino)]; ok && !hasLock(pid, fd) {
			list = append(list, FileLock{FD: fd, Path: FDPath(pid, fd), Pid: owner})
		}
	}
	return list
}

// heldLocks returns who has the lock of a file, by the file. A line of /proc/locks is "1: FLOCK  ADVISORY  WRITE 4711
// fe:00:123 0 EOF"; a line of a waiter has "->" in front of the kind.
func heldLocks() map[string]int {
	f, err := os.Open(Root + "/locks")
	if err != nil {
		return nil
	}
	defer f.Close()
	held := make(map[string]int)
	for in := bufio.NewScanner(f); in.Scan(); {
		fields := strings.Fields(in.Text())
		if len(fields) < 6 || fields[1] == "->" {
			continue
		}
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 {
			held[fields[5]] = pid
		}
	}
	return held
}

// fileID returns a file as /proc/locks names it.
func fileID(dev, inode uint64) string {
	major := dev>>8&0xfff | dev>>32&^0xfff
	minor := dev&0xff | dev>>12&^0xff
	return fmt.Sprintf("%02x:%02x:%d", major, minor, inode)
}

// hasLock reports whether a descriptor of process pid has a lock.
func hasLock(pid, fd int) bool {
	b, err := os.ReadFile(path(pid, "fdinfo/"+strconv.Itoa(fd)))
	return err == nil && strings.Contains(string(b), "\nlock:")
}

// LockCall returns the descriptor that a thread of process pid waits to lock; false if it is in no such system call.
func LockCall(pid, thread int) (fd int, ok bool) {
	nr, fd, ok := systemCall(pid, thread)
	return fd, ok && (nr == syscall.SYS_FLOCK || nr == syscall.SYS_FCNTL)
}
