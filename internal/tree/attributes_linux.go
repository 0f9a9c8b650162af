package tree

import (
	"os"

	"golang.org/x/sys/unix"
)

// keepAttributes gives f, which will replace the file at path, the owner, group and extended attributes of that file,
// as far as this user may.
func keepAttributes(f *os.File, path string) {
	fd := int(f.Fd())
	var was, is unix.Stat_t
	if unix.Lstat(path, &was) != nil || unix.Fstat(fd, &is) != nil || was.Mode&unix.S_IFMT != unix.S_IFREG {
		return
	}
	if was.Uid != is.Uid || was.Gid != is.Gid {
		if unix.Fchown(fd, int(was.Uid), int(was.Gid)) != nil {
			_ = unix.Fchown(fd, -1, int(was.Gid)) // the owner may change the group only
		}
	}
	names := make([]byte, 4096)
	n, err := unix.Llistxattr(path, names)
	if err != nil {
		return
	}
	value := make([]byte, 64<<10)
	for start, i := 0, 0; i < n; i++ {
		if names[i] != 0 {
			continue
		}
		name := string(names[start:i])
		start = i + 1
		if size, err := unix.Lgetxattr(path, name, value); err == nil {
			_ = unix.Fsetxattr(fd, name, value[:size], 0)
		}
	}
}
