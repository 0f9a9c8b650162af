//go:build race || !(linux || darwin) || !amd64

package runtime

import "sync"

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

// RLock is m.RLock().
//
//go:norace
func RLock(s *Site, m *sync.RWMutex) {
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

// RUnlock is m.RUnlock().
//
//go:norace
func RUnlock(s *Site, m *sync.RWMutex) {
	sl, e := enter(s)
	if sl == nil {
		sl, e = reach(s)
	}
	if sl != nil {
		sl.release(addr(m), e, KindRWMutex)
	}
	m.RUnlock()
}

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
