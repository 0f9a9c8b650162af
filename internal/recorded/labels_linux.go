//go:build (amd64 || arm64) && !awaittrace_portable

package recorded

import (
	"fmt"
	"runtime"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/source"
)

// Labels reads the profiler labels of one program, any number of times. The zero value is ready for use.
type Labels struct {
	program *reach.Program // nil: not needed yet
	failed  bool           // they cannot be read
}

// LabelsOf returns the profiler labels of some goroutines of the program of rec, by ID: less is read for it than for Labels.
func LabelsOf(rec *record.Record, p *snapshot.Process, ids map[int64]bool) map[int64]map[string]string {
	pid := rec.Process()
	if pid == 0 || len(ids) == 0 {
		return nil
	}
	src, err := source.OpenProcess(pid)
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

// Add adds to snap the profiler labels of the program of rec, which goes on meanwhile. Where its memory may not be read there are none.
func (l *Labels) Add(rec *record.Record, snap *snapshot.Snapshot) {
	pid := rec.Process()
	if pid == 0 || l.failed {
		return
	}
	src, err := source.OpenProcess(pid)
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
