package procfs

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func inode(path string) uint64 {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0
	}
	return st.Ino
}

// ErrOwner means that a file belongs to another user than the process, so OpenMapped does not open it.
var ErrOwner = errors.New("the file belongs to another user than the process")

// OpenMapped opens the file that mapping m of process pid shows, for writing too if that is permitted, and returns its
// name, "" if it has none: by its name here, by its name in the mount namespace of the process, or, also when it has
// none any more, through /proc/PID/map_files, which root may. It is certainly that file, a regular one, and belongs to
// the user that the process runs as; what merely has the name is not opened for anything.
func OpenMapped(pid int, m Mapping) (f *os.File, name string, writable bool, err error) {
	status, err := ReadStatus(pid)
	if err != nil {
		return nil, "", false, err
	}
	names := []string{path(pid, fmt.Sprintf("map_files/%x-%x", m.Start, m.End))}
	if !m.Deleted {
		names = []string{m.Path, path(pid, "root"+m.Path), names[0]}
	}
	err = os.ErrNotExist
	for i, name := range names {
		follow := 0 // map_files holds links that the kernel follows to the file itself
		if i < len(names)-1 {
			follow = unix.O_NOFOLLOW
		}
		f, writable, e := openOwn(name, follow, status.UID, m)
		if e == nil && follow == 0 {
			name = ""
		}
		if e == nil {
			return f, name, writable, nil
		}
		if !errors.Is(e, os.ErrNotExist) {
			err = e
		}
	}
	return nil, "", false, err
}

// openOwn opens the file name if it is the one that m shows and belongs to uid.
func openOwn(name string, follow, uid int, m Mapping) (f *os.File, writable bool, err error) {
	// O_PATH opens nothing yet: opening a pipe would wait, and opening some devices does something.
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC|follow, 0)
	if err != nil {
		return nil, false, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, false, err
	}
	dev := fmt.Sprintf("%02x:%02x", unix.Major(st.Dev), unix.Minor(st.Dev))
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG || st.Ino != m.Inode || dev != m.Dev:
		return nil, false, os.ErrNotExist // another file has its name here
	case int(st.Uid) != uid:
		return nil, false, fmt.Errorf("%s: %w: %d, not %d", m.Path, ErrOwner, st.Uid, uid)
	}
	self := Root + "/self/fd/" + strconv.Itoa(fd)
	if f, err = os.OpenFile(self, os.O_RDWR|syscall.O_NOCTTY, 0); err == nil {
		return f, true, nil
	}
	f, err = os.Open(self)
	return f, false, err
}
