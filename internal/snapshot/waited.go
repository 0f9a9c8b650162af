package snapshot

import (
	"math"
	"time"

	"github.com/awaittrace/awaittrace/runtime"
)

// A Waited says how long the finished waits at a place were, if longer than a tick of the program's clock.
type Waited struct {
	Site     uint32 // the number of the place in its record; zero: unknown
	Sum, Max time.Duration
	// Counts has the number of waits by their length: see runtime.WaitedBucket.
	Counts [runtime.WaitedLen]uint64
}

// Count returns the number of waits.
func (w *Waited) Count() (n uint64) {
	for _, c := range w.Counts {
		n += c
	}
	return n
}

// Median returns an upper bound of the median: the end of the count that has it, or Max if that is less.
func (w *Waited) Median() time.Duration {
	half := (w.Count() + 1) / 2
	for k, c := range w.Counts {
		if c >= half {
			return min(WaitedEnd(k), w.Max)
		}
		half -= c
	}
	return w.Max
}

// WaitedEnd returns the length at which count k of a Waited ends.
func WaitedEnd(k int) time.Duration {
	if k >= runtime.WaitedLen-1 {
		return math.MaxInt64
	}
	return time.Duration(runtime.WaitedFirst << k)
}

// Add adds the waits of o.
func (w *Waited) Add(o *Waited) {
	w.Sum += o.Sum
	w.Max = max(w.Max, o.Max)
	for k, c := range o.Counts {
		w.Counts[k] += c
	}
}
