package record

import (
	"io"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// OpenMemory opens the record that begins at address base of a program's memory, for a program that is not a process here: a core, or a
// process on another machine. The memory stays the caller's.
func OpenMemory(mem io.ReaderAt, base uint64) (*Record, error) {
	r := &Record{src: Source{Data: window{mem, int64(base)}, Memory: mem}}
	h, err := firstBytes(r.src.Data)
	if err != nil {
		return nil, err
	}
	r.src.Size = int64(h.Size)
	if h, err = readHeader(r.src); err != nil {
		return nil, err
	}
	r.Pid, r.StartTicks = int(h.Pid), h.StartTicks
	return r, nil
}

// Base returns the address of the record in its program's memory.
func (r *Record) Base() (uint64, error) {
	h, err := readHeader(r.src)
	return h.Base, err
}

// At makes moment, of the program's clock, that of s, a snapshot of a record: durations count up to it. It is not made earlier than what s
// tells of.
func At(s *snapshot.Snapshot, moment int64) {
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

// A Pause is a time, of the program's clock, in which the program was kept from running.
type Pause struct{ From, To int64 }

// Without takes the pauses out of the durations of s: what was before a pause is told as if it had been so much later. They must not overlap.
func Without(s *snapshot.Snapshot, pauses []Pause) {
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
		for _, f := range []*snapshot.Fact{o.Made, o.Sent, o.Received, o.Closed} {
			if f != nil {
				move(&f.At)
			}
		}
	}
}
