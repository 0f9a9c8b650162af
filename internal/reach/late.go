package reach

import (
	"errors"
	"time"
)

// ErrLate is the error of a Capture that took too long.
var ErrLate = errors.New("the program has stood still for too long")

// late reports whether the time for the pause is over.
func (c *Capture) late() bool { return !c.until.IsZero() && time.Now().After(c.until) }

// atOnce is how many bytes are read between two checks of the time.
const atOnce = 32 << 20

// A bounded source fails every read that begins after a deadline. So a copy that takes too long ends wherever it is,
// and is dropped.
type bounded struct {
	Source
	until time.Time
}

// ReadMemory implements Source.
func (s bounded) ReadMemory(b []byte, addr uint64) error {
	if time.Now().After(s.until) {
		return ErrLate
	}
	return s.Source.ReadMemory(b, addr)
}

// ReadMany implements Source.
func (s bounded) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	for i := 0; i < len(bufs); {
		from, n := i, 0
		for ; i < len(bufs) && n < atOnce; i++ {
			n += len(bufs[i])
		}
		if time.Now().After(s.until) {
			for ; from < len(bufs); from++ {
				bad = append(bad, from)
			}
			return bad
		}
		for _, b := range s.Source.ReadMany(bufs[from:i], addrs[from:i]) {
			bad = append(bad, from+b)
		}
	}
	return bad
}
