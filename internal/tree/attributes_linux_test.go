package tree

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

func setAttribute(path, name, value string) bool {
	return unix.Setxattr(path, name, []byte(value), 0) == nil
}

func attribute(path, name string) string {
	b := make([]byte, 100)
	n, err := unix.Getxattr(path, name, b)
	if err != nil {
		return ""
	}
	return string(b[:n])
}

func ownerOf(info fs.FileInfo) (uid, gid int) {
	st := info.Sys().(*syscall.Stat_t)
	return int(st.Uid), int(st.Gid)
}
