//go:build unix

package report

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives f the owner and group of old. It fails if it may not, or if old has several names.
func keepOwner(f *os.File, old fs.FileInfo) error {
	st, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if st.Nlink > 1 {
		return errors.New("the file has several names")
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}
