package dlvext

import (
	"errors"
	"testing"

	"github.com/go-delve/delve/pkg/proc"
)

// TestExited checks that the command which an exited program leaves to try has its pid.
func TestExited(t *testing.T) {
	for _, test := range []struct{ err, want string }{
		{proc.ErrProcessExited{Pid: 4749, Status: 1}.Error(),
			"Process 4749 has exited with status 1; awaittrace report 4749 tells what its record says"},
		{"connection refused", "connection refused"},
	} {
		if got := exited(errors.New(test.err)).Error(); got != test.want {
			t.Errorf("%q; want %q", got, test.want)
		}
	}
}
