//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// A test that ends gives its goroutines time to exit, or to reach the place where they wait: a few yields, and up to
// arrival while one of them is on a processor or waits for one. The watcher sees from outside what becomes of those
// that go on after that.
const (
	yields  = 3
	arrival = 2 * time.Millisecond
)

// remain waits briefly for the goroutines of test n to exit or to wait, and reports whether some may be left.
//
//go:norace
func remain(n uint32) bool {
	pause, end := int64(20_000), int64(0)
	for i := 0; ; i++ {
		if others() <= atomic.LoadInt32(&leastOthers) {
			return false
		}
		some, moving := members(n)
		if !some {
			return false
		}
		if i == yields {
			end = nanotime() + int64(arrival)
		}
		if i >= yields {
			if !moving || nanotime() >= end {
				return true
			}
			rest(pause)
			pause = min(2*pause, 1_000_000)
		}
		runtime.Gosched()
	}
}

// runningTests counts the tests that run, each in a goroutine of its own. leastOthers is the least number of other
// goroutines at the beginning of a test: while there are no more, no test has any.
var runningTests, leastOthers int32 = 0, 1<<31 - 1

// others returns the number of goroutines that do not run a test. While tests begin or end in other goroutines, it may
// be too high, but never too low.
//
//go:norace
func others() int32 {
	before := atomic.LoadInt32(&runningTests)
	n := int32(runtime.NumGoroutine())
	return n - min(before, atomic.LoadInt32(&runningTests))
}

// endTest ends test n, which this goroutine runs, and returns the watcher's text on the goroutines that it leaves, or
// "". If it leaves none, as tests should, it does not ask.
//
// A test that has failed already is not blamed for the goroutines that it leaves: it may not have come to the end that
// would have tidied up.
func endTest(n uint32, failed bool) string {
	if !remain(n) {
		setTest(n, TestEnded)
		return ""
	}
	if failed {
		setTest(n, TestEnded)
		hand(n, 0)
		return ""
	}
	setTest(n, TestJudged)
	raceDisable()
	left := judgement(n)
	raceEnable()
	setTest(n, TestEnded)
	if left == "" {
		hand(n, testAt(n).Parent) // the subtests of that test that follow may need them
	}
	return left
}

//go:norace
func setTest(n, state uint32) {
	e := testAt(n)
	if e.Ended == 0 {
		e.Ended = nanotime()
	}
	if state == TestEnded {
		atomic.AddInt32(&runningTests, -1)
	}
	atomic.StoreUint32(&e.State, state)
}

// hand gives the goroutines of test n to another test, or to none.
//
//go:norace
func hand(n, to uint32) {
	raceDisable()
	defer raceEnable()
	mine := getg()
	for i, slots := uint32(0), atomic.LoadUint32(&hdr.Slots); i < slots; i++ {
		if sl := slotAt(i); sl.Test == n && sl.G != uint64(mine) && alive(sl) {
			atomic.StoreUint32(&sl.Test, to)
		}
	}
	for i := uint64(0); i < uint64(hdr.GoidsCap); i++ {
		p := goidEntry(i)
		if e := atomic.LoadUint64(p); e != 0 && e&(1<<TestBits-1) == uint64(n) {
			atomic.CompareAndSwapUint64(p, e, e-uint64(n)+uint64(to))
		}
	}
}

// alive reports whether the goroutine of a slot has not exited. It may read the g, because the runtime never frees one.
//
//go:norace
func alive(sl *Slot) bool {
	g := *(*unsafe.Pointer)(unsafe.Pointer(&sl.G))
	if *(*uint64)(at(g, fast.goid)) != sl.Goid {
		return false
	}
	return GAlive(atomic.LoadUint32((*uint32)(at(g, fast.goid-8))))
}
