package watch

import (
	"context"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
)

// patience is how long reading a program's states and stacks may take. Its debug information takes most of that, above
// all on a busy machine.
const patience = time.Minute

// An examiner answers questions by a diagnosis of the program.
type examiner struct {
	noSource bool // Options.NoSource
	rec      *record.Record
	session  *inspect.Session // with rec; it keeps what it has proven
}

func (e *examiner) examine(rec *record.Record, q Question) (*Answer, error) {
	if e.rec != rec {
		// The session is not closed, because the record is the caller's.
		e.rec, e.session = rec, inspect.Recorded(rec)
	}
	opt := diagnose.Options{After: q.After, Path: report.Paths(os.Stderr)}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := e.session.Report(ctx, inspect.Options{Options: opt, NoStop: !q.Stacks, MaxPause: q.MaxPause})
	if err != nil {
		return nil, err
	}
	options := func(w io.Writer) report.TextOptions {
		text := report.ForWriter(w)
		if e.noSource {
			text.Source = nil
		}
		text.Name = strconv.Itoa(rec.Pid)
		return text
	}
	answer := NewAnswer(r, func(w io.Writer) error { return report.Text(w, r, options(w)) })
	if orders := report.LockOrders(r); len(orders) > 0 {
		answer.Orders = func(w io.Writer) error { return report.Findings(w, r, orders, options(w)) }
	}
	return answer, nil
}

// NewAnswer returns r as an answer, which write writes.
func NewAnswer(r *diagnose.Report, write func(io.Writer) error) *Answer {
	sure, possible := symptoms(r)
	m := r.Snapshot.Memory
	return &Answer{Findings: sure, Possible: possible, Verdict: report.Verdict(r), Write: write,
		Stopped: time.Duration(r.Snapshot.Process.StoppedFor), NoStates: !r.Snapshot.HasStates, NoProof: m == nil ||
			m.NoProof != ""}
}

// symptoms returns the findings of r in which a goroutine waits: those that are more than possible, and the others,
// which include what only a closer look shows.
func symptoms(r *diagnose.Report) (sure, possible [][]diagnose.Symptom) {
	for i := range r.Findings {
		switch f := &r.Findings[i]; {
		case f.Kind == diagnose.KindLockOrder: // no goroutine waits
		case f.Certainty == diagnose.Possible:
			possible = append(possible, r.Symptoms(f))
		default:
			sure = append(sure, r.Symptoms(f))
		}
	}
	for _, s := range r.Unread() {
		possible = append(possible, []diagnose.Symptom{s})
	}
	return sure, possible
}
