//go:build linux && (amd64 || arm64)

package runtime

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A test that ends gives the goroutines that it has only just started the time to come to their first probe: a few turns and, as far as it can be
// known that some have not, arrival. Whether they then wait for a processor or for something without a probe is seen from outside.
const (
	yields  = 3
	arrival = 2 * time.Millisecond
)

// arrived waits, for a little, for the goroutines that test n has started, and reports whether none is left that has not come to a probe.
//
//go:norace
func arrived(n uint32) bool {
	for i := 0; i < yields; i++ {
		runtime.Gosched()
	}
	e := testAt(n)
	pause := syscall.Timespec{Nsec: 20_000}
	for end := nanotime() + int64(arrival); ; {
		if int32(atomic.LoadUint32(&e.Spawned)-atomic.LoadUint32(&e.Arrived)) <= 0 || others() <= atomic.LoadInt32(&leastOthers) {
			return true
		}
		if nanotime() >= end {
			return false
		}
		syscall.Nanosleep(&pause, nil)
		pause.Nsec = min(2*pause.Nsec, 1_000_000)
		runtime.Gosched()
	}
}

// runningTests counts the tests that run, each in a goroutine of its own. leastOthers is the least number of other goroutines that there were
// when a test began: while there are no more, no test has any.
var runningTests, leastOthers int32 = 0, 1<<31 - 1

// others returns the number of goroutines that do not run a test. While tests begin or end in other goroutines it may be too high, never too low.
//
//go:norace
func others() int32 {
	before := atomic.LoadInt32(&runningTests)
	n := int32(runtime.NumGoroutine())
	return n - min(before, atomic.LoadInt32(&runningTests))
}

// endTest ends test n, which this goroutine runs, and returns what there is to say of the goroutines that it leaves, or nothing. Whoever
// watches decides that. If it leaves none, as tests should, nobody is asked.
func endTest(n uint32) string {
	if arrived(n) && !leaves(n, n) {
		setTest(n, TestEnded)
		return ""
	}
	setTest(n, TestJudged)
	raceDisable()
	left := judgement(n)
	raceEnable()
	setTest(n, TestEnded)
	if left == "" {
		leaves(n, testAt(n).Parent) // it may be for the tests that follow in that
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

// leaves reports whether a goroutine other than this one belongs to test n, and gives all of them to another test, unless that is n.
//
//go:norace
func leaves(n, to uint32) (some bool) {
	raceDisable()
	defer raceEnable()
	mine := getg()
	for i, slots := uint32(0), atomic.LoadUint32(&hdr.Slots); i < slots; i++ {
		if sl := slotAt(i); sl.Test == n && sl.G != uint64(mine) && alive(sl) {
			some = true
			if to == n {
				break
			}
			atomic.StoreUint32(&sl.Test, to)
		}
	}
	return some
}

// alive reports whether the goroutine of a slot has not exited. A g is never freed.
//
//go:norace
func alive(sl *Slot) bool {
	g := *(*unsafe.Pointer)(unsafe.Pointer(&sl.G))
	if *(*uint64)(at(g, fast.goid)) != sl.Goid {
		return false
	}
	return GAlive(atomic.LoadUint32((*uint32)(at(g, fast.goid-8))))
}
