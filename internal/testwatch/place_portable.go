//go:build !linux || awaittrace_portable

package testwatch

import (
	"os"
	"path/filepath"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// socketName returns the name of a new socket, in a folder of its own that only this user can enter.
func socketName() (string, error) {
	dir, err := os.MkdirTemp("", "awaittrace-test-")
	return filepath.Join(dir, "s"), err
}

// removeSocket removes a socket that has been closed.
func removeSocket(name string) {
	_ = os.RemoveAll(filepath.Dir(name)) // the rest of it is in nobody's way
}

// awaitEnd returns when process pid, which is not a child of this one, has ended.
func awaitEnd(pid int) {
	for {
		if s, err := procfs.ReadStat(pid); err != nil || !s.Alive() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
