package watch

import (
	"fmt"
	"os"
	"time"

	"github.com/awaittrace/awaittrace/internal/child"
)

// end reports what was stuck when the program ended, and keeps or removes its record.
func (w *watcher) end(state *os.ProcessState) {
	if w.rec == nil && w.open() != nil {
		return // it had none, or one in memory, which is gone with it
	}
	defer w.rec.Close()
	if present, err := w.rec.Now(); err == nil {
		w.rec.Ended(present, child.WaitStatus(state))
	}
	answer, err := w.Examine(w.rec, Question{After: w.After})
	if err != nil {
		fmt.Fprintln(w.Log, "awaittrace: the program's record cannot be read:", err)
		return
	}
	if len(answer.Findings) == 0 {
		// If it stays, the collector of a later program sweeps it away.
		_ = os.Remove(w.rec.Path)
		return
	}
	fmt.Fprintf(w.Log, "\nawaittrace: the program has ended (%v)", state)
	w.doubts = nil // nothing can be looked at more closely
	if !w.news(answer, time.Now()) {
		fmt.Fprintf(w.Log, ", with what was reported above still stuck: %s\n", answer.Verdict)
		fmt.Fprintf(w.Log, "awaittrace: see it again with: awaittrace report %d\n", w.pid)
		return
	}
	fmt.Fprintln(w.Log, ":")
	if err := answer.Write(w.Log); err != nil {
		fmt.Fprintln(w.Log, "awaittrace:", err)
	}
}
