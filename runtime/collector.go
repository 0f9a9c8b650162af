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
	stateLog // like stateOn, and every probe is printed: the fast path is kept empty
)

// What follows is written once, by open, before state is set to anything but stateNew.
var (
	state uint32 // a state… constant, atomic
	hdr   *Header
	base  unsafe.Pointer // of the record: hdr is at its start
	mu    sync.Mutex     // guards everything that grows: slots, sites, strings, objects, orphans
	off   bool           // state is stateOff: what probes look at first
)

// Start makes the record, if no probe has done so yet. The rewriter adds a call to it at the start of func main of
// package main, so that a program is known to `awaittrace ps` before it reaches a probe.
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

// setOff sets off. The race detector does not see it, as probes read off without order.
//
//go:norace
//go:noinline
func setOff() { off = state == stateOff }

// reach is what a probe does that the fast path had no answer for: the first probe of the program, of a site or of a
// goroutine, one in tickEvery, and all of them where there is no fast path. It returns nil if the probe has to be the plain operation.
//
// None of our own synchronisation may be seen by the race detector: it would order the user's goroutines, and so hide their races.
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
	if sl.Head != 0 || recent() == 0 { // a goroutine that is new has no need to ask it
		readClock()
	}
	e := entry(s)
	sl.record(e)
	if state == stateLog {
		logReached(sl, s)
	}
	return sl, e
}

// prepare makes sure that s has a number and the goroutine a slot, which it returns; nil if the probe has to be the plain operation.
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

// ofPackage reports whether an address is that of a package variable, or in one: no heap is that near to the program's variables.
func ofPackage(addr uintptr) bool {
	const near = 1 << 30
	return addr-uintptr(unsafe.Pointer(&watched))+near/2 <= near
}

// at returns p moved by n bytes.
func at(p unsafe.Pointer, n uintptr) unsafe.Pointer { return unsafe.Add(p, n) }
