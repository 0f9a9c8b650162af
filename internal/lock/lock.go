// Package lock lets one awaittrace at a time write to a tree, a copy or an overlay of the user's.
package lock

import (
	"errors"
	"path/filepath"
)

// ErrBusy is the error of what another process works on.
var ErrBusy = errors.New("another awaittrace is writing there; try again when it has finished")

// Beside returns the file of the lock of a file or folder: a hidden one beside it.
func Beside(name string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".awaittrace-lock")
}
