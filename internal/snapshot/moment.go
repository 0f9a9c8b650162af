package snapshot

// At sets the moment of s, on the program's clock: durations count up to it. It is never earlier than what s holds.
func (s *Snapshot) At(moment int64) {
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		moment = max(moment, g.LastAt)
		for _, w := range g.Waits {
			moment = max(moment, w.Since)
		}
	}
	s.Process.TakenWall += moment - s.Taken
	s.Taken = moment
	s.Process.Unwatched = false
}

// A Pause is an interval, on the program's clock, in which the program was kept from running.
type Pause struct{ From, To int64 }

// Without subtracts pauses from the durations of s: it moves what came before a pause later by the length of the pause.
// Pauses must not overlap.
func (s *Snapshot) Without(pauses []Pause) {
	if len(pauses) == 0 {
		return
	}
	move := func(t *int64) {
		if *t == 0 {
			return // unknown
		}
		var held int64
		for _, p := range pauses {
			held += max(min(p.To, s.Taken)-max(p.From, *t), 0)
		}
		*t += held
	}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		move(&g.LastAt)
		for j := range g.Waits {
			move(&g.Waits[j].Since)
		}
		for j := range g.Holds {
			move(&g.Holds[j].Since)
		}
		for j := range g.History {
			move(&g.History[j].At)
		}
	}
	for i := range s.Orphans {
		move(&s.Orphans[i].Since)
	}
	for _, o := range s.Objects {
		for _, f := range []*Fact{o.Made, o.Sent, o.Received, o.Closed} {
			if f != nil {
				move(&f.At)
			}
		}
	}
}
