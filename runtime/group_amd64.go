//go:build linux || darwin

package runtime

import (
	"sync"
	"unsafe"
)

// beginWait is the probe of a wait for a WaitGroup that is about to begin, endWait that of one that is over, and beginGo
// that of a call of Go. The assembly functions do what a goroutine with a slot needs, if no order of locks is asked for.
//
//go:noescape
func beginWait(s *Site, wg unsafe.Pointer)
func endWait()

//go:noescape
func beginGo(s *Site, wg unsafe.Pointer)

// beginWaitFirst is the rest of beginWait where enter returned nil, and beginWaitInside where an operation that the
// goroutine was in is over, or there are many.
//
//go:norace
func beginWaitFirst(s *Site, wg unsafe.Pointer) {
	sl, _ := reach(s)
	sl.block(s, uintptr(wg), 0)
}

//go:norace
func beginWaitInside(s *Site, wg unsafe.Pointer) { current().block(s, uintptr(wg), 0) }

// beginGoFact is the rest of beginGo where the slot has a fact that the object table needs.
//
//go:norace
func beginGoFact(s *Site, wg unsafe.Pointer) {
	sl := current()
	sl.noteGroup(*sl.last(), (*sync.WaitGroup)(wg), factSent)
}
