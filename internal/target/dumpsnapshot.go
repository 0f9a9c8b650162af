package target

import (
	"cmp"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
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
	runs := d.runsOnce()
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
				if g.On.Kind == runtime.KindOnce {
					one.Blocked.On[0].Near = runs
				}
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

// runsOnce returns the only goroutine that runs the function of a Once: that of any Once that others wait for. It
// returns nil if there are several, or if one may be missing. A dump does not say of which Once they are.
func (d *Dump) runsOnce() (runs []snapshot.Near) {
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		if g.Elided || g.Stack == nil {
			return nil
		}
		waits := g.On != nil && g.On.Kind == runtime.KindOnce
		for k, fr := range g.Stack {
			switch {
			case fr.Func != snapshot.DoSlow:
			case waits:
				waits = false
			case len(runs) > 0:
				return nil
			default:
				runs = append(runs, snapshot.Near{Goroutine: g.ID, Frame: callerOfDo(g.Stack[k+1:])})
			}
		}
	}
	return runs
}

// callerOfDo returns the first of some frames that called Do, or what sync.OnceFunc and its like returned.
func callerOfDo(frames []snapshot.Frame) (at snapshot.Frame) {
	for _, at = range frames {
		if snapshot.Package(at.Func) != "sync" && !snapshot.OnceFunc(at.File) {
			break
		}
	}
	return at
}

// never are the reasons of waits that nothing can end.
var never = map[string]bool{"select (no cases)": true, "chan receive (nil chan)": true, "chan send (nil chan)": true}
