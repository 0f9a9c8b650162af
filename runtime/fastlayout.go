package runtime

import "unsafe"

// This file has what the assembly knows of the collector, besides the layout of the record and of a Site.

// fastState is what the assembly needs. It is written once, mask last. While mask is zero, which it stays with
// AWAITTRACE=log, there is no fast path.
type fastState struct {
	mask uintptr // entries of the index - 1
	// tab is the index: how far a slot is from slots, at the hash of its g or in a later entry. Zero ends the search:
	// what is at slots itself, the record's header, is no slot of any goroutine.
	tab    unsafe.Pointer
	slots  unsafe.Pointer // the record
	goid   uintptr        // offset of the goroutine id inside g
	clock  *uint32
	frames uint32 // mask for frame's result; zero if frame does not work
	// objMask is the offset of the last entry of the object table.
	objMask uint32
}

// The facts of an Object, as an index into them.
const (
	factMade = iota
	factSent
	factReceived
	factClosed
	factLen
)

// A page of the record has 1 << pageShift bytes, and an Object 1 << objShift.
const (
	pageShift = 12
	objShift  = 6
)

// gShift is how many low bits of the address of a g its hash leaves out: a g has more than 256 bytes.
const gShift = 8

// tickEvery is the number of probes after which a goroutine reads the clock in any case, unless the probe has found the
// last reading recent. It is a power of two.
const tickEvery = 1 << 10

// readerCount is the offset of the number of readers in an RWMutex, and writerCount that number while a writer holds it
// and no reader waits: see locksTell.
const (
	readerCount = 16
	writerCount = -1 << 30
)

// capOffset is the offset of the capacity in a channel, and closedOffset that of the word that is 1 once it is closed:
// see closedTells.
const (
	capOffset    = 8
	closedOffset = 28
)
