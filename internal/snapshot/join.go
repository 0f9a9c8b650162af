package snapshot

import (
	"cmp"
	"slices"

	"github.com/awaittrace/awaittrace/runtime"
)

// Join adds to s, which comes from a record, what was read from the program itself: live holds all of the user's
// goroutines, with states and stacks, read while the program stood still.
//
// Join adds goroutines that reached no probe. It removes those that live does not have, because they have exited; the
// locks that they held become orphans. It drops a wait of the record if the runtime says that the goroutine does not
// wait. live becomes part of s: of many goroutines a copy takes much memory.
func (s *Snapshot) Join(live []Goroutine) {
	byID := func(a, b Goroutine) int { return cmp.Compare(a.ID, b.ID) }
	if !slices.IsSortedFunc(live, byID) {
		slices.SortFunc(live, byID)
	}
	i := 0
	for k := range s.Goroutines {
		g := &s.Goroutines[k]
		for i < len(live) && live[i].ID < g.ID {
			i++
		}
		if i == len(live) || live[i].ID != g.ID {
			s.Orphans = append(s.Orphans, g.Left()...)
			continue
		}
		l := &live[i]
		g.State, g.Reason, g.Leaked = l.State, l.Reason, l.Leaked
		g.CreatedBy, g.Stack, g.ThreadID, g.Labels = l.CreatedBy, l.Stack, l.ThreadID, l.Labels
		g.DropContradicted()
		*l = *g
	}
	s.Goroutines = live
	s.HasStates, s.NoStates, s.Process.Looked = true, "", 0
	s.MarkExited()
}

// DropContradicted drops the waits of a goroutine that is not waiting, by the runtime's state. It keeps an I/O
// operation, which may run code, a lock, which may spin for some microseconds, and the outer operations, such as an
// Once whose function runs.
func (g *Goroutine) DropContradicted() {
	if len(g.Waits) == 0 || g.State != "running" && g.State != "runnable" {
		return
	}
	switch w := g.Waits[0]; {
	case g.Last == nil || w.Probe != g.Last: // it is in this operation, and has gone on since
	case w.Probe.Op == runtime.OpIO || w.Probe.Op == runtime.OpOnce:
	default:
		if w.Probe.Op == runtime.OpSelect { // it has left it, or is about to
			g.Passed = &Wait{Probe: w.Probe, Cases: w.Cases, More: w.More, Cap: -1}
		}
		g.Waits = g.Waits[1:]
	}
}
