//go:build !(linux || darwin) || !amd64

package runtime

import "unsafe"

// beginChan is the probe of an operation that is about to begin on a channel. endSend and endRecv are those of one that
// is over.
func beginChan(s *Site, ch unsafe.Pointer) { beginChanSlow(s, ch) }

func endSend() { endSendSlow() }
func endRecv() { endRecvSlow() }
