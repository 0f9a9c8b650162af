package target

import (
	"cmp"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Snapshot returns the dump as a snapshot of a program without probes. A dump does not say when it was made: the clock
// of the snapshot begins an hour before its longest wait.
func (d *Dump) Snapshot() *snapshot.Snapshot {
	s := &snapshot.Snapshot{
		Process:   snapshot.Process{State: "dump"},
		Taken:     int64(time.Hour),
		HasStates: true,
		Objects:   make(map[uint64]*snapshot.Object),
		Dropped:   make(map[string]int),
	}
	for i := range d.Goroutines {
		s.Taken = max(s.Taken, int64(d.Goroutines[i].Waited+time.Hour))
	}
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		one := snapshot.Goroutine{ID: g.ID, State: g.State, Reason: g.Reason, Leaked: g.Leaked, Labels: g.Labels,
			CreatedBy: g.CreatedBy, Stack: g.Stack}
		if g.State == "waiting" {
			one.Blocked = &snapshot.Blocked{NoneCanWake: never[g.Reason]}
			if g.Waited > 0 {
				one.Blocked.Since = s.Taken - int64(g.Waited)
			}
			if g.On != nil {
				one.Blocked.On = []snapshot.Target{*g.On}
			}
		}
		if g.Elided {
			s.Dropped["goroutines whose stack is not whole in the dump"]++
		}
		s.Goroutines = append(s.Goroutines, one)
	}
	slices.SortFunc(s.Goroutines, func(a, b snapshot.Goroutine) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

// never are the reasons of waits that nothing can end.
var never = map[string]bool{"select (no cases)": true, "chan receive (nil chan)": true, "chan send (nil chan)": true}
