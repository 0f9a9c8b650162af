package recorded

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// goFatal is the exit status of a Go program that ended by a panic, or because all its goroutines were asleep.
const goFatal = 2

// inProgram reports whether goroutine g, which is in a call, waits there for other goroutines: for a semaphore, or for
// a connection of a pool from which it already has one.
func inProgram(g *snapshot.Goroutine) bool {
	switch g.Last.Kind {
	case runtime.KindSemaphore:
		return true
	case runtime.KindPool:
		return slices.ContainsFunc(g.History[1:], func(s snapshot.Step) bool {
			return s.Probe.Kind == runtime.KindPool && diagnose.TakesToken(s.Probe.Callee)
		})
	}
	return false
}

// asleep reports whether a program ended because all its goroutines slept. The runtime ends it the moment the last one
// begins to wait, so no wait is long. The record does not say what the runtime found. Two things speak against sleep:
// the goroutine of func main did not wait (an os.Exit, a panic of its own), or another waited for a clock or for
// something from outside. With such a goroutine the runtime goes on, so it was a panic.
func asleep(rec *record.Record, snap *snapshot.Snapshot) bool {
	if status, ok := rec.ExitStatus(); !ok || status != goFatal {
		return false
	}
	main := false
	for _, g := range snap.Goroutines {
		if len(g.Waits) == 0 || g.Waits[0].Probe != g.Last {
			continue // it has exited, or is why the program ended
		}
		switch op := g.Last.Op; {
		case op == runtime.OpSleep || op == runtime.OpIO && !inProgram(&g):
			return false
		case g.ID == 1:
			main = true
		}
	}
	return main
}
