// Package lock lets one awaittrace at a time write to a tree, a copy or an overlay of the user's.
package lock

import "errors"

// ErrBusy is the error of what another process works on.
var ErrBusy = errors.New("another awaittrace is writing there; try again when it has finished")
