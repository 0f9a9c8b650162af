//go:build linux || darwin

package runtime

import "unsafe"

// The assembly functions do what a goroutine with a slot needs, while the last reading of the clock is recent.

// beginChan is the probe of an operation that is about to begin on a channel. endSend and endRecv are those of one that
// is over.
//
//go:noescape
func beginChan(s *Site, ch unsafe.Pointer)
func endSend()
func endRecv()

// beginChanFirst is the rest of beginChan where enter returned nil, and beginChanInside where an operation that the
// goroutine was in is over, or there are many.
//
//go:norace
func beginChanFirst(s *Site, ch unsafe.Pointer) {
	sl, _ := reach(s)
	sl.blockChan(s, ch)
}

//go:norace
func beginChanInside(s *Site, ch unsafe.Pointer) { current().blockChan(s, ch) }

// endSendFact is the rest of endSend where the goroutine has not noted the fact yet, and endRecvFact that of endRecv.
//
//go:norace
func endSendFact() {
	sl := current()
	sl.chanFact(&sl.Waits[sl.Depth], factSent)
}

//go:norace
func endRecvFact() {
	sl := current()
	sl.chanFact(&sl.Waits[sl.Depth], factReceived)
}
