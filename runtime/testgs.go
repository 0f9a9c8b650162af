//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// A goroutine belongs to the test of the goroutine that started it, which its g tells, and so on, whether they have
// reached a probe or not. A table of the record remembers goroutines that have exited, as long as there is room, and so
// does the g of such a goroutine until another one takes it.

// goidsPerTest is how many entries the table has for each test for which the record has room.
const goidsPerTest = 4

// maxAncestors bounds the search for a known ancestor.
const maxAncestors = 64

// openGoroutines finds the word of a g that tells who started it, reserves the table, and notes the addresses of the
// list of all g's; zero: unknown. It reports whether the tests of goroutines can be known.
func openGoroutines(allgLen, allgPtr uint64) bool {
	off, ok := findParent()
	start := uintptr(hdr.GoidsOff) << pageShift
	if !ok || reserve(start, uintptr(hdr.GoidsCap)*8) == roomNone {
		return false
	}
	goids = at(base, start)
	hdr.AllgLen, hdr.AllgPtr = allgLen, allgPtr
	hdr.ParentOff = uint32(off)
	return true
}

// goids is the table at Header.GoidsOff.
var goids unsafe.Pointer

//go:norace
func goidEntry(goid uint64) *uint64 {
	return (*uint64)(at(goids, uintptr(goid%uint64(hdr.GoidsCap))*8))
}

// remember notes the test of a goroutine.
//
//go:norace
func remember(goid uint64, test uint32) {
	atomic.StoreUint64(goidEntry(goid), goid<<TestBits|uint64(test))
}

// remembered returns the test of a goroutine, if it was noted.
//
//go:norace
func remembered(goid uint64) (test uint32, ok bool) {
	e := atomic.LoadUint64(goidEntry(goid))
	return uint32(e & (1<<TestBits - 1)), e>>TestBits == goid
}

// testOfGoroutine returns the number of the test that this goroutine belongs to, or zero. It is for goroutines without
// a slot.
//
//go:norace
func testOfGoroutine() uint32 {
	if !watched {
		return 0
	}
	return testOf(gword(fast.goid), gword(uintptr(hdr.ParentOff)), 0)
}

// testOf returns the number of the test that goroutine goid belongs to. Goroutine parent started it.
//
//go:norace
func testOf(goid, parent uint64, depth int) uint32 {
	n, ok := remembered(goid)
	if ok {
		return n
	}
	if n, ok = remembered(parent); !ok && parent != 0 {
		if sl := slotOf(parent); sl != nil {
			if sl.Detached == 0 {
				n = sl.Test
			}
		} else if _, above, ok := findG(parent); ok && depth < maxAncestors {
			n = testOf(parent, above, depth+1)
		}
	}
	remember(goid, n)
	return n
}

// slotOf returns the slot of a goroutine, or nil if it has reached no probe. It is slow.
//
//go:norace
func slotOf(goid uint64) *Slot {
	if g, _, ok := findG(goid); ok {
		if sl, _ := lookup(uintptr(g)); sl != nil && sl.Goid == goid {
			return sl
		}
		return nil
	}
	if hdr.AllgPtr != 0 {
		return nil
	}
	for i, slots := uint32(0), atomic.LoadUint32(&hdr.Slots); i < slots; i++ {
		if sl := slotAt(i); sl.Goid == goid {
			return sl
		}
	}
	return nil
}

// findG returns the g of a live goroutine, or of one that has exited and whose g has not been reused, and the
// goroutine's parent.
//
//go:norace
func findG(goid uint64) (g unsafe.Pointer, parent uint64, ok bool) {
	eachG(func(p unsafe.Pointer, id uint64, _ uint32) bool {
		if id == goid {
			g, parent, ok = p, parentOf(p), true
		}
		return !ok
	})
	return
}

// parentOf returns the ID of the goroutine that started the one of a g.
//
//go:norace
func parentOf(g unsafe.Pointer) uint64 { return *(*uint64)(at(g, uintptr(hdr.ParentOff))) }

// eachG calls f with every g, until f returns false. It does not call f if the list of them is not known. Most may have
// exited, so it reads one line of the processor's cache of each.
//
//go:norace
func eachG(f func(g unsafe.Pointer, goid uint64, status uint32) bool) {
	if hdr.AllgPtr == 0 {
		return
	}
	// The length is loaded first: the list only grows.
	n := atomic.LoadUintptr(*(**uintptr)(unsafe.Pointer(&hdr.AllgLen)))
	list := atomic.LoadPointer(*(**unsafe.Pointer)(unsafe.Pointer(&hdr.AllgPtr)))
	for i := uintptr(0); i < n; i++ {
		g := *(*unsafe.Pointer)(at(list, i*unsafe.Sizeof(list)))
		id := *(*uint64)(at(g, fast.goid))
		status := atomic.LoadUint32((*uint32)(at(g, fast.goid-8)))
		if id != 0 && !f(g, id, status) {
			return
		}
	}
}

// settle notes that the goroutines started by goroutine parent belong to a test, or to none, unless their test was
// noted before.
//
//go:norace
func settle(parent uint64, test uint32) {
	eachG(func(g unsafe.Pointer, id uint64, status uint32) bool {
		if !GAlive(status) || parentOf(g) != parent {
			return true
		}
		if _, ok := remembered(id); ok {
			return true
		}
		if sl, _ := lookup(uintptr(g)); sl == nil || sl.Goid != id {
			remember(id, test)
		}
		return true
	})
}

// members reports whether a goroutine other than this one belongs to test n, and whether one of them may be about to do
// something: it is on a processor, or waits for one. Without the list of all g's it reports true for both, because
// there may be some that have not reached a probe.
//
//go:norace
func members(n uint32) (some, moving bool) {
	if hdr.AllgPtr == 0 {
		return true, true
	}
	raceDisable()
	mine := getg()
	eachG(func(g unsafe.Pointer, id uint64, status uint32) bool {
		if uintptr(g) == mine || !GAlive(status) {
			return true
		}
		test := uint32(0)
		if sl, _ := lookup(uintptr(g)); sl != nil && sl.Goid == id {
			test = sl.Test
		} else {
			test = testOf(id, parentOf(g), 0)
		}
		if test == n {
			some = true
			status &^= GScan
			moving = moving || status == GRunnable || status == GRunning || status == GSyscall
		}
		return !moving
	})
	raceEnable()
	return
}

// findParent finds the offset in a g of the ID of the goroutine that started it. It starts a chain of goroutines, and
// looks for the word that holds the ID of the one before in each.
func findParent() (uintptr, bool) {
	running := runtime.NumGoroutine()
	words := make(chan uint64)
	go parentWords(4, words)
	found := <-words
	for end := nanotime() + int64(10*time.Millisecond); runtime.NumGoroutine() > running && nanotime() < end; {
		runtime.Gosched() // until they have exited
	}
	for i := uintptr(0); i < gWords; i++ {
		if found == 1<<i {
			return i * 8, true
		}
	}
	return 0, false
}

// parentWords sends a bit for each word that holds the parent's ID in the g's of n goroutines, each of which starts the
// next.
func parentWords(n int, words chan<- uint64) {
	if n == 0 {
		words <- ^uint64(0)
		return
	}
	mine := gword(fast.goid)
	above := make(chan uint64)
	go func() {
		found := uint64(0)
		for i := uintptr(0); i < gWords; i++ {
			if gword(i*8) == mine {
				found |= 1 << i
			}
		}
		below := make(chan uint64)
		go parentWords(n-1, below)
		above <- found & <-below
	}()
	words <- <-above
}
