package reach

import (
	"math"
	"math/bits"
)

// Of many small goroutines the g's are nearly half of what is copied, and most of their words are zero. So the spans
// that have nothing else are packed, slot by slot (see PackWords). A reader of the program that reads all g's anyway
// gives them to the Plan, which packs them at once, and then Capture need not copy their spans. Otherwise they are
// packed before marking, and the memory that they were copied to is given back at once.

const (
	// maxPacked is the most slots that a packed span has, and words that its slots have: a bit for each fits in a word.
	maxPacked = 64
	// packedChunk is how much memory is provided for packed spans at once.
	packedChunk = 1 << 20
)

// givenGs are the g's that a Plan was given, in the order of their addresses.
type givenGs struct {
	packed []byte // room for them
	used   int    // bytes of it
	size   uint64 // of a g
	list   []givenG
}

// A givenG is a g that was given: its address, and where it is in packed.
type givenG struct {
	addr uint64
	at   uint32
}

// Expect is Allocate for a Plan that will be given the g's before Capture, in the same stop.
func (p *Plan) Expect() {
	if p.bufs != nil {
		return
	}
	packed := min(p.trial.packed+p.trial.packed/8+packedChunk, math.MaxUint32)
	_, n := p.Estimate()
	p.given.list = make([]givenG, 0, p.trial.goroutines+p.trial.goroutines/16+64)
	clear(p.given.list[:cap(p.given.list)]) // the system provides memory when it is written to
	p.allocate(n - min(n, p.trial.gs) + packed)
	p.given.packed = p.take(packed)
}

// Give gives p a g while the program stands still: the bytes b at addr, and its index in the runtime's list. They must
// come in the order of their addresses. Those for which there is no room are copied by Capture.
func (p *Plan) Give(index int, addr uint64, b []byte) {
	l := &p.given
	if n := uint64(len(b)); n < p.o.g.size || n > maxPacked*8 || len(l.packed)-l.used < 8+len(b) ||
		len(l.list) == cap(l.list) || index >= cap(p.gs) {
		return
	}
	p.goroutineAt(&p.gs[:cap(p.gs)][index], addr, b)
	p.waiting[index] = p.o.g.waiting.get(b)
	l.size = uint64(len(b))
	l.list = append(l.list, givenG{addr, uint32(l.used)})
	l.used += PackWords(l.packed[l.used:], b)
}

// trim gives back what was provided for g's and not used, and forgets where they are: their spans know.
func (l *givenGs) trim() {
	DropRoom(l.packed[l.used:])
	l.packed, l.list = l.packed[:l.used], nil
}

// takeGiven takes the spans that have only g's that were given.
func (c *Capture) takeGiven() {
	l := &c.given
	for k := 0; k < len(l.list); {
		si := c.heap.spanAt(l.list[k].addr)
		if si < 0 {
			k++
			continue
		}
		sp, from, slots := &c.heap.spans[si], l.list[k].at, uint64(0)
		whole := l.size <= sp.elem
		for ; k < len(l.list) && l.list[k].addr < sp.end; k++ {
			idx, rest := (l.list[k].addr-sp.start)/sp.elem, (l.list[k].addr-sp.start)%sp.elem
			whole = whole && rest == 0 && idx < maxPacked && slots>>idx == 0
			slots |= 1 << (idx % maxPacked)
		}
		to := uint32(l.used)
		if k < len(l.list) {
			to = l.list[k].at
		}
		if whole && sp.packable(slots) {
			sp.data, sp.slots, sp.packed = l.packed[from:to:to], slots, true
		}
	}
}

// packGoroutines packs the spans that have only g's.
func (c *Capture) packGoroutines() {
	gs := make([]uint64, len(c.heap.spans))
	for i := range c.gs {
		c.heap.addSlot(gs, c.gs[i].addr)
	}
	for _, b := range c.bufs {
		SettleRoom(b)
	}
	var room []byte
	for i, slots := range gs {
		sp := &c.heap.spans[i]
		if slots == 0 || sp.packed || !sp.packable(slots) || uint64(len(sp.data)) < uint64(sp.nelems)*sp.elem {
			continue
		}
		if most := int(uint64(sp.nelems) * (8 + sp.elem)); len(room) < most {
			room = make([]byte, max(most, packedChunk))
		}
		n := 0
		for rest := slots; rest != 0; rest &= rest - 1 {
			n += PackWords(room[n:], sp.bytes(uint32(bits.TrailingZeros64(rest))))
		}
		DropRoom(sp.data)
		sp.data, sp.slots, sp.packed = room[:n:n], slots, true
		room = room[n:]
	}
}

// addSlot adds the slot of a g to the slots, by span, that have one.
func (h *heap) addSlot(slots []uint64, g uint64) {
	if si, idx, ok := h.object(g); ok && idx < maxPacked {
		slots[si] |= 1 << idx
	}
}

// packable reports whether a span can be packed, which has g's in these slots: it must have nothing else.
func (sp *span) packable(slots uint64) bool {
	if sp.noscan || sp.nelems > maxPacked || sp.elem > maxPacked*8 {
		return false
	}
	for idx := range sp.nelems {
		if slots>>idx&1 == 0 && sp.used(idx) {
			return false
		}
	}
	return true
}

// PackWords packs up to 64 words into b, which has room for one more, and returns how many bytes that takes: a word
// that says which of them are not zero, and these. The program may stand still for it, so it leaves out four zero words
// at once, and is written without further branches.
func PackWords(b, words []byte) int {
	var mask uint64
	n := 8
	i := 0
	for ; len(words) >= 32; i += 4 {
		w0, w1, w2, w3 := le64(words), le64(words[8:]), le64(words[16:]), le64(words[24:])
		words = words[32:]
		if w0|w1|w2|w3 == 0 {
			continue
		}
		to := b[n:][:32]
		some0, some1, some2, some3 := notZero(w0), notZero(w1), notZero(w2), notZero(w3)
		put64(to, w0) // which the next overwrites, if it is zero
		put64(to[some0*8:], w1)
		put64(to[(some0+some1)*8:], w2)
		put64(to[(some0+some1+some2)*8:], w3)
		mask |= (some0 | some1<<1 | some2<<2 | some3<<3) << i
		n += int(some0+some1+some2+some3) * 8
	}
	for ; len(words) >= 8; i++ {
		w := le64(words)
		put64(b[n:], w)
		mask |= notZero(w) << i
		n += int(notZero(w)) * 8
		words = words[8:]
	}
	put64(b, mask)
	return n
}

// notZero returns 1 for a word that is not zero.
func notZero(w uint64) uint64 { return (w | -w) >> 63 }

// PackedSize returns how many bytes PackWords needs for words.
func PackedSize(words []byte) int {
	n := 8
	for ; len(words) >= 8; words = words[8:] {
		if le64(words) != 0 {
			n += 8
		}
	}
	return n
}

// UnpackWords fills b with the words that are packed at the beginning of packed.
func UnpackWords(b, packed []byte) {
	clear(b)
	words := packed[8:]
	for mask := le64(packed); mask != 0; mask &= mask - 1 {
		put64(b[bits.TrailingZeros64(mask)*8:], le64(words))
		words = words[8:]
	}
}

// SkipWords returns what follows the words that are packed at the beginning of packed.
func SkipWords(packed []byte) []byte { return packed[8+8*bits.OnesCount64(le64(packed)):] }

// unpack fills b, which has room for a slot, with one of a packed span.
func (sp *span) unpack(idx uint32, b []byte) {
	if sp.slots>>idx&1 == 0 {
		clear(b)
		return
	}
	data := sp.data
	for range bits.OnesCount64(sp.slots & (1<<idx - 1)) {
		data = SkipWords(data)
	}
	UnpackWords(b, data)
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
