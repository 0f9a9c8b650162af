package runtime

import (
	"sync"
	"unsafe"
)

// Lock is m.Lock().
//
//go:norace
func Lock(s *Site, m *sync.Mutex) {
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

// Unlock is m.Unlock().
//
//go:norace
func Unlock(s *Site, m *sync.Mutex) {
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	if sl != nil {
		sl.release(addr(m), e, KindMutex)
	}
	m.Unlock()
}

// TryLock is m.TryLock().
//
//go:norace
func TryLock(s *Site, m *sync.Mutex) bool {
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	ok := m.TryLock()
	if ok && sl != nil {
		sl.hold(addr(m), e)
	}
	return ok
}

func addr[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
