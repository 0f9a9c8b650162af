//go:build !linux || (!amd64 && !arm64) || awaittrace_portable

package recorded

import (
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Labels does nothing: on this system the memory of a running program is not read.
type Labels struct{}

// Add does nothing.
func (*Labels) Add(*record.Record, *snapshot.Snapshot) {}

// LabelsOf returns nil.
func LabelsOf(*record.Record, *snapshot.Process, map[int64]bool) map[int64]map[string]string {
	return nil
}
