package reach

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

const (
	pageShift  = 13 // of the runtime's pages
	arenaShift = 26
	maxSpans   = 1 << 26
	maxAddress = 1 << 48
	// maxCopy bounds what is copied of a program's heap.
	maxCopy = 1 << 38
	// spanInUse is mSpanInUse.
	spanInUse = 1
)

// A span is a run of pages with objects of one size. What marking looks at for each pointer comes first, in one line of
// the processor's cache.
type span struct {
	start, elem uint64
	base        uint32 // number of its first object
	nelems      uint32
	div         uint32 // for fast division by elem
	free        uint32 // objects from here on are in use only if alloc says so
	alloc       []byte
	noscan      bool // its objects have no pointers, and were not copied
	packed      bool // see packGoroutines

	end              uint64
	slots            uint64 // of a packed span: those that have something
	data             []byte
	allocBits        uint64
	specials, pinner uint64
	largeType        uint64 // the type of its only object, if it has one
	masks            uint32 // where in data the bits begin that say which words are pointers; zero: unknown
}

// A heap is the copied heap of a program. Its objects, in use or not, are numbered from 0.
type heap struct {
	spans   []span // in the order of the runtime's list
	lo, hi  uint64
	objects uint32
	arenas  []int32   // by address>>arenaShift, less that of lo: index into pages, or -1
	pages   [][]int32 // by page of an arena: index into spans, or -1
	scan    uint64    // bytes of spans with pointers
	// loose says that the program runs, so that spans may not make sense: those are left out.
	loose bool
	// bufs and addrs are the runs that are copied.
	bufs  [][]byte
	addrs []uint64
}

// spanAt returns the index of the span of addr, or -1.
func (h *heap) spanAt(addr uint64) int32 {
	if addr < h.lo || addr >= h.hi {
		return -1
	}
	a := h.arenas[addr>>arenaShift-h.lo>>arenaShift]
	if a < 0 {
		return -1
	}
	return h.pages[a][addr>>pageShift&(1<<(arenaShift-pageShift)-1)]
}

// object returns the span and the index in it of the object that addr points into. Slots that are free are no objects.
func (h *heap) object(addr uint64) (si int32, idx uint32, ok bool) {
	si = h.spanAt(addr)
	if si < 0 {
		return 0, 0, false
	}
	sp := &h.spans[si]
	if sp.div != 0 {
		idx = uint32((addr - sp.start) * uint64(sp.div) >> 32)
	}
	if idx >= sp.nelems || !sp.used(idx) {
		return 0, 0, false
	}
	return si, idx, true
}

// id returns the number of the object that addr points into.
func (h *heap) id(addr uint64) (uint32, bool) {
	si, idx, ok := h.object(addr)
	if !ok {
		return 0, false
	}
	return h.spans[si].base + idx, true
}

// used reports whether the slot is in use, or was not swept yet.
func (sp *span) used(idx uint32) bool {
	return idx < sp.free || int(idx/8) < len(sp.alloc) && sp.alloc[idx/8]>>(idx%8)&1 != 0
}

// bytes returns the contents of an object; nil if it has no pointers.
func (sp *span) bytes(idx uint32) []byte {
	if sp.packed {
		b := make([]byte, sp.elem)
		sp.unpack(idx, b)
		return b
	}
	o := uint64(idx) * sp.elem
	end := min(o+sp.elem, uint64(len(sp.data)))
	if o >= end {
		return nil
	}
	return sp.data[o:end:end]
}

// owner returns the span of an object by its number.
func (h *heap) owner(id uint32) *span {
	i, ok := slices.BinarySearchFunc(h.spans, id, func(sp span, id uint32) int { return cmp.Compare(sp.base, id) })
	if !ok {
		i--
	}
	return &h.spans[i]
}

// place returns where an object is, and how large its slot is.
func (h *heap) place(id uint32) (addr, size uint64) {
	sp := h.owner(id)
	return sp.start + uint64(id-sp.base)*sp.elem, sp.elem
}

// contents returns the bytes of an object by its number; nil if it has no pointers.
func (h *heap) contents(id uint32) []byte {
	sp := h.owner(id)
	return sp.bytes(id - sp.base)
}

// readSpans reads what the runtime knows of its spans. It uses the memory of h again.
func (h *heap) readSpans(r *reader, o *offsets, mheap uint64) error {
	*h = heap{loose: h.loose, spans: h.spans[:0], arenas: h.arenas[:0], pages: h.pages[:0], bufs: h.bufs[:0],
		addrs: h.addrs[:0]}
	at := mheap + uint64(o.allspans.Off)
	list, err := r.large(r.u64(at), r.u64(at+8)*8, maxSpans*8)
	if err != nil {
		return fmt.Errorf("the list of spans: %w", err)
	}
	h.spans = slices.Grow(h.spans, len(list)/8)
	for ; len(list) >= 8; list = list[8:] {
		if p := le64(list); p != 0 {
			if b := r.view(p, o.span.size); o.span.state.get(b) == spanInUse {
				if err := h.add(r.src, o, b); err != nil {
					return err
				}
			}
		}
	}
	if len(h.spans) == 0 {
		return errors.New("the heap has no spans")
	}
	return h.index()
}

// add adds the span with the bytes b, and numbers its objects. It refuses what does not make sense.
func (h *heap) add(src Memory, o *offsets, b []byte) error {
	sp := span{
		start: o.span.start.get(b), elem: o.span.elem.get(b), nelems: uint32(o.span.nelems.get(b)),
		div:  uint32(o.span.div.get(b)),
		free: uint32(o.span.free.get(b)), noscan: o.span.class.get(b)&1 != 0, allocBits: o.span.alloc.get(b),
		specials: o.span.specials.get(b), pinner: o.span.pinner.get(b), largeType: o.span.largeType.get(b),
		base: h.objects,
	}
	n := o.span.npages.get(b) << pageShift
	sp.end = sp.start + n
	if sp.elem == 0 || sp.nelems == 0 {
		return nil
	}
	if sp.start%(1<<pageShift) != 0 || n > maxAddress || sp.end <= sp.start || sp.end > maxAddress || sp.elem%8 != 0 ||
		uint64(sp.nelems) > n/sp.elem ||
		n > largeSize && probe(src, sp.start, sp.end) != nil {
		if h.loose {
			return nil
		}
		return fmt.Errorf("the heap does not make sense: a span at %#x of %d objects of %d bytes", sp.start, sp.nelems,
			sp.elem)
	}
	if !sp.noscan {
		h.scan += n
	}
	if uint64(h.objects)+uint64(sp.nelems) >= 1<<31 || h.scan > maxCopy {
		return errors.New("the heap is too large to be read, or does not make sense")
	}
	h.objects += sp.nelems
	if len(h.spans) == 0 {
		h.lo = sp.start
	}
	h.lo, h.hi = min(h.lo, sp.start), max(h.hi, sp.end)
	h.spans = append(h.spans, sp)
	return nil
}

// perArena is how many pages an arena has.
const perArena = 1 << (arenaShift - pageShift)

// index makes the table from addresses to spans, which may not overlap.
func (h *heap) index() error {
	first := h.lo >> arenaShift
	h.arenas = slices.Grow(h.arenas, int((h.hi-1)>>arenaShift-first+1))[:(h.hi-1)>>arenaShift-first+1]
	for i := range h.arenas {
		h.arenas[i] = -1
	}
	for i := range h.spans {
		for p, end := h.spans[i].start>>pageShift, h.spans[i].end>>pageShift; p < end; p++ {
			page := &h.page(&h.arenas[p/perArena-first])[p%perArena]
			if *page >= 0 && h.loose {
				continue
			}
			if *page >= 0 {
				return fmt.Errorf("the heap does not make sense: two spans at %#x", p<<pageShift)
			}
			*page = int32(i)
		}
	}
	return nil
}

// page returns the pages of an arena, which it makes if there are none yet.
func (h *heap) page(arena *int32) []int32 {
	if *arena < 0 {
		*arena = int32(len(h.pages))
		if len(h.pages) < cap(h.pages) {
			h.pages = h.pages[:len(h.pages)+1] // with what was there, if it was used before
		} else {
			h.pages = append(h.pages, nil)
		}
		list := &h.pages[*arena]
		if *list == nil {
			*list = make([]int32, perArena)
		}
		for i := range *list {
			(*list)[i] = -1
		}
	}
	return h.pages[*arena]
}

// runSize is how much of adjacent spans is read at once.
const runSize = 4 << 20

// eachRun calls visit with the ranges of adjacent spans that have pointers and are not packed, in the order of their
// addresses, and with the spans of each.
func (h *heap) eachRun(visit func(lo, hi uint64, spans []int32) error) error {
	var lo, hi uint64
	var spans []int32
	for a, list := range h.arenas {
		if list < 0 {
			continue
		}
		last := int32(-1)
		for _, si := range h.pages[list] {
			if si == last || si < 0 {
				last = si
				continue
			}
			last = si
			sp := &h.spans[si]
			if sp.noscan || sp.packed || sp.start>>arenaShift != h.lo>>arenaShift+uint64(a) { // it began in the arena before
				continue
			}
			if len(spans) > 0 && (sp.start != hi || hi-lo >= runSize) {
				if err := visit(lo, hi, spans); err != nil {
					return err
				}
				spans = spans[:0]
			}
			if len(spans) == 0 {
				lo = sp.start
			}
			spans, hi = append(spans, si), sp.end
		}
	}
	if len(spans) == 0 {
		return nil
	}
	return visit(lo, hi, spans)
}

// provide gives each span with pointers its part of the memory that take returns.
func (h *heap) provide(src Memory, take func(n uint64) []byte) error {
	return h.eachRun(func(lo, hi uint64, spans []int32) error {
		if hi-lo > largeSize {
			if err := probe(src, lo, hi); err != nil {
				return err
			}
		}
		buf := take(hi - lo)
		h.bufs, h.addrs = append(h.bufs, buf), append(h.addrs, lo)
		for _, si := range spans {
			sp := &h.spans[si]
			sp.data = buf[sp.start-lo : sp.end-lo : sp.end-lo]
		}
		return nil
	})
}

// readAlloc reads which slots of the spans are in use.
func (h *heap) readAlloc(r *reader) {
	for i := range h.spans {
		if sp := &h.spans[i]; sp.allocBits != 0 && sp.free < sp.nelems {
			sp.alloc = r.view(sp.allocBits, uint64(sp.nelems+7)/8)
		}
	}
}
