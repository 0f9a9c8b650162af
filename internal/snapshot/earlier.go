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
}

// A Was is a goroutine at an earlier look. The fields are those of Goroutine.
type Was struct {
	ID            int64
	State, Reason string
	Last          *Probe
	Steps         uint32
	Blocked       *Blocked
}

// Earlier returns the part of s that a later diagnosis needs.
func (s *Snapshot) Earlier() *Earlier {
	e := &Earlier{Taken: s.Taken, Process: s.Process, Goroutines: make([]Was, len(s.Goroutines))}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		e.Goroutines[i] = Was{g.ID, g.State, g.Reason, g.Last, g.Steps, g.Blocked}
	}
	return e
}

// Find returns the index of a goroutine in e.Goroutines.
func (e *Earlier) Find(id int64) (int, bool) {
	return slices.BinarySearchFunc(e.Goroutines, id, func(g Was, id int64) int { return cmp.Compare(g.ID, id) })
}
