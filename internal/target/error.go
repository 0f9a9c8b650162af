package target

import (
	"errors"
	"fmt"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// unreadable returns the error for a process that stopped, but whose memory does not say what it should.
func unreadable(pid int, err error) error {
	if e := (*procfs.Error)(nil); errors.As(err, &e) {
		return err
	}
	return &procfs.Error{Reason: procfs.Damaged, Text: fmt.Sprintf("cannot read the goroutines of process %d", pid),
		Err: err}
}
