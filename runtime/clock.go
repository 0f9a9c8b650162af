package runtime

import (
	"sync/atomic"
	"time"
	_ "unsafe" // for go:linkname
)

// nanotime is the monotonic clock. time.Now is not: inside a testing/synctest bubble it is a fake.
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64

// Asking the clock takes longer than a channel operation's own share of a hand-over. So the clock is asked only when time may have passed since
// lastNano: when the kernel has ticked, which a word of its memory tells (tick_linux.go), or, where there is no such word, when the processor's cycle
// counter has moved on. A time is late by a tick at most, 1 to 10 ms, or by a tenth of a millisecond.
var (
	lastNano   int64  // the last reading of the clock
	lastTick   uint32 // *tickWord before that reading
	lastCycles uint64 // the cycle counter before that reading

	tickWord  = &noTick // changes with every tick of the kernel
	cycleSpan uint64    // lastNano is good for so many cycles, well under a millisecond; zero: the tick tells

	reading uint32 // one while a goroutine replaces the last reading
)

// noTick is tickWord where the cycle counter tells. It never equals lastTick then.
var noTick uint32

// neverTick is a lastTick that no tick has: the word is odd only while the kernel writes.
const neverTick = 1

// now returns the monotonic time, a tick late at most.
//
//go:norace
func now() int64 {
	if t := recent(); t != 0 {
		return t
	}
	return readClock()
}

// readClock asks the clock. The last reading is replaced by one goroutine at a time, in an order in which no probe takes an old time for a recent one,
// however long the goroutine is stopped in between: lastTick and lastCycles fit no tick and no count until lastNano is written.
//
//go:norace
//go:noinline
func readClock() int64 {
	raceDisable()
	defer raceEnable()
	if !atomic.CompareAndSwapUint32(&reading, 0, 1) {
		t := nanotime()
		moveClock(t)
		return t
	}
	adoptTick()
	k, c := *tickWord, cycles()
	if tickWord == &noTick {
		k = neverTick
	}
	t := nanotime()
	atomic.StoreUint32(&lastTick, neverTick)
	atomic.StoreUint64(&lastCycles, 0)
	atomic.StoreInt64(&lastNano, t)
	atomic.StoreUint64(&lastCycles, c)
	atomic.StoreUint32(&lastTick, k)
	atomic.StoreUint32(&reading, 0)
	moveClock(t)
	return t
}

// moveClock moves the coarse clock on to t, unless it is there already.
//
//go:norace
func moveClock(t int64) {
	if c := coarse(t); int32(c-hdr.Clock) > 0 {
		hdr.Clock = c
	}
}

// coarse converts a time of the monotonic clock to a coarse time.
func coarse(t int64) uint32 {
	return uint32((t-hdr.Start)/int64(time.Millisecond)) + 1
}
