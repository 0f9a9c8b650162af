package runtime

import "unsafe"

// This file is what the assembly knows of the collector, besides the layout of the record and of a Site.

// fastState is what the assembly needs. It is written once, tab last; as long as that is nil, which it stays with AWAITTRACE=log, there is
// no fast path.
type fastState struct {
	tab    unsafe.Pointer // index: how far a slot is from slots, at the hash of its g or in an entry that follows; 0 ends the search
	mask   uintptr        // entries of the index - 1
	slots  unsafe.Pointer // one slot before slot 0
	goid   uintptr        // offset of the goroutine id inside g
	clock  *uint32
	frames uint32 // what frame is masked with: zero if it does not tell
}

// gShift is how many low bits of the address of a g its hash leaves out: a g has more than 256 bytes.
const gShift = 8

// tickEvery is the number of probes after which a goroutine asks the clock in any case. A power of two.
const tickEvery = 1 << 10

// readerCount is the offset of the number of readers in an RWMutex: see locksTell.
const readerCount = 16
