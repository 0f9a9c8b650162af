//go:build !race && (linux || darwin) && amd64

package runtime

import "sync"

// The race detector would not see a lock that is taken in assembly. The functions are not inlined: in a goroutine that
// waits in one, a debugger sees the locals of its caller only if the caller has the call.

// Lock is m.Lock().
//
//go:noinline
func Lock(s *Site, m *sync.Mutex) { lock(s, m) }

// Unlock is m.Unlock().
//
//go:noinline
func Unlock(s *Site, m *sync.Mutex) { unlock(s, m) }

// RLock is m.RLock().
//
//go:noinline
func RLock(s *Site, m *sync.RWMutex) { rlock(s, m) }

// RUnlock is m.RUnlock().
//
//go:noinline
func RUnlock(s *Site, m *sync.RWMutex) { runlock(s, m) }

// RWLock is m.Lock().
//
//go:noinline
func RWLock(s *Site, m *sync.RWMutex) { rwlock(s, m) }

// RWUnlock is m.Unlock().
//
//go:noinline
func RWUnlock(s *Site, m *sync.RWMutex) { rwunlock(s, m) }
