// Package embed has types that can be locked through a path that other packages cannot spell out.
package embed

import "sync"

type inner struct {
	sync.Mutex
	n int
}

// Hidden promotes Lock from an unexported type.
type Hidden struct{ inner }

// Visible promotes Lock from an exported field of an exported type.
type Visible struct {
	Hidden
	Name string
}

// RW has a lock that can be spelled out.
type RW struct{ *sync.RWMutex }

// Own has a method Lock that is its own.
type Own struct{ Calls []string }

// Lock is no lock of package sync.
func (o *Own) Lock() { o.Calls = append(o.Calls, "Lock") }

// Unlock is no unlock of package sync.
func (o *Own) Unlock() { o.Calls = append(o.Calls, "Unlock") }

// Count adds to the hidden number under the hidden lock.
func (h *Hidden) Count() int {
	h.Lock()
	defer h.Unlock()
	h.n++
	return h.n
}
