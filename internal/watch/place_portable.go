//go:build !linux || awaittrace_portable

package watch

import (
	"os"
	"path/filepath"
)

// socketName returns the name of a new socket, in a folder of its own that only this user can enter.
func socketName() (string, error) {
	dir, err := os.MkdirTemp("", "awaittrace-test-")
	return filepath.Join(dir, "s"), err
}

// removeSocket removes a socket that has been closed.
func removeSocket(name string) {
	_ = os.RemoveAll(filepath.Dir(name)) // what is left of it does no harm
}
