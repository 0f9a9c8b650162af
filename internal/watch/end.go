package watch

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

// end reports what was stuck when the program ended, and keeps or removes its record. state is nil for a child, because
// its status is unknown.
func (w *Watcher) end(state *os.ProcessState) {
	if w.renew(); w.rec == nil && w.open() != nil {
		return // it had none, or one in memory, which is gone with it
	}
	defer w.rec.Close()
	how := fmt.Sprintf("the program has ended (%v)", state)
	present, err := w.rec.Now()
	switch {
	case err != nil:
	case w.child:
		w.rec.Gone(present)
		how = fmt.Sprintf("process %d, which the program started, has ended", w.pid)
	default:
		w.rec.Ended(present, WaitStatus(state))
	}
	answer, err := w.ask(Question{After: w.After})
	if err != nil {
		fmt.Fprintln(w.Log, "awaittrace: the program's record cannot be read:", err)
		return
	}
	// A finding that a closer look has refuted cannot be looked at again.
	told := w.told.waits()
	answer.Findings = slices.DeleteFunc(answer.Findings,
		func(symptoms []diagnose.Symptom) bool { return w.refuted(symptoms, told) })
	write := answer.Write
	switch again := fmt.Sprintf("awaittrace: see it again with: awaittrace report %d\n", w.pid); {
	case len(answer.Findings) == 0 && answer.Orders == nil:
		w.rec.Remove()
		return
	case len(answer.Findings) == 0:
		fmt.Fprintf(w.Log, "\nawaittrace: %s; it took locks in orders that can deadlock:\n", how)
		write = answer.Orders
	case w.news(answer, time.Now()) < 0:
		fmt.Fprintf(w.Log, "\nawaittrace: %s, with what was reported above still stuck: %s\n%s", how, answer.Verdict,
			again)
		if write = answer.Orders; write == nil {
			return
		}
	default:
		fmt.Fprintf(w.Log, "\nawaittrace: %s:\n", how)
	}
	if err := write(w.Log); err != nil {
		fmt.Fprintln(w.Log, "awaittrace:", err)
	}
}

// refuted reports whether a finding was suspected before and then refuted, and none of its waits was ever reported.
func (w *Watcher) refuted(symptoms []diagnose.Symptom, told map[diagnose.Symptom]bool) bool {
	return slices.ContainsFunc(symptoms, func(s diagnose.Symptom) bool { return w.doubts[s.Wait()].refuted }) &&
		!slices.ContainsFunc(symptoms, func(s diagnose.Symptom) bool { return told[s.Wait()] })
}

// pollEnd returns when process pid has ended. It looks every few milliseconds.
func pollEnd(pid int) {
	for {
		if s, err := procfs.ReadStat(pid); err != nil || !s.Alive() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
