package snapshot

import (
	"iter"
	"slices"

	"github.com/awaittrace/awaittrace/runtime"
)

// Join adds to s, which comes from a record, what was read from the program itself: live yields all of the user's
// goroutines, sorted by ID, with states and stacks, read while the program stood still.
//
// Join adds goroutines that reached no probe. It removes those that live does not have, because they have exited; the
// locks that they held become orphans. It drops a wait of the record if the runtime says that the goroutine does not
// wait. It works in place, because of many goroutines a copy takes much memory.
func (s *Snapshot) Join(live iter.Seq[*Goroutine]) {
	known, more := s.keep(live)
	all := slices.Grow(known, more)[:len(known)+more]
	known = all[more:]
	copy(known, all)
	i := 0
	for l := range live {
		if len(known) > 0 && known[0].ID == l.ID {
			g := &all[i]
			*g, known = known[0], known[1:]
			g.State, g.Reason, g.Leaked = l.State, l.Reason, l.Leaked
			g.CreatedBy, g.Stack, g.ThreadID, g.Labels = l.CreatedBy, l.Stack, l.ThreadID, l.Labels
			g.DropContradicted()
		} else {
			all[i] = *l
		}
		i++
	}
	s.Goroutines = all
	s.HasStates, s.NoStates, s.Process.Looked = true, "", 0
	s.MarkExited()
}

// Each yields the goroutines of a list.
func Each(list []Goroutine) iter.Seq[*Goroutine] {
	return func(yield func(*Goroutine) bool) {
		for i := range list {
			if !yield(&list[i]) {
				return
			}
		}
	}
}

// keep removes the goroutines of s that live does not have, and returns the others, and how many more live has.
func (s *Snapshot) keep(live iter.Seq[*Goroutine]) (known []Goroutine, more int) {
	left := s.Goroutines
	exit := func() {
		s.Orphans = append(s.Orphans, left[0].Left()...)
		left = left[1:]
	}
	known = s.Goroutines[:0]
	for l := range live {
		for len(left) > 0 && left[0].ID < l.ID {
			exit()
		}
		if len(left) > 0 && left[0].ID == l.ID {
			known, left = append(known, left[0]), left[1:]
		} else {
			more++
		}
	}
	for len(left) > 0 {
		exit()
	}
	clear(s.Goroutines[len(known):])
	return known, more
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
