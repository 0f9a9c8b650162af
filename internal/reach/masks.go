package reach

import (
	"go/version"
	"math/bits"
)

// Go's collector follows only the words that are pointers. Others may look like pointers: where a struct is copied, the
// bytes between its fields may be what was on the stack before, and memory behind the last element of a slice may be of
// what has been there. Since Go 1.22 it is simple to tell which are which; see GOROOT/src/runtime/mbitmap.go.
//
// A span of small objects has a bit for each word at its end. Other objects begin with their type, or have it in their
// span, if they are very large. A type has a bit for each of its words.

const (
	pageBytes = 1 << pageShift
	// maxMasked is the largest object that has bits in its span: then they fit in a word.
	maxMasked = 512
	// maskBytes are the bits of a span, and markBytes what may follow them: the marks of the collector, for objects of
	// minMarked bytes or more, in programs that have its new way to scan objects together.
	maskBytes, markBytes = pageBytes / 64, 128
	minMarked            = 16
)

// hasMasks reports whether it is known where the program would have bits: for the versions of Go in the tables.
func (p *Program) hasMasks() bool {
	_, err := LayoutFor(p.Go, p.Arch)
	return err == nil && version.Compare(p.Go, "go1.22") >= 0
}

// findMasks finds the bits of spans, and reports whether the program has any. That, and whether there are marks behind
// them, shows in how many objects its spans have room for.
func (h *heap) findMasks() bool {
	plain, marked := true, true
	for i := range h.spans {
		if sp := &h.spans[i]; sp.small() {
			plain = plain && uint64(sp.nelems) == (pageBytes-sp.behind(false))/sp.elem
			marked = marked && uint64(sp.nelems) == (pageBytes-sp.behind(true))/sp.elem
		}
	}
	if plain == marked { // there are none, or it is in doubt
		return false
	}
	for i := range h.spans {
		if sp := &h.spans[i]; sp.small() && len(sp.data) == pageBytes && !sp.packed {
			sp.masks = uint32(pageBytes - sp.behind(marked))
		}
	}
	return true
}

// small reports whether the objects of a span have pointers and are so small that the span may have their bits.
func (sp *span) small() bool {
	return !sp.noscan && sp.elem <= maxMasked && sp.end-sp.start == pageBytes
}

// behind returns how many bytes are behind the objects of a span with bits, in a program with or without marks.
func (sp *span) behind(marks bool) uint64 {
	if marks && sp.elem >= minMarked {
		return maskBytes + markBytes
	}
	return maskBytes
}

// mask returns the bits of an object of a span that has them.
func (sp *span) mask(idx uint32) uint64 {
	n := sp.elem / 8
	word, bit := uint64(idx)*n/64*8, uint64(idx)*n%64
	b := sp.data[sp.masks:]
	mask := le64(b[word:]) >> bit
	if bit+n > 64 {
		mask |= le64(b[word+8:]) << (64 - bit)
	}
	return mask & (1<<n - 1)
}

// A typeMask says which words of the values of a type are pointers.
type typeMask struct {
	size  uint64
	words []uint64 // a bit for each word, as far as there are any
}

// typeOf returns the type of an object that is not small, with the contents b, and where its first value begins; zero:
// it is not known.
func (m *marker) typeOf(sp *span, b []byte) (typ uint64, begin int) {
	switch {
	case !m.typed || sp.elem <= maxMasked || sp.noscan:
		return 0, 0
	case sp.div == 0: // it has the span for itself
		return sp.largeType, 0
	case len(b) < headerSize:
		return 0, 0
	}
	return le64(b), headerSize
}

// maskOf returns which words are pointers of an object that is not small, with the contents b, and where its first
// value begins; nil: it is not known, or all are.
func (m *marker) maskOf(sp *span, b []byte) (t *typeMask, begin int) {
	typ, begin := m.typeOf(sp, b)
	if typ == 0 {
		return nil, 0
	}
	return m.typeMask(typ), begin
}

// isPointer reports whether the word at o of an object with the contents b may be a pointer.
func (m *marker) isPointer(id uint32, b []byte, o int) bool {
	sp := m.heap.owner(id)
	if sp.masks != 0 {
		return sp.mask(id-sp.base)>>(o/8)&1 != 0
	}
	t, begin := m.maskOf(sp, b)
	if t == nil {
		return true
	}
	k := uint64(o-begin) % t.size / 8
	return o >= begin && k/64 < uint64(len(t.words)) && t.words[k/64]>>(k%64)&1 != 0
}

// typeMask returns the typeMask of the type whose runtime._type is at addr, or nil.
func (m *marker) typeMask(addr uint64) *typeMask {
	t, ok := m.typeMasks[addr]
	if !ok {
		if !m.code.r.checked(func() { t = m.readTypeMask(addr) }) {
			t = nil
		}
		m.typeMasks[addr] = t
	}
	return t
}

// What is read of a runtime._type besides its layout; see GOROOT/src/internal/abi/type.go.
const (
	typePtrBytes, typeGCData = 8, 32
	// kindProgram and flagLater say that the type has no bits: before Go 1.24 a program that makes them, since then
	// what makes them when they are needed.
	kindProgram, flagLater = 1 << 6, 1 << 4
	// maxTypeMask is more than the words of any type with bits.
	maxTypeMask = 1 << 16
)

func (m *marker) readTypeMask(addr uint64) *typeMask {
	for i := range m.modules {
		mod := &m.modules[i]
		if addr < mod.types || addr >= mod.etypes {
			continue
		}
		b := m.code.r.view(addr, typeGCData+8)
		t := &typeMask{size: m.o.typeSize.get(b)}
		n, at := le64(b[typePtrBytes:])/8, le64(b[typeGCData:])
		if m.o.typeKind.get(b)&kindProgram != 0 || m.o.typeFlag.get(b)&flagLater != 0 || t.size%8 != 0 ||
			t.size > maxCopy || n > t.size/8 || n > maxTypeMask || n == 0 {
			return nil
		}
		t.words = make([]uint64, (n+63)/64)
		set := uint64(0)
		for i, c := range m.code.r.bytes(at, (n+7)/8) {
			t.words[i/8] |= uint64(c) << (i % 8 * 8)
			set += uint64(bits.OnesCount8(c))
		}
		if set == t.size/8 {
			return nil
		}
		return t
	}
	return nil
}
