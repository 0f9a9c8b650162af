package reach

import "math/bits"

// Of many small goroutines the g's are nearly half of what was copied, and most of their words are zero. So before
// marking, the spans that have nothing else are packed: a word for each slot says which of its words are not zero, and
// these follow. The memory that they were copied to is given back at once.

const (
	// maxPacked is the most slots that a packed span has, and words that its slots have: a bit for each fits in a word.
	maxPacked = 64
	// packedChunk is how much memory is provided for packed spans at once.
	packedChunk = 1 << 20
)

// packGoroutines packs the spans that have only g's.
func (c *Capture) packGoroutines() {
	gs := make([]uint64, len(c.heap.spans)) // by span: the slots that have one
	for i := range c.gs {
		if si, idx, ok := c.heap.object(c.gs[i].addr); ok && idx < maxPacked {
			gs[si] |= 1 << idx
		}
	}
	for _, b := range c.bufs {
		SettleRoom(b)
	}
	var room []byte
	for i, slots := range gs {
		sp := &c.heap.spans[i]
		if slots == 0 || sp.nelems > maxPacked || sp.elem > maxPacked*8 || sp.packed || !sp.usesOnly(slots) ||
			uint64(len(sp.data)) < uint64(sp.nelems)*sp.elem {
			continue
		}
		if most := int(uint64(sp.nelems) * (8 + sp.elem)); len(room) < most {
			room = make([]byte, max(most, packedChunk))
		}
		n := sp.packInto(room)
		DropRoom(sp.data)
		sp.data, sp.packed = room[:n:n], true
		room = room[n:]
	}
}

// usesOnly reports whether no slots of a span but these are in use.
func (sp *span) usesOnly(slots uint64) bool {
	for idx := range sp.nelems {
		if slots>>idx&1 == 0 && sp.used(idx) {
			return false
		}
	}
	return true
}

// packInto packs the slots of a span, and returns how many bytes that takes.
func (sp *span) packInto(b []byte) int {
	n := int(sp.nelems) * 8
	for idx := range sp.nelems {
		var mask uint64
		slot := sp.data[uint64(idx)*sp.elem:][:sp.elem]
		for i := 0; len(slot) >= 8; i++ {
			if w := le64(slot); w != 0 {
				mask |= 1 << i
				put64(b[n:], w)
				n += 8
			}
			slot = slot[8:]
		}
		put64(b[idx*8:], mask)
	}
	return n
}

// unpack fills b, which has room for a slot, with one of a packed span.
func (sp *span) unpack(idx uint32, b []byte) {
	clear(b)
	from := int(sp.nelems) * 8
	for i := range idx {
		from += 8 * bits.OnesCount64(le64(sp.data[i*8:]))
	}
	for mask := le64(sp.data[idx*8:]); mask != 0; mask &= mask - 1 {
		put64(b[bits.TrailingZeros64(mask)*8:], le64(sp.data[from:]))
		from += 8
	}
}

// An unpacked is a slot of a packed span that has been looked at lately.
type unpacked struct {
	addr uint64
	data [maxPacked * 8]byte
}

// lately is how many slots are kept unpacked, so that what view returns stays while others are looked at.
const lately = 8

// unpackedAt returns n bytes at addr, which is in a packed span, or nil if they are not all in one slot.
func (c *Capture) unpackedAt(sp *span, addr, n uint64) []byte {
	idx := (addr - sp.start) / sp.elem
	start := sp.start + idx*sp.elem
	if idx >= uint64(sp.nelems) || addr+n > start+sp.elem {
		return nil
	}
	u := &c.lately[c.last]
	if u.addr != start {
		c.last = (c.last + 1) % lately
		u = &c.lately[c.last]
		u.addr = start
		sp.unpack(uint32(idx), u.data[:sp.elem])
	}
	return u.data[addr-start:][:n:n]
}
