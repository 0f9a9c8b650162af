//go:build linux && (amd64 || arm64)

package runtime

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Every goroutine has a pointer to its profiler labels, which it hands on to the goroutines that it starts, in any code and through any number of
// them that have exited since. That of a test points to its entry in the record, which to the runtime is an empty set of labels.

//go:linkname setLabels runtime/pprof.runtime_setProfLabel
func setLabels(labels unsafe.Pointer)

//go:linkname getLabels runtime/pprof.runtime_getProfLabel
func getLabels() unsafe.Pointer

// testCap is how many tests the record has room for. The entries of those that have ended are used again.
const testCap = 1 << 14

// testRoom returns how many tests a record needs room for.
func testRoom(service string) uint32 {
	if service == "" {
		return 0
	}
	return testCap
}

// testAt returns the entry of test n.
//
//go:norace
func testAt(n uint32) *TestEntry {
	return (*TestEntry)(at(base, uintptr(hdr.TestOff)<<pageShift+uintptr((n-1)%hdr.TestCap)*TestSize))
}

// testOfGoroutine returns the number of the test that this goroutine belongs to, or zero.
//
//go:norace
func testOfGoroutine() uint32 {
	if !watched {
		return 0
	}
	e := getLabels()
	off := uintptr(e) - uintptr(base) - uintptr(hdr.TestOff)<<pageShift
	if off >= uintptr(hdr.TestCap)*TestSize {
		return 0
	}
	return (*TestEntry)(e).Number
}

// arrive is testOfGoroutine for one that has come to its first probe.
//
//go:norace
func arrive() uint32 {
	n := testOfGoroutine()
	if n != 0 {
		atomic.AddUint32(&testAt(n).Arrived, 1)
	}
	return n
}

//go:norace
func spawn() {
	n := testOfGoroutine()
	if n == 0 {
		return
	}
	if forProgram() {
		detach()
		return
	}
	atomic.AddUint32(&testAt(n).Spawned, 1)
}

// forProgram reports whether what this goroutine does now is for the whole program, though a test happened to need it first: it holds a lock that
// is a package variable, or runs the function of a sync.OnceFunc or OnceValue, as
//
//	func shared() *pool {
//		mu.Lock()
//		defer mu.Unlock()
//		if thePool == nil {
//			thePool = newPool()
//		}
//		return thePool
//	}
//
// does. For Once there is doOnce.
//
//go:norace
func forProgram() bool {
	if sl := own(); sl != nil {
		for i := uint32(0); i < sl.Held; i++ {
			if ofPackage(uintptr(sl.Locks[i].Obj)) {
				return true
			}
		}
	}
	var pcs [64]uintptr
	for _, pc := range pcs[:runtime.Callers(0, pcs[:])] {
		if f := runtime.FuncForPC(pc - 1); f != nil && onceFunc(f.Name()) {
			return true
		}
	}
	return false
}

// onceFunc reports whether a function is a part of sync.OnceFunc, OnceValue or OnceValues. Where these were inlined its name begins with that of
// who called them: p.init.OnceFunc.func1, p.init.OnceValue[...].func2.1.
func onceFunc(name string) bool {
	for i := 0; i < len(name); i++ {
		if name[i] != '.' {
			continue
		}
		for _, once := range [...]string{".OnceFunc.", ".OnceValue[", ".OnceValues["} {
			if len(name)-i > len(once) && name[i:i+len(once)] == once {
				return true
			}
		}
	}
	return false
}

// ofPackage reports whether an address is that of a package variable, or in one: no heap is that near to the program's variables.
func ofPackage(addr uintptr) bool {
	const near = 1 << 30
	return addr-uintptr(unsafe.Pointer(&watched))+near/2 <= near
}

//go:norace
func detach() {
	if testOfGoroutine() == 0 {
		return
	}
	if sl := own(); sl != nil {
		sl.Detached = 1
		setLabels(nil)
	}
}

//go:norace
func attach() {
	if sl := own(); sl != nil && sl.Detached != 0 {
		sl.Detached = 0
		if sl.Test != 0 {
			setLabels(unsafe.Pointer(testAt(sl.Test)))
		}
	}
}

// beginTest makes this goroutine that of a new test, and returns its number. It returns zero if there is no room, or if the goroutine
// belongs to that test already, or to a subtest of it.
//
//go:norace
func beginTest(name string) uint32 {
	around := testOfGoroutine() // that of the goroutine that started this one
	if around != 0 && within(testAt(around), name) {
		return 0
	}
	raceDisable()
	mu.Lock()
	n := newTest(name, gword(fast.goid))
	mu.Unlock()
	if n != 0 {
		e := testAt(n)
		setLabels(unsafe.Pointer(e)) // first, so that the goroutine does not arrive in the test around it
		if sl := find(); sl != nil {
			sl.Test = n
		}
		e.Parent = around
		atomic.StoreUint32(&e.Arrived, 0)
	}
	raceEnable()
	return n
}

// newTest adds a test to the record. mu is held.
//
//go:norace
func newTest(name string, goid uint64) uint32 {
	n := hdr.Tests + 1
	e := testAt(n)
	if !tests.has(uintptr(unsafe.Pointer(e))-uintptr(base)+TestSize) || e.State != 0 && e.State != TestEnded {
		return 0
	}
	e.State = 0
	e.Number, e.Goid, e.Started, e.Ended = n, goid, nanotime(), 0
	e.Spawned, e.Arrived, e.Before = 0, 0, uint32(runtime.NumGoroutine())
	e.NameLen = uint32(copy(e.Name[:], name))
	atomic.StoreUint32(&e.State, TestRunning)
	atomic.StoreUint32(&hdr.Tests, n)
	return n
}

// within reports whether e is the test of that name, or a subtest of it.
//
//go:norace
func within(e *TestEntry, name string) bool {
	n := min(len(name), len(e.Name))
	return int(e.NameLen) >= n && string(e.Name[:n]) == name[:n] && (int(e.NameLen) == n || e.Name[n] == '/')
}

// doOnce is o.Do(f). What a package variable's Once starts is for the whole program, and does not belong to the test that happened to be first.
//
//go:norace
func doOnce(o *sync.Once, f func()) {
	if !watched || !ofPackage(uintptr(unsafe.Pointer(o))) {
		o.Do(f)
		return
	}
	o.Do(func() { outsideTests(f) })
}

// outsideTests calls f. Goroutines that it starts do not belong to the test of this one.
//
//go:norace
func outsideTests(f func()) {
	labels := getLabels()
	setLabels(nil)
	defer setLabels(labels)
	f()
}

// A test that ends gives the goroutines that it has only just started the time to come to their first probe: a few turns, and, as far as it can be known that
// some have not, arrival.
const (
	yields  = 3
	arrival = 20 * time.Millisecond
)

// awaitArrival waits, for a little, for goroutines of test n that have not come to a probe.
//
//go:norace
func awaitArrival(n uint32) {
	for i := 0; i < yields; i++ {
		runtime.Gosched()
	}
	e := testAt(n)
	pause := syscall.Timespec{Nsec: 20_000}
	for end := nanotime() + int64(arrival); nanotime() < end; {
		if int32(atomic.LoadUint32(&e.Spawned)-atomic.LoadUint32(&e.Arrived)) <= 0 || runtime.NumGoroutine() <= int(e.Before) {
			return
		}
		syscall.Nanosleep(&pause, nil)
		pause.Nsec = min(2*pause.Nsec, 1_000_000)
		runtime.Gosched()
	}
}

// endTest ends test n, which this goroutine runs, and returns what there is to say of the goroutines that it leaves, or nothing. Whoever
// watches decides that. If it leaves none, as tests should, nobody is asked.
func endTest(n uint32) string {
	awaitArrival(n)
	if !leaves(n, n) {
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
