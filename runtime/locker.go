package runtime

import (
	"sync"
	"unsafe"
)

// LockerLock is l.Lock(). The locks of package sync are tracked as themselves; of any other, the whole call counts as the wait,
// because it cannot be tried, and its address as the lock.
//
//go:norace
//go:noinline
func LockerLock(s *Site, l sync.Locker) {
	switch m := l.(type) {
	case *sync.Mutex:
		Lock(s, m)
		return
	case *sync.RWMutex:
		RWLock(s, m)
		return
	}
	if rw := rlocked(l); rw != nil {
		RLock(s, rw)
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
	sl.hold(obj, entry(s))
}

// LockerUnlock is l.Unlock().
//
//go:norace
func LockerUnlock(s *Site, l sync.Locker) {
	switch m := l.(type) {
	case *sync.Mutex:
		Unlock(s, m)
		return
	case *sync.RWMutex:
		RWUnlock(s, m)
		return
	}
	if rw := rlocked(l); rw != nil {
		RUnlock(s, rw)
		return
	}
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	if sl != nil {
		sl.release(word(&l), e, KindOther)
	}
	l.Unlock()
}

// rlocked returns the RWMutex whose RLocker l is, or nil. The type of what RLocker returns has no name outside of package sync;
// its values are the address of the RWMutex.
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

// itab returns the word of *l that says which type it holds.
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
