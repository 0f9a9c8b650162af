package runtime

import "sync"

// RWTryLock is m.TryLock().
//
//go:norace
func RWTryLock(s *Site, m *sync.RWMutex) bool {
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

// TryRLock is m.TryRLock().
//
//go:norace
func TryRLock(s *Site, m *sync.RWMutex) bool {
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	ok := m.TryRLock()
	if ok && sl != nil {
		sl.keep(addr(m), e|HoldRead)
	}
	return ok
}
