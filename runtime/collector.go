package runtime

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// The states of the collector.
const (
	stateNew = iota // no probe was reached yet
	stateOff        // probes are plain operations, for good
	stateOn
	stateLog // like stateOn, but every probe is printed, so the fast path stays off
)

// open writes these variables once, before state leaves stateNew.
var (
	state uint32 // a state… constant, atomic
	hdr   *Header
	base  unsafe.Pointer // the record; hdr is at its start
	mu    sync.Mutex     // guards everything that grows: slots, sites, strings, objects, orphans
	off   bool           // state is stateOff; probes read this first
)

// Start makes the record, unless a probe has done so. The rewriter adds a call to it at the start of func main of
// package main, so that `awaittrace ps` knows a program before it reaches a probe.
//
//go:norace
func Start() {
	raceDisable()
	start()
	raceEnable()
}

// start makes the record and returns the state.
func start() uint32 {
	if s := atomic.LoadUint32(&state); s != stateNew {
		return s
	}
	mu.Lock()
	defer mu.Unlock()
	if state == stateNew {
		atomic.StoreUint32(&state, open())
		setOff()
	}
	return state
}

// setOff sets off. It hides the store from the race detector, because probes read off without ordering.
//
//go:norace
//go:noinline
func setOff() { off = state == stateOff }

// reach records a probe that the fast path does not handle: the first of the program, of a site or of a goroutine, one
// in tickEvery, and all without a fast path. It returns nil if the probe must be the plain operation.
//
// The race detector must see none of our own synchronisation: it would order the user's goroutines, and so hide their
// races.
//
//go:norace
//go:noinline
func reach(s *Site) (*Slot, Entry) {
	if state == stateOff {
		return nil, 0
	}
	raceDisable()
	sl, e := reachSlow(s)
	raceEnable()
	return sl, e
}

//go:norace
func reachSlow(s *Site) (*Slot, Entry) {
	sl := prepare(s)
	if sl == nil {
		return nil, 0
	}
	if sl.Head != 0 || recent() == 0 { // a new goroutine has nothing to date yet
		readClock()
	}
	e := entry(s)
	sl.record(e)
	if state == stateLog {
		logReached(sl, s)
	}
	return sl, e
}

// prepare gives s a number and the goroutine a slot, which it returns, or nil if the probe must be the plain operation.
// The race detector is disabled.
//
//go:norace
func prepare(s *Site) *Slot {
	if start() == stateOff {
		return nil
	}
	if s.id == 0 {
		mu.Lock()
		register(s)
		mu.Unlock()
	}
	return find()
}

// own returns the slot of this goroutine without recording anything, or nil.
//
//go:norace
func own() *Slot {
	if sl := current(); sl != nil {
		return sl
	}
	if state < stateOn {
		return nil
	}
	raceDisable()
	sl := find()
	raceEnable()
	return sl
}

// ofPackage reports whether an address is in a package variable: no heap is that near to the program's variables.
func ofPackage(addr uintptr) bool {
	const near = 1 << 30
	return addr-uintptr(unsafe.Pointer(&watched))+near/2 <= near
}

// at returns p moved by n bytes.
func at(p unsafe.Pointer, n uintptr) unsafe.Pointer { return unsafe.Add(p, n) }
