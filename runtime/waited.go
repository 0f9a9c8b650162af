package runtime

import (
	"math"
	"sync/atomic"
)

// waitedOf has, by the number of a site, 1 + the number of its Waited; 0: it has none yet. mu guards writes; reads do
// without.
var waitedOf [siteCap]uint32

// ended notes that a wait of d nanoseconds at site is over. Nearly all waits end within the same tick, and then it
// notes nothing.
//
//go:norace
func ended(site uint32, d int64) {
	if d > 0 && site < siteCap {
		countWait(site, d)
	}
}

// countWait counts a wait of d nanoseconds at site.
//
//go:norace
//go:noinline
func countWait(site uint32, d int64) {
	n := waitedOf[site]
	if n == 0 {
		if n = newWaited(site); n == 0 {
			return
		}
	}
	h := waitedAt(n - 1)
	raceDisable()
	atomic.AddUint64(&h.Sum, uint64(d))
	for most := atomic.LoadUint64(&h.Max); uint64(d) > most && !atomic.CompareAndSwapUint64(&h.Max, most, uint64(d)); {
		most = atomic.LoadUint64(&h.Max)
	}
	if c := &h.Waits[WaitedBucket(d)]; atomic.LoadUint32(c) != math.MaxUint32 {
		atomic.AddUint32(c, 1)
	}
	raceEnable()
}

//go:norace
func waitedAt(n uint32) *Waited {
	return (*Waited)(at(base, uintptr(hdr.WaitedOff)<<pageShift+uintptr(n)*WaitedSize))
}

// newWaited gives a site its Waited, and returns 1 + its number. It returns 0 if there is no room, or if nobody needs
// the length of the operation.
//
//go:norace
func newWaited(site uint32) uint32 {
	switch siteAt(site).Op {
	case OpSleep, OpOnce:
		return 0
	}
	raceDisable()
	defer raceEnable()
	mu.Lock()
	defer mu.Unlock()
	n := hdr.Waited
	off := uintptr(hdr.WaitedOff)<<pageShift + uintptr(n)*WaitedSize
	if waitedOf[site] != 0 || n >= hdr.WaitedCap || !histograms.has(off+WaitedSize) {
		return waitedOf[site]
	}
	waitedAt(n).Site = site
	atomic.StoreUint32(&hdr.Waited, n+1)
	waitedOf[site] = n + 1
	return n + 1
}
