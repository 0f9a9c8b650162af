package runtime

import (
	"sync/atomic"
	"time"
	_ "unsafe" // for go:linkname
)

// nanotime returns the monotonic clock in nanoseconds. time.Now would return a fake time in a testing/synctest bubble.
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64

// Reading the clock costs more than the rest of a channel operation, so probes read it only when time may have passed
// since lastNano: when a word of the kernel's memory shows a new tick (tick_linux.go), or, without such a word, when
// the processor's cycle counter has moved on. A time is late by at most a tick, 1 to 10 ms, or by a tenth of a
// millisecond.
var (
	lastNano   int64              // the last reading of the clock
	lastTick   uint32 = neverTick // *tickWord before that reading
	lastCycles uint64             // the cycle counter before that reading

	tickWord  = &noTick // changes with every tick of the kernel
	cycleSpan uint64    // lastNano is good for so many cycles, well under a millisecond; zero: tickWord decides

	reading uint32 // 1 while a goroutine replaces the last reading
)

// noTick is tickWord where the cycle counter decides. It never equals lastTick then.
var noTick uint32

// neverTick is a lastTick that no tick equals: the word is odd only while the kernel writes.
const neverTick = 1

// now returns the monotonic time in nanoseconds, late by at most a tick.
//
//go:norace
func now() int64 {
	if t := recent(); t != 0 {
		return t
	}
	return readClock()
}

// readClock reads the clock. One goroutine at a time replaces the last reading. Its order of stores keeps probes from
// taking an old time for a recent one, however long the goroutine is stopped in between: lastTick and lastCycles match
// no tick and no count until lastNano is written.
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

// moveClock moves the coarse clock on to t, unless it is there already or ahead.
//
//go:norace
func moveClock(t int64) {
	if c := coarse(t); int32(c-hdr.Clock) > 0 {
		hdr.Clock = c
	}
}

// coarse converts a time of the monotonic clock to a coarse time, in milliseconds since the start of the record, plus
// one.
func coarse(t int64) uint32 {
	return uint32((t-hdr.Start)/int64(time.Millisecond)) + 1
}
