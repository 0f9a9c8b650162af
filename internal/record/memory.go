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
