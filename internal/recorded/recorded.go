// Package recorded diagnoses programs by their records alone, for output of one line: in the table of `awaittrace ps`
// and the answer of `awaittrace check`. It does nothing to a program, and needs neither permission to trace it nor
// Delve.
package recorded

import (
	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Used notes in p how much processor time process pid has used, and how much it has read, if the system says so.
func Used(p *snapshot.Process, pid int) {
	if st, err := procfs.ReadStat(pid); err == nil {
		p.CPU = st.Busy.Nanoseconds()
	}
	p.Reads, p.ReadBytes, _ = procfs.ReadIO(pid)
}

// Diagnose diagnoses the program of rec, and notes in the record whether it is worth keeping.
func Diagnose(rec *record.Record, opt diagnose.Options) (*diagnose.Report, error) {
	snap, err := Read(rec, opt.OnlyLocks)
	if err != nil {
		return nil, err
	}
	if !rec.Live && asleep(rec, snap) {
		snap.Asleep, opt.After = true, 1
	}
	r := diagnose.Analyze(snap, opt)
	if rec.Live && len(r.Resting) > 0 { // it went on while it was read
		if opt.Left, err = rec.Left(r.Resting); err != nil {
			return nil, err
		}
		if len(opt.Left) > 0 {
			r = diagnose.Analyze(snap, opt)
		}
	}
	if stuck := r.Bad() > 0; stuck || !opt.OnlyLocks {
		rec.Mark(stuck)
	}
	return r, nil
}

// Read reads as much of a record as a diagnosis needs, with what an earlier look proved of a running program, and what
// the program has used.
func Read(rec *record.Record, onlyLocks bool) (*snapshot.Snapshot, error) {
	snap, err := read(rec, onlyLocks)
	if err != nil {
		return nil, err
	}
	if rec.Live {
		rec.Recall(snap)
	}
	if rec.Process() != 0 {
		Used(&snap.Process, rec.Process())
	}
	return snap, nil
}

// read reads the record alone. For a running program the used part is enough. If only locks count, and nothing was
// proven, the part about locks is enough.
func read(rec *record.Record, onlyLocks bool) (*snapshot.Snapshot, error) {
	if rec.Live {
		part := rec.UsedSnapshot
		if onlyLocks && !rec.HasLook() {
			part = rec.LockSnapshot
		}
		if snap, err := part(); err != nil || rec.Live { // it has not ended meanwhile
			return snap, err
		}
	}
	return rec.Snapshot()
}
