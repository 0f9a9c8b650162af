//go:build !linux

package procfs

import (
	"errors"
	"os"
)

func inode(string) uint64 { return 0 }

// ErrOwner means that a file belongs to another user than the process, so OpenMapped does not open it.
var ErrOwner = errors.New("the file belongs to another user than the process")

// OpenMapped fails: only Linux tells which files a process has mapped.
func OpenMapped(int, Mapping) (f *os.File, name string, writable bool, err error) {
	return nil, "", false, errors.ErrUnsupported
}
