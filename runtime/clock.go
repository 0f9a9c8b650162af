package runtime

import (
	"time"
	_ "unsafe" // for go:linkname
)

// nanotime is the monotonic clock. time.Now is not: inside a testing/synctest bubble it is a fake.
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64

// The last reading of the clock, with the cycle counter of then. Several goroutines write them without order: a pair that does not
// fit together is off by as much as any other reading that now takes from here.
var (
	lastNano   int64
	lastCycles uint64
	cycleSpan  uint64 // recent trusts lastNano for so many cycles, well under a millisecond
)

// tickEvery is the number of probes after which a goroutine looks at the clock even if none of them waits. A power of two.
const tickEvery = 1 << 10

// now returns the monotonic time, at most a tenth of a millisecond old. Asking the clock takes longer than a channel operation's own share
// of a hand-over, asking the cycle counter does not; so the clock is asked only when the counter says that time has passed.
//
//go:norace
func now() int64 {
	if t := recent(); t != 0 {
		return t
	}
	return readClock(cycles())
}

//go:norace
//go:noinline
func readClock(c uint64) int64 {
	t := nanotime()
	lastNano, lastCycles = t, c
	tick(t)
	return t
}

// tick moves the coarse clock on to t, unless it is there already.
//
//go:norace
func tick(t int64) {
	if c := coarse(t); int32(c-hdr.Clock) > 0 {
		hdr.Clock = c
	}
}

// coarse converts a time of the monotonic clock to a coarse time.
func coarse(t int64) uint32 {
	return uint32((t-hdr.Start)/int64(time.Millisecond)) + 1
}
