package watch

import (
	"time"

	"github.com/awaittrace/awaittrace/internal/record"
)

// Sweep removes from dir the records of programs that were started since the time given, have ended, and left nothing
// stuck. It is for programs that others, such as go test, start for us. The other records stay for awaittrace report.
func Sweep(dir string, since time.Time) {
	list, err := record.Ended(dir)
	if err != nil {
		return // the collector of a later program sweeps what cannot be listed
	}
	for _, e := range list {
		sweep(e, since)
	}
}

func sweep(e record.Entry, since time.Time) {
	rec, err := record.OpenEntry(e)
	if err != nil {
		return
	}
	defer rec.Close()
	if started, err := rec.Started(); err != nil || started.Before(since) {
		return
	}
	if answer, err := new(examiner).examine(rec, Question{}); err == nil && len(answer.Findings) == 0 {
		rec.Remove()
	}
}
