//go:build !linux

package procfs

import (
	"errors"
	"os"
)

func inode(string) uint64 { return 0 }

// OpenMapped fails: only Linux tells which files a process has mapped.
func OpenMapped(int, Mapping) (*os.File, bool, error) { return nil, false, errors.ErrUnsupported }
