package snapshot

import (
	"cmp"
	"slices"
)

// An Earlier is the part of an earlier Snapshot that a later diagnosis needs. It is small, because memory has no room
// for two Snapshots of 100,000 goroutines.
type Earlier struct {
	Taken      int64
	Process    Process
	Goroutines []Was // sorted by ID
	waits      []wasWaiting
}

// A Was is a goroutine at an earlier look. The fields are those of Goroutine.
type Was struct {
	ID    int64
	Last  *Probe
	Steps uint32
	waits uint32 // index in Earlier.waits
	// target is the address of the first of what it waited on, by the program's memory.
	target uint64
}

// A wasWaiting is what many goroutines share.
type wasWaiting struct {
	state, reason string
	targets       int // how many it waited on, by the program's memory; zero: unknown
}

// Earlier returns the part of s that a later diagnosis needs.
func (s *Snapshot) Earlier() *Earlier {
	e := &Earlier{Taken: s.Taken, Process: s.Process, Goroutines: make([]Was, len(s.Goroutines))}
	numbers := make(map[wasWaiting]uint32)
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		was := Was{ID: g.ID, Last: g.Last, Steps: g.Steps}
		w := wasWaiting{state: g.State, reason: g.Reason}
		if g.Blocked != nil && len(g.Blocked.On) > 0 {
			w.targets, was.target = len(g.Blocked.On), g.Blocked.On[0].Addr
		}
		n, ok := numbers[w]
		if !ok {
			n = uint32(len(e.waits))
			numbers[w] = n
			e.waits = append(e.waits, w)
		}
		was.waits = n
		e.Goroutines[i] = was
	}
	return e
}

// SameWait reports whether g has the same state as at the earlier look, has not moved, and waits on the same target.
// Looks without a target agree with any.
func (e *Earlier) SameWait(g *Goroutine) bool {
	i, ok := e.Find(g.ID)
	if !ok {
		return false
	}
	was := &e.Goroutines[i]
	w := &e.waits[was.waits]
	if w.state != g.State || w.reason != g.Reason || was.Steps != g.Steps {
		return false
	}
	return w.targets == 0 || g.Blocked == nil || len(g.Blocked.On) == 0 ||
		w.targets == len(g.Blocked.On) && was.target == g.Blocked.On[0].Addr
}

// Snapshot returns what e remembers as a Snapshot.
func (e *Earlier) Snapshot() *Snapshot {
	s := &Snapshot{Taken: e.Taken, Process: e.Process}
	for _, was := range e.Goroutines {
		w := e.waits[was.waits]
		g := Goroutine{ID: was.ID, State: w.state, Reason: w.reason, Last: was.Last, Steps: was.Steps}
		if w.targets > 0 {
			g.Blocked = &Blocked{On: slices.Repeat([]Target{{Len: -1, Cap: -1}}, w.targets)}
			g.Blocked.On[0].Addr = was.target
		}
		if g.Last != nil {
			g.History = []Step{{Probe: g.Last}}
		}
		s.Goroutines = append(s.Goroutines, g)
	}
	return s
}

// Find returns the index of a goroutine in e.Goroutines.
func (e *Earlier) Find(id int64) (int, bool) {
	return slices.BinarySearchFunc(e.Goroutines, id, func(g Was, id int64) int { return cmp.Compare(g.ID, id) })
}
