package snapshot

import (
	"cmp"
	"slices"

	"github.com/awaittrace/awaittrace/runtime"
)

// Join adds to s, which is of a record, what was read from the program itself: live holds every goroutine of the user's
// there is, with states and stacks. It should be read while the program stands still and before it goes on.
//
// Goroutines that reached no probe are added. Those that the record knows and live does not have have exited: they are removed, and the locks
// that they held become orphans. Where the runtime says that a goroutine does not wait, the record's word that it does is
// dropped. s is changed; live is not, but s refers to its stacks afterwards.
func (s *Snapshot) Join(live []Goroutine) {
	byID := make(map[int64]*Goroutine, len(live))
	for i := range live {
		byID[live[i].ID] = &live[i]
	}
	kept := s.Goroutines[:0]
	for _, g := range s.Goroutines {
		l, ok := byID[g.ID]
		if !ok {
			s.Orphans = append(s.Orphans, g.Left()...)
			continue
		}
		g.State, g.Reason, g.Leaked = l.State, l.Reason, l.Leaked
		g.CreatedBy, g.Stack, g.ThreadID, g.Labels = l.CreatedBy, l.Stack, l.ThreadID, l.Labels
		g.DropContradicted()
		delete(byID, g.ID)
		kept = append(kept, g)
	}
	clear(s.Goroutines[len(kept):])
	s.Goroutines = kept
	for i := range live {
		if _, left := byID[live[i].ID]; left {
			s.Goroutines = append(s.Goroutines, live[i])
		}
	}
	slices.SortFunc(s.Goroutines, func(a, b Goroutine) int { return cmp.Compare(a.ID, b.ID) })
	s.HasStates, s.NoStates, s.Process.Looked = true, "", 0
	s.MarkExited()
}

// DropContradicted drops the waits of a goroutine that the runtime says is not waiting. An I/O operation may run code, and a lock may spin
// for some microseconds; the outer operations that a goroutine is in, such as an Once whose function runs, contradict nothing.
func (g *Goroutine) DropContradicted() {
	if len(g.Waits) == 0 || g.State != "running" && g.State != "runnable" {
		return
	}
	switch w := g.Waits[0]; {
	case g.Last == nil || w.Probe != g.Last: // it is inside this operation and has gone on since
	case w.Probe.Op == runtime.OpIO || w.Probe.Op == runtime.OpOnce:
	default:
		if w.Probe.Op == runtime.OpSelect { // it has left it, or is about to
			g.Passed = &Wait{Probe: w.Probe, Cases: w.Cases, More: w.More, Cap: -1}
		}
		g.Waits = g.Waits[1:]
	}
}
