//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// With this file and the assembly beside it a probe finds its slot in about three nanoseconds. The runtime's g, which a
// register holds or points near, is the key of an index of slots. The goroutine id inside g tells whether the slot is
// still this goroutine's. The runtime reuses a g as soon as its goroutine has exited, and never frees one, so an entry
// of the index is for good.

// fast begins with an index of one entry, which is zero.
var (
	fast    = fastState{tab: unsafe.Pointer(&noIndex), slots: unsafe.Pointer(&noSlots), clock: &noSlots.Born}
	noIndex uint32
	noSlots Slot
)

// With AWAITTRACE=log these are set, and fast.tab and fast.mask are not.
var (
	index     unsafe.Pointer
	indexMask uintptr
)

// slotsKeep reports whether the facts of WaitGroups stay in slots: see Noted.
const slotsKeep = true

// enter records that this goroutine reached s, and returns its slot and the entry. It returns nil, and does nothing, if
// the site has no number or the goroutine no slot yet, and on every tickEvery-th probe of a goroutine, so that reach
// moves the clock on.
//
//go:noescape
func enter(s *Site) (sl *Slot, e Entry)

// current returns the slot of this goroutine, or nil.
func current() (sl *Slot)

// getg returns the address of this goroutine's g, and gword the word at off inside it.
func getg() (p uintptr)
func gword(off uintptr) (w uint64)

// word32 returns the word at p.
func word32(p uintptr) (w uint32)

// cycles returns a counter of the processor that runs at a constant rate.
func cycles() (c uint64)

// recent returns the last reading of the clock in nanoseconds, or 0 if time may have passed since.
func recent() (t int64)

// cyclesPerSpan returns how many cycles take 20 to 100 microseconds.
func cyclesPerSpan() (n uint64)

// frame returns InfoFrame plus how far a frame is from the beginning of the stack: that of the function that called the
// probe that called the caller of frame. The result stays the same while that function runs, even if the stack moves,
// and is greater in the functions that it calls. Neither the caller nor the probe may be inlined.
func frame() (f uint32)

// openSlots prepares the search for slots. It returns an Off… constant.
func openSlots(logging bool) uint16 {
	goid, ok := findGoid()
	if !ok {
		return OffNoID
	}
	n := uintptr(1024)
	for n < 4*uintptr(hdr.SlotCap) {
		n *= 2
	}
	hdr.GoidOff = uint32(goid)
	if index = mapPrivate(n * 4); index == nil {
		return OffNoSpace
	}
	fast.objMask = (objCap - 1) << objShift
	indexMask = n - 1
	fast.goid, fast.clock = goid, &hdr.Clock
	if !logging { // otherwise no reading of the clock is recent, so that the fast path ends no waits either
		atomic.StorePointer(&fast.slots, base)
		atomic.StorePointer(&fast.tab, index)
		atomic.StoreUintptr(&fast.mask, indexMask)
		cycleSpan = cyclesPerSpan()
		findTick()
	}
	fast.frames = InfoFrame - 1
	if !frameTells() {
		fast.frames = 0
	}
	return OffNot
}

// find returns the slot of this goroutine, and gives it one if need be. It returns nil if there is no room. The race
// detector is disabled.
//
//go:norace
func find() *Slot {
	g, goid := getg(), gword(fast.goid)
	if sl, _ := lookup(g); sl != nil {
		if sl.Goid != goid {
			if sl.Held != 0 {
				mu.Lock()
				sl.bury()
				mu.Unlock()
			}
			sl.spill(factReceived)
			sl.spill(factSent)
			sl.recycle(goid)
		}
		return sl
	}
	if hdr.Slots >= hdr.SlotCap {
		noSlot(goid)
		return nil
	}
	mu.Lock()
	sl := newSlot(g, goid)
	if sl != nil {
		_, free := lookup(g)
		*free = uint32(uintptr(unsafe.Pointer(sl)) - uintptr(base))
	}
	mu.Unlock()
	return sl
}

// lookup returns the slot of g, or else the index entry where it belongs.
//
//go:norace
func lookup(g uintptr) (*Slot, *uint32) {
	for i := g >> gShift; ; i++ {
		n := (*uint32)(at(index, i&indexMask*4))
		if *n == 0 {
			return nil, n
		}
		if sl := (*Slot)(at(base, uintptr(*n))); sl.G == uint64(g) {
			return sl, nil
		}
	}
}

// gWords is the number of words of g that findGoid searches. A g has been larger in all versions since Go 1.17.
const gWords = 45

// findGoid finds the offset of the goroutine id inside g: the word that holds the id that runtime.Stack prints, in this
// goroutine and in some others that it starts and that exit at once.
func findGoid() (uintptr, bool) {
	found := goidWords()
	running := runtime.NumGoroutine()
	words := make(chan uint64)
	for i := 0; i < 4; i++ {
		go func() { words <- goidWords() }()
		found &= <-words
	}
	for end := nanotime() + int64(10*time.Millisecond); runtime.NumGoroutine() > running && nanotime() < end; {
		runtime.Gosched() // until they have exited; the program may start some of its own meanwhile
	}
	for i := uintptr(0); i < gWords; i++ {
		if found == 1<<i {
			return i * 8, true
		}
	}
	return 0, false
}

// goidWords returns a bit for each word of g that holds this goroutine's id.
func goidWords() (found uint64) {
	id := stackGoid()
	for i := uintptr(0); i < gWords; i++ {
		if gword(i*8) == id {
			found |= 1 << i
		}
	}
	return found
}

// closedTells reports whether the word at closedOffset tells whether a channel is closed, as in every version of Go so
// far.
var closedTells = tryClosed()

func tryClosed() bool {
	ch := make(chan struct{})
	p := uintptr(pointer(ch)) + closedOffset
	open := word32(p) == 0
	close(ch)
	ok := open && word32(p) == 1
	runtime.KeepAlive(ch)
	return ok
}

// isClosed reports whether a channel has been closed.
//
//go:norace
func isClosed(ch uintptr) bool {
	if closedTells {
		return word32(ch+closedOffset) != 0
	}
	return knownClosed(ch)
}
