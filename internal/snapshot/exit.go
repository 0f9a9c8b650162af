package snapshot

import (
	"cmp"
	"slices"
)

// Find returns the index of a goroutine in s.Goroutines.
func (s *Snapshot) Find(id int64) (int, bool) {
	return slices.BinarySearchFunc(s.Goroutines, id, func(g Goroutine, id int64) int { return cmp.Compare(g.ID, id) })
}

// Remove removes a goroutine from s, as if it had exited.
func (s *Snapshot) Remove(id int64) {
	i, ok := s.Find(id)
	if !ok {
		return
	}
	s.Orphans = append(s.Orphans, s.Goroutines[i].Left()...)
	s.Goroutines = slices.Delete(s.Goroutines, i, i+1)
	s.MarkExited()
}

// Left returns the locks of g as orphans, as if g had exited.
func (g *Goroutine) Left() []Hold {
	held := slices.Clone(g.Holds)
	for i := range held {
		held[i].Exited, held[i].Last = true, g.Last
	}
	return held
}

// MarkExited marks the facts whose goroutines are not in s.
func (s *Snapshot) MarkExited() {
	ids := make(map[uint32]bool, len(s.Goroutines))
	for i := range s.Goroutines {
		ids[uint32(s.Goroutines[i].ID)] = true // a fact knows the low 32 bits only
	}
	for _, o := range s.Objects {
		for _, f := range []*Fact{o.Made, o.Sent, o.Received, o.Closed} {
			if f != nil {
				f.Exited = !ids[uint32(f.Goroutine)]
			}
		}
	}
}
