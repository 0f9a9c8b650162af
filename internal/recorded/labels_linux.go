//go:build (amd64 || arm64) && !awaittrace_portable

package recorded

import (
	"fmt"
	"runtime"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Labels reads the profiler labels of one program, repeatedly. The zero value is ready for use.
type Labels struct {
	program *reach.Program // nil: not needed yet
	failed  bool           // the labels cannot be read
}

// LabelsOf returns the profiler labels of some goroutines of the program of rec, by ID. It reads less than Labels.
func LabelsOf(rec *record.Record, p *snapshot.Process, ids map[int64]bool) map[int64]map[string]string {
	pid := rec.Process()
	if pid == 0 || len(ids) == 0 {
		return nil
	}
	src, err := procfs.OpenProcess(pid)
	if err != nil {
		return nil
	}
	gs, err := rec.Gs(ids)
	if err != nil {
		return nil
	}
	labels, err := reach.LabelsAt(src, p.Go, runtime.GOARCH, gs)
	if err != nil {
		return nil
	}
	return labels
}

// Add adds to snap the profiler labels of the program of rec, which goes on meanwhile. It adds none if the program's
// memory may not be read.
func (l *Labels) Add(rec *record.Record, snap *snapshot.Snapshot) {
	pid := rec.Process()
	if pid == 0 || l.failed {
		return
	}
	src, err := procfs.OpenProcess(pid)
	if err == nil && l.program == nil {
		l.program, err = reach.OpenProgram(fmt.Sprintf("/proc/%d/exe", pid))
	}
	var labels map[int64]map[string]string
	if err == nil {
		labels, err = reach.ReadLabels(src, l.program)
	}
	l.failed = err != nil
	for i := range snap.Goroutines {
		g := &snap.Goroutines[i]
		g.Labels = labels[g.ID]
	}
}
