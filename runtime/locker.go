package runtime

import (
	"sync"
	"unsafe"
)

// LockerLock is l.Lock(), where the call cannot stay in the user's function. The locks of package sync are tracked as
// themselves. Any other lock cannot be tried, so the whole call counts as the wait, with l's address as the lock.
//
//go:norace
//go:noinline
func LockerLock(s *Site, l sync.Locker) {
	if lockKnown(s, l) {
		return
	}
	sl, _ := enter(s)
	if sl == nil {
		if sl, _ = reach(s); sl == nil {
			l.Lock()
			return
		}
	}
	obj := word(&l)
	f := sl.inside(s, obj)
	l.Lock()
	sl.leave(f)
	sl.keep(obj, entry(s))
}

// lockKnown locks l if it is a lock of package sync, and reports whether it is.
//
//go:norace
func lockKnown(s *Site, l sync.Locker) bool {
	switch m := l.(type) {
	case *sync.Mutex:
		Lock(s, m)
		return true
	case *sync.RWMutex:
		RWLock(s, m)
		return true
	}
	rw := rlocked(l)
	if rw != nil {
		RLock(s, rw)
	}
	return rw != nil
}

// LockerUnlock is l.Unlock(), where the call cannot stay in the user's function.
//
//go:norace
func LockerUnlock(s *Site, l sync.Locker) {
	Releasing(s, l)
	l.Unlock()
}

// Locking begins l.Lock(), and returns the value to lock: l itself, so that the user's function calls a lock of the
// user's own, or a value whose Lock does nothing.
//
//	l.Lock()   =>   Locking(s, l).Lock(); Locked(s)
//
//go:norace
//go:noinline
func Locking(s *Site, l sync.Locker) sync.Locker {
	if lockKnown(s, l) {
		return done{}
	}
	if l != nil {
		begin(s, word(&l))
	}
	return l
}

// A done is returned by Locking for a lock that it has locked.
type done struct{}

func (done) Lock()   {}
func (done) Unlock() {}

// Locked ends the operation that Locking began.
//
//go:norace
//go:noinline
func Locked(s *Site) {
	if sl, obj := endAt(s); sl != nil {
		sl.keep(obj, entry(s))
	}
}

// Releasing notes that l is about to be unlocked, and returns it.
//
//	l.Unlock()         =>   Releasing(s, l).Unlock()
//	defer l.Unlock()   =>   defer l.Unlock(); defer Releasing(s, l)
//
//go:norace
//go:noinline
func Releasing(s *Site, l sync.Locker) sync.Locker {
	if l == nil {
		return nil
	}
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	if sl != nil {
		obj, kind := lockOf(l)
		sl.release(obj, e, kind)
	}
	return l
}

// rlocked returns the RWMutex whose RLocker l is, or nil. The type that RLocker returns has no name outside package
// sync; its values are the address of the RWMutex.
func rlocked(l sync.Locker) *sync.RWMutex {
	if l == nil || itab(&l) != rlockerTab() {
		return nil
	}
	return (*sync.RWMutex)((*[2]unsafe.Pointer)(unsafe.Pointer(&l))[1])
}

// someRW is never locked.
var someRW sync.RWMutex

func rlockerTab() unsafe.Pointer {
	l := someRW.RLocker()
	return itab(&l)
}

// itab returns the word of *l that identifies the type.
func itab(l *sync.Locker) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(l))[0] }

// word returns the word of *l that points to the value.
func word(l *sync.Locker) uintptr { return (*[2]uintptr)(unsafe.Pointer(l))[1] }

// lockOf returns the address and kind of the lock behind l.
func lockOf(l sync.Locker) (uintptr, Kind) {
	switch m := l.(type) {
	case *sync.Mutex:
		return addr(m), KindMutex
	case *sync.RWMutex:
		return addr(m), KindRWMutex
	}
	if rw := rlocked(l); rw != nil {
		return addr(rw), KindRWMutex
	}
	return word(&l), KindOther
}
