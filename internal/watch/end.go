package watch

import (
	"fmt"
	"os"

	"github.com/awaittrace/awaittrace/internal/child"
	"github.com/awaittrace/awaittrace/runtime"
)

// goFatal is the exit status of a Go program that ended by a panic, or because all its goroutines were asleep.
const goFatal = 2

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
	if err == nil && len(answer.Findings) == 0 && state.ExitCode() == goFatal && w.allAsleep() {
		// All goroutines asleep: the runtime ended the program the moment the last one began to wait.
		answer, err = w.Examine(w.rec, Question{After: 1})
	}
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
	if !w.news(answer) {
		fmt.Fprintf(w.Log, ", with what was reported above still stuck: %s\n", answer.Verdict)
		fmt.Fprintf(w.Log, "awaittrace: see it again with: awaittrace report %d\n", w.pid)
		return
	}
	fmt.Fprintln(w.Log, ":")
	if err := answer.Write(w.Log); err != nil {
		fmt.Fprintln(w.Log, "awaittrace:", err)
	}
}

// allAsleep reports whether the program that has ended may be one whose goroutines all slept. What speaks against it: that the
// goroutine of func main did not wait (an os.Exit, a panic of its own), or that another waited for something
// that comes from outside or by a clock (the runtime then goes on, and this was a panic).
func (w *watcher) allAsleep() bool {
	snap, err := w.rec.Snapshot()
	if err != nil {
		return false
	}
	main := false
	for _, g := range snap.Goroutines {
		if len(g.Waits) == 0 || g.Waits[0].Probe != g.Last {
			continue // it has exited, or is why the program ended
		}
		switch op := g.Last.Op; {
		case op == runtime.OpIO || op == runtime.OpSleep:
			return false
		case g.ID == 1:
			main = true
		}
	}
	return main
}
