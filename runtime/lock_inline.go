//go:build !race && (linux || darwin) && amd64

package runtime

import "sync"

// The race detector would not see a lock that is taken in assembly.

// Lock is m.Lock().
func Lock(s *Site, m *sync.Mutex) { lock(s, m) }

// Unlock is m.Unlock().
func Unlock(s *Site, m *sync.Mutex) { unlock(s, m) }

// RLock is m.RLock().
func RLock(s *Site, m *sync.RWMutex) { rlock(s, m) }

// RUnlock is m.RUnlock().
func RUnlock(s *Site, m *sync.RWMutex) { runlock(s, m) }
