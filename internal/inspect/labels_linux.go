//go:build amd64 || arm64

package inspect

import (
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/source"
)

// addLabels adds to snap the profiler labels of the program, which goes on meanwhile. Where its memory may not be read there are none.
func (s *Session) addLabels(snap *snapshot.Snapshot) {
	if s.noLabels || s.exe == "" {
		return
	}
	src, err := source.OpenProcess(s.rec.Pid)
	if err == nil && s.program == nil {
		s.program, err = reach.OpenProgram(s.exe)
	}
	var labels map[int64]map[string]string
	if err == nil {
		labels, err = reach.ReadLabels(src, s.program)
	}
	s.noLabels = err != nil
	for i := range snap.Goroutines {
		g := &snap.Goroutines[i]
		g.Labels = labels[g.ID]
	}
}
