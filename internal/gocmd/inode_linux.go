package gocmd

import (
	"io/fs"
	"syscall"
)

// inodeOf returns the number of a file's inode, and when the inode was changed.
func inodeOf(info fs.FileInfo) (inode uint64, changed int64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return s.Ino, s.Ctim.Nano()
}
