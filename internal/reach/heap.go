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

// A span is a run of pages with objects of one size. What marking looks at for each pointer comes first, in one line of the processor's cache.
type span struct {
	start, elem uint64
	base        uint32 // number of its first object
	nelems      uint32
	div         uint32 // for fast division by elem
	free        uint32 // objects from here on are in use only if alloc says so
	alloc       []byte
	noscan      bool // its objects have no pointers, and were not copied

	end              uint64
	data             []byte
	allocBits        uint64
	specials, pinner uint64
	largeType        uint64 // the type of its only object, if it has one
}

// A heap is the copied heap of a program. Its objects, in use or not, are numbered from 0.
type heap struct {
	spans   []span // sorted by address
	lo, hi  uint64
	objects uint32
	arenas  []int32 // by address>>arenaShift, less that of lo: index into pages, or -1
	pages   [][]int32
	scan    uint64 // bytes of spans with pointers
	inUse   uint64 // bytes of all spans
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

// eachSpan calls visit with the bytes of each of the runtime's mspans that is in use.
func eachSpan(r *reader, o *offsets, mheap uint64, visit func(b []byte)) error {
	at := mheap + uint64(o.allspans.Off)
	list, err := r.large(r.u64(at), r.u64(at+8)*8, maxSpans*8)
	if err != nil {
		return fmt.Errorf("the list of spans: %w", err)
	}
	state := o.span.state
	for ; len(list) >= 8; list = list[8:] {
		if p := le64(list); p != 0 {
			if b := r.view(p, o.span.size); state.get(b) == spanInUse {
				visit(b)
			}
		}
	}
	return nil
}

// heapSize returns how many bytes of the heap have to be copied now, and how many spans there are.
func heapSize(r *reader, o *offsets, mheap uint64) (bytes uint64, spans int, err error) {
	sense := true
	err = eachSpan(r, o, mheap, func(b []byte) {
		spans++
		start, n := o.span.start.get(b), o.span.npages.get(b)<<pageShift
		sense = sense && (n <= largeSize || n <= maxCopy && probe(r.src, start, start+n) == nil)
		if sense && o.span.class.get(b)&1 == 0 {
			bytes += n
		}
	})
	if bytes > maxCopy || !sense {
		return 0, 0, errors.New("the heap is too large to be read, or does not make sense")
	}
	return bytes, spans, err
}

// readSpans reads what the runtime knows of its spans.
func (h *heap) readSpans(r *reader, o *offsets, mheap uint64, expect int) error {
	h.spans = make([]span, 0, expect+expect/4+1000)
	var nonsense error
	err := eachSpan(r, o, mheap, func(b []byte) {
		sp := span{
			start: o.span.start.get(b), elem: o.span.elem.get(b), nelems: uint32(o.span.nelems.get(b)), div: uint32(o.span.div.get(b)),
			free: uint32(o.span.free.get(b)), noscan: o.span.class.get(b)&1 != 0, allocBits: o.span.alloc.get(b),
			specials: o.span.specials.get(b), pinner: o.span.pinner.get(b), largeType: o.span.largeType.get(b),
		}
		sp.end = sp.start + o.span.npages.get(b)<<pageShift
		if sp.elem == 0 || sp.nelems == 0 {
			return
		}
		if n := sp.end - sp.start; n > largeSize && (n > maxAddress || probe(r.src, sp.start, sp.end) != nil) {
			nonsense = errNonsense("a span", sp.start)
			return
		}
		h.spans = append(h.spans, sp)
	})
	if err = errors.Join(err, nonsense); err != nil {
		return err
	}
	slices.SortFunc(h.spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	return h.check()
}

// check numbers the objects, and refuses spans that do not make sense.
func (h *heap) check() error {
	var objects, end uint64
	for i := range h.spans {
		sp := &h.spans[i]
		if sp.start < end || sp.start%(1<<pageShift) != 0 || sp.end <= sp.start || sp.end > maxAddress || sp.elem%8 != 0 ||
			uint64(sp.nelems) > (sp.end-sp.start)/sp.elem {
			return fmt.Errorf("the heap does not make sense: a span at %#x of %d objects of %d bytes", sp.start, sp.nelems, sp.elem)
		}
		end = sp.end
		sp.base = uint32(objects)
		objects += uint64(sp.nelems)
		h.inUse += sp.end - sp.start
		if !sp.noscan {
			h.scan += sp.end - sp.start
		}
	}
	if len(h.spans) == 0 || objects >= 1<<31 || h.scan > maxCopy {
		return fmt.Errorf("the heap cannot be read: %d objects in %d spans", objects, len(h.spans))
	}
	h.objects = uint32(objects)
	h.lo, h.hi = h.spans[0].start, end
	h.index()
	return nil
}

// index makes the table from addresses to spans.
func (h *heap) index() {
	const perArena = 1 << (arenaShift - pageShift)
	h.arenas = make([]int32, (h.hi-1)>>arenaShift-h.lo>>arenaShift+1)
	for i := range h.arenas {
		h.arenas[i] = -1
	}
	for i := range h.spans {
		for p := h.spans[i].start >> pageShift; p < h.spans[i].end>>pageShift; p++ {
			a := &h.arenas[p/perArena-h.lo>>arenaShift]
			if *a < 0 {
				*a = int32(len(h.pages))
				page := make([]int32, perArena)
				for j := range page {
					page[j] = -1
				}
				h.pages = append(h.pages, page)
			}
			h.pages[*a][p%perArena] = int32(i)
		}
	}
}

// runSize is how much of adjacent spans is read at once.
const runSize = 4 << 20

// copy copies the spans that have pointers, into buf as far as that goes. It returns what it allocated besides.
func (h *heap) copy(src Source, buf []byte) (more [][]byte, err error) {
	var bufs [][]byte
	var addrs []uint64
	for i := 0; i < len(h.spans); {
		if h.spans[i].noscan {
			i++
			continue
		}
		// A run of adjacent spans.
		lo, hi, j := h.spans[i].start, h.spans[i].end, i+1
		for j < len(h.spans) && !h.spans[j].noscan && h.spans[j].start == hi && hi-lo < runSize {
			hi = h.spans[j].end
			j++
		}
		n := hi - lo
		if uint64(len(buf)) < n {
			if err := probe(src, lo, hi); err != nil {
				return more, err
			}
			buf = populate(int(max(n, 64<<20)))
			more = append(more, buf)
		}
		run := buf[:n:n]
		buf = buf[n:]
		bufs, addrs = append(bufs, run), append(addrs, lo)
		for ; i < j; i++ {
			sp := &h.spans[i]
			sp.data = run[sp.start-lo : sp.end-lo : sp.end-lo]
		}
	}
	if bad := src.ReadMany(bufs, addrs); len(bad) > 0 {
		return more, fmt.Errorf("%d of %d parts of the heap cannot be read", len(bad), len(bufs))
	}
	return more, nil
}

// readAlloc reads which slots of the spans are in use.
func (h *heap) readAlloc(r *reader) {
	for i := range h.spans {
		if sp := &h.spans[i]; sp.allocBits != 0 {
			sp.alloc = r.view(sp.allocBits, uint64(sp.nelems+7)/8)
		}
	}
}
