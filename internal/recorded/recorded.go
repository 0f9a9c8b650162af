// Package recorded diagnoses programs by their records alone: nothing is done to a program, it needs no permission to trace it, and nothing of Delve.
package recorded

import (
	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
)

// Diagnose diagnoses the program of rec, and notes in the record whether it is worth keeping.
func Diagnose(rec *record.Record, opt diagnose.Options) (*diagnose.Report, error) {
	snap, err := rec.Snapshot()
	if err != nil {
		return nil, err
	}
	if st, err := procfs.ReadStat(rec.Process()); err == nil && rec.Process() != 0 {
		snap.Process.CPU = st.Busy.Nanoseconds()
	}
	if !rec.Live && asleep(rec, snap) {
		opt.After = 1
	}
	r := diagnose.Analyze(snap, opt)
	rec.Mark(r.Bad() > 0)
	return r, nil
}
