//go:build !(linux || darwin) || !amd64

package runtime

import "unsafe"

// beginSend and beginRecv are the probes of operations that are about to begin on a channel. endSend and endRecv are
// those of operations that are over.
func beginSend(s *Site, ch unsafe.Pointer) { beginChanSlow(s, ch) }
func beginRecv(s *Site, ch unsafe.Pointer) { beginChanSlow(s, ch) }

func endSend() { endSendSlow() }
func endRecv() { endRecvSlow() }

// addCase notes the channel of a clause, and at the last clause that the select was reached. c is the number of the
// clause above CaseLen bits, in which the bit of the clause is set if it sends. addCases is addCase for the last two
// clauses, i and i+1: see Cases. chose notes that clause i was chosen.
func addCase(s *Site, ch unsafe.Pointer, c int)           { addCaseSlow(s, ch, c) }
func addCases(s *Site, a, b unsafe.Pointer, i, sends int) { addCasesSlow(s, a, b, i, sends) }
func chose(s *Site, i int)                                { choseSlow(s, i) }

// made is the probe of a make. The channel is new, so nobody else knows it yet.
func made(s *Site, ch unsafe.Pointer) { note(s, ch, KindChan, factMade) }
