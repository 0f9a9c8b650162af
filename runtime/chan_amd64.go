//go:build linux || darwin

package runtime

import "unsafe"

// The assembly functions do what a goroutine with a slot needs, while the last reading of the clock is recent.

// beginSend and beginRecv are the probes of operations that are about to begin on a channel. endSend and endRecv are
// those of operations that are over.
//
//go:noescape
func beginSend(s *Site, ch unsafe.Pointer)

//go:noescape
func beginRecv(s *Site, ch unsafe.Pointer)
func endSend()
func endRecv()

// beginChanFirst is the rest of beginSend and beginRecv where the goroutine or the site is new, and beginChanInside
// where an operation that the goroutine was in is over, or there are many.
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

// addCase notes the channel of a clause, and at the last clause that the select was reached. c is the number of the
// clause above CaseLen bits, in which the bit of the clause is set if it sends. addCases is addCase for the last two
// clauses, i and i+1: see Cases. chose notes that clause i was chosen.
//
//go:noescape
func addCase(s *Site, ch unsafe.Pointer, c int)

//go:noescape
func addCases(s *Site, a, b unsafe.Pointer, i, sends int)

//go:noescape
func chose(s *Site, i int)

// choseFact is the rest of chose where the goroutine has not noted the fact yet.
//
//go:norace
func choseFact(s *Site, i int) {
	sl := current()
	sl.caseFact(*sl.last(), i)
}

// made is the probe of a make. The channel is new, so nobody else knows it yet.
//
//go:noescape
func made(s *Site, ch unsafe.Pointer)

// madeFirst is the rest of made where enter returned nil, and madeOther where the slot has facts that the object table
// needs, or the table has no entry that can be had at once.
//
//go:norace
func madeFirst(s *Site, ch unsafe.Pointer) { noteFirst(s, ch, KindChan, factMade) }

//go:norace
func madeOther(s *Site, ch unsafe.Pointer) {
	sl := current()
	sl.fact(*sl.last(), uintptr(ch), KindChan, factMade, capacity(ch, KindChan))
}
