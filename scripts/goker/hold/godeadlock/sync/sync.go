// Package sync is package sync with the locks of go-deadlock.
package sync

import (
	"sync"

	"github.com/sasha-s/go-deadlock"
)

// What go-deadlock replaces.
type (
	Mutex   = deadlock.Mutex
	RWMutex = deadlock.RWMutex
)

// The rest, as it is.
type (
	Cond      = sync.Cond
	Locker    = sync.Locker
	Map       = sync.Map
	Once      = sync.Once
	Pool      = sync.Pool
	WaitGroup = sync.WaitGroup
)

// NewCond is that of package sync.
func NewCond(l Locker) *Cond { return sync.NewCond(l) }
