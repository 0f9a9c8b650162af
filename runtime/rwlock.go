package runtime

import "sync"

// RWLock is m.Lock().
//
//go:norace
func RWLock(s *Site, m *sync.RWMutex) {
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

// RWUnlock is m.Unlock().
//
//go:norace
func RWUnlock(s *Site, m *sync.RWMutex) {
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	if sl != nil {
		sl.release(addr(m), e, KindRWMutex)
	}
	m.Unlock()
}

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
