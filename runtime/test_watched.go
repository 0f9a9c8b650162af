//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// testCap is how many tests the record has room for. The entries of tests that have ended are used again.
const testCap = 1 << 14

// testRoom returns how many tests the record must have room for.
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

//go:norace
func spawn() {
	if sl := own(); sl != nil && sl.Test != 0 && sl.Detached == 0 && forProgram() {
		sl.detach(detachedHere)
	}
}

// forProgram reports whether what this goroutine does now is for the whole program, though a test happened to need it
// first. The goroutine holds a lock that is a package variable, as in this function, or runs the function of a
// sync.OnceFunc or OnceValue:
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
// doOnce does the same for Once.
//
//go:norace
func forProgram() bool {
	if sl := own(); sl != nil && sl.holdsOfPackage() {
		return true
	}
	var pcs [64]uintptr
	for _, pc := range pcs[:runtime.Callers(0, pcs[:])] {
		if f := runtime.FuncForPC(pc - 1); f != nil && onceFunc(f.Name()) {
			return true
		}
	}
	return false
}

// holdsOfPackage reports whether the goroutine holds a lock that is a package variable.
//
//go:norace
func (sl *Slot) holdsOfPackage() bool {
	for i := uint32(0); i < sl.Held; i++ {
		if ofPackage(uintptr(sl.Locks[i].Obj)) {
			return true
		}
	}
	return false
}

// madeForProgram reports whether what the goroutine of a slot makes now is for the whole program: the goroutine holds a
// lock that is a package variable, or runs the function of an Once that is one.
//
//go:norace
func madeForProgram(sl *Slot) bool {
	return sl.Test != 0 && (sl.Detached != 0 || sl.holdsOfPackage())
}

// onceFunc reports whether a function is a part of sync.OnceFunc, OnceValue or OnceValues. If these were inlined, its
// name begins with that of their caller: p.init.OnceFunc.func1, p.init.OnceValue[...].func2.1.
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

// The values of Slot.Detached. They say why what this goroutine starts now is for the whole program.
const (
	detachedHere = 1 // a go statement is about to start it
	detachedCall = 2 // in a call of outsideTests; each call adds it
)

//go:norace
func detach() {
	if sl := own(); sl != nil && sl.Test != 0 && sl.Detached == 0 {
		sl.detach(detachedHere)
	}
}

//go:norace
func attach() {
	if sl := own(); sl != nil && sl.Detached&detachedHere != 0 {
		sl.attach(detachedHere)
	}
}

// detach notes that what this goroutine, whose slot is sl, starts from now on does not belong to its test. What it has
// started before does.
//
//go:norace
func (sl *Slot) detach(how uint32) {
	if sl.Detached == 0 {
		settle(sl.Goid, sl.Test)
		remember(sl.Goid, 0)
	}
	sl.Detached += how
}

// attach ends what detach began. Without the list of all g's, goroutines that were started in between and have not
// reached a probe look like later ones, so then none of them belongs to the test.
//
//go:norace
func (sl *Slot) attach(how uint32) {
	if sl.Detached -= how; sl.Detached == 0 {
		settle(sl.Goid, 0)
		if hdr.AllgPtr != 0 {
			remember(sl.Goid, sl.Test)
		}
	}
}

// beginTest makes this goroutine that of a new test, and returns the test's number. It returns zero if there is no
// room, or if the goroutine belongs to that test already, or to a subtest of it.
//
//go:norace
func beginTest(name string) uint32 {
	sl := own()
	if sl == nil {
		return 0
	}
	around := sl.Test // the test of the goroutine that started this one
	if around != 0 && within(testAt(around), name) {
		return 0
	}
	raceDisable()
	mu.Lock()
	n := newTest(name, sl.Goid)
	mu.Unlock()
	if n != 0 {
		testAt(n).Parent = around
		sl.Test = n
		remember(sl.Goid, n)
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
	if n >= 1<<TestBits || !tests.has(uintptr(unsafe.Pointer(e))-uintptr(base)+TestSize) ||
		e.State != 0 && e.State != TestEnded {
		return 0
	}
	e.State = 0
	e.Number, e.Goid, e.Started, e.Ended = n, goid, nanotime(), 0
	e.NameLen = uint32(copy(e.Name[:], name))
	atomic.StoreUint32(&e.State, TestRunning)
	atomic.StoreUint32(&hdr.Tests, n)
	atomic.AddInt32(&runningTests, 1)
	atomic.StoreInt32(&leastOthers, min(leastOthers, others()))
	return n
}

// within reports whether e is the test of that name, or a subtest of it.
//
//go:norace
func within(e *TestEntry, name string) bool {
	n := min(len(name), len(e.Name))
	return int(e.NameLen) >= n && string(e.Name[:n]) == name[:n] && (int(e.NameLen) == n || e.Name[n] == '/')
}

// doOnce is o.Do(f). What the Once of a package variable starts is for the whole program, and does not belong to the
// test that happened to be first.
//
//go:norace
func doOnce(o *sync.Once, f func()) {
	if !watched || !ofPackage(uintptr(unsafe.Pointer(o))) {
		o.Do(f)
		return
	}
	o.Do(func() { outsideTests(f) })
}

// outsideTests calls f. The goroutines that f starts do not belong to the test of this one.
//
//go:norace
func outsideTests(f func()) {
	sl := own()
	if sl == nil || sl.Test == 0 {
		f()
		return
	}
	sl.detach(detachedCall)
	defer sl.attach(detachedCall)
	f()
}
