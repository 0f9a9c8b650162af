//go:build amd64 || arm64

package target

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// TestFilesOfOthers says what somebody lacks who may trace a process, but not read its files in /proc.
func TestFilesOfOthers(t *testing.T) {
	err := noDebugInfo(7, fmt.Errorf("reading: %w", &fs.PathError{Op: "open", Path: "/proc/7/auxv", Err: fs.ErrPermission}))
	if err.Reason != procfs.NotPermitted || !strings.Contains(err.Error(), "CAP_DAC_READ_SEARCH") {
		t.Errorf("reason %d, %v", err.Reason, err)
	}
	if err := noDebugInfo(7, fs.ErrInvalid); err.Reason != procfs.Damaged {
		t.Errorf("reason %d, %v", err.Reason, err)
	}
}
