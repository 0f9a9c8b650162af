package runtime

import (
	"sync"
	"unsafe"
)

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
		sl.keep(addr(m), e)
	}
	return ok
}

func addr[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
