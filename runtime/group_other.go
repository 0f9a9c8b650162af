//go:build !(linux || darwin) || !amd64

package runtime

import "unsafe"

// beginWait is the probe of a wait for a WaitGroup that is about to begin, endWait that of one that is over, and beginGo
// that of a call of Go.
func beginWait(s *Site, wg unsafe.Pointer) { beginWaitSlow(s, wg) }
func endWait()                             { endWaitSlow() }
func beginGo(s *Site, wg unsafe.Pointer)   { beginGoSlow(s, wg) }
