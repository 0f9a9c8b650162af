//go:build linux || darwin

package runtime

import (
	"sync"
	"unsafe"
)

// The probes of locks are one assembly function each. It does first what the method of package sync does, and then what
// a goroutine with a slot needs. It leaves the rest to the Go functions below. The arguments escape, as they do in
// calls of package sync.
func lock(s *Site, m *sync.Mutex)
func unlock(s *Site, m *sync.Mutex)
func rlock(s *Site, m *sync.RWMutex)
func runlock(s *Site, m *sync.RWMutex)
func rwlock(s *Site, m *sync.RWMutex)
func rwunlock(s *Site, m *sync.RWMutex)

// locksTell reports whether the words of a lock mean what the assembly assumes, as in every version of Go so far. The
// first word of a Mutex is 1 while it is locked and nobody waits. An RWMutex begins with the Mutex of its writers, and
// its word at readerCount counts its readers. If it is false, package sync does everything.
var locksTell = tryLocks()

func tryLocks() bool {
	var m sync.Mutex
	var rw sync.RWMutex
	if unsafe.Sizeof(m) != 8 || unsafe.Sizeof(rw) != 24 {
		return false
	}
	word := func(p unsafe.Pointer, off uintptr) int32 { return *(*int32)(at(p, off)) }
	state := func() [2]int32 { return [2]int32{word(unsafe.Pointer(&m), 0), word(unsafe.Pointer(&m), 4)} }
	readers := func() int32 { return word(unsafe.Pointer(&rw), readerCount) }
	ok := state() == [2]int32{} && readers() == 0
	m.Lock()
	ok = ok && state() == [2]int32{1, 0}
	m.Unlock()
	rw.RLock()
	ok = ok && readers() == 1
	rw.RLock()
	ok = ok && readers() == 2
	rw.RUnlock()
	rw.RUnlock()
	ok = ok && state() == [2]int32{} && readers() == 0
	rw.Lock()
	ok = ok && readers() == writerCount && word(unsafe.Pointer(&rw), 0) == 1
	rw.Unlock()
	return ok && readers() == 0 && word(unsafe.Pointer(&rw), 0) == 0
}

// readersTell is locksTell for rlock, which needs the instruction PREFETCHW. It is no operation on the processors that
// have SSSE3 and not yet that instruction.
var readersTell = locksTell && hasPrefetchW()

func hasPrefetchW() bool {
	const ssse3, prefetchW = 1 << 9, 1 << 8
	standard, extended := features()
	return extended&prefetchW != 0 || standard&ssse3 != 0
}

// features returns what CPUID leaves in ECX for the standard features of the processor and for the extended ones.
func features() (standard, extended uint32)

// lockSlow does what lock does, if the lock could not be taken at once.
func lockSlow(s *Site, m *sync.Mutex) {
	ok := m.TryLock()
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	if !ok {
		d := sl.block(s, addr(m), 0)
		m.Lock()
		e = sl.pass(s, d)
	}
	if sl != nil {
		sl.hold(addr(m), e)
	}
}

// lockFirst is the rest of lock, and of rwlock, whose m begins with a Mutex, where enter returned nil, and lockFull where
// the goroutine holds many locks already.
func lockFirst(s *Site, m *sync.Mutex) {
	if sl, e := reach(s); sl != nil {
		sl.hold(addr(m), e)
	}
}

func lockFull(s *Site, m *sync.Mutex) {
	sl := current()
	sl.hold(addr(m), *sl.last())
}

// unlockFirst is unlock where enter returned nil, and unlockOther where the lock is not the last that was taken.
func unlockFirst(s *Site, m *sync.Mutex) {
	if sl, e := reach(s); sl != nil {
		sl.release(addr(m), e, KindMutex)
	}
	m.Unlock()
}

func unlockOther(s *Site, m *sync.Mutex) {
	sl := current()
	sl.release(addr(m), *sl.last(), KindMutex)
	m.Unlock()
}

// unlockPlain is the rest of unlock where others wait for the lock, or it is not locked.
func unlockPlain(s *Site, m *sync.Mutex) { m.Unlock() }

func rlockSlow(s *Site, m *sync.RWMutex) {
	ok := m.TryRLock()
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	if !ok {
		d := sl.block(s, addr(m), 0)
		m.RLock()
		e = sl.pass(s, d)
	}
	if sl != nil {
		sl.hold(addr(m), e|HoldRead)
	}
}

func rlockFirst(s *Site, m *sync.RWMutex) {
	if sl, e := reach(s); sl != nil {
		sl.hold(addr(m), e|HoldRead)
	}
}

func rlockFull(s *Site, m *sync.RWMutex) {
	sl := current()
	sl.hold(addr(m), *sl.last()|HoldRead)
}

func runlockFirst(s *Site, m *sync.RWMutex) {
	if sl, e := reach(s); sl != nil {
		sl.release(addr(m), e, KindRWMutex)
	}
	m.RUnlock()
}

func runlockOther(s *Site, m *sync.RWMutex) {
	sl := current()
	sl.release(addr(m), *sl.last(), KindRWMutex)
	m.RUnlock()
}

func runlockPlain(s *Site, m *sync.RWMutex) { m.RUnlock() }

// rwlockSlow does what rwlock does, if the lock could not be taken at once.
func rwlockSlow(s *Site, m *sync.RWMutex) {
	ok := m.TryLock()
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	if !ok {
		d := sl.block(s, addr(m), 0)
		m.Lock()
		e = sl.pass(s, d)
	}
	if sl != nil {
		sl.hold(addr(m), e)
	}
}

// rwlockHalf is rwlockSlow where the Mutex of the writers has been taken, and then a reader had the lock.
func rwlockHalf(s *Site, m *sync.RWMutex) {
	writers(m).Unlock()
	rwlockSlow(s, m)
}

// writers returns the Mutex of the writers of m.
func writers(m *sync.RWMutex) *sync.Mutex { return (*sync.Mutex)(unsafe.Pointer(m)) }

// rwunlockFirst is rwunlock where enter returned nil, and rwunlockOther where the lock is not the last that was taken.
func rwunlockFirst(s *Site, m *sync.RWMutex) {
	if sl, e := reach(s); sl != nil {
		sl.release(addr(m), e, KindRWMutex)
	}
	m.Unlock()
}

func rwunlockOther(s *Site, m *sync.RWMutex) {
	sl := current()
	sl.release(addr(m), *sl.last(), KindRWMutex)
	m.Unlock()
}

// rwunlockPlain is the rest of rwunlock where readers wait for the lock, or it is not locked. Where only other writers
// wait, unlockPlain is the rest.
func rwunlockPlain(s *Site, m *sync.RWMutex) { m.Unlock() }
