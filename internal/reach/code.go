package reach

import (
	"slices"
	"sort"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// The offsets in a runtime._func, which are the same since Go 1.20.
const (
	funcName    = 4
	funcArgs    = 8
	funcSP      = 16
	funcFile    = 20
	funcLine    = 24
	funcNPCData = 28
	funcUnit    = 32
	funcFlags   = 41
	funcNData   = 43
	funcSize    = 44
)

// The tables of a function that are read.
const (
	pcdataStackMap   = 1
	pcdataInlTree    = 2
	funcdataArgs     = 0
	funcdataLocals   = 1
	funcdataStackObj = 2
	funcdataInlTree  = 3
)

// flagSPWrite means that the function writes an arbitrary value to the stack pointer: the frames beyond it are unknown.
const flagSPWrite = 2

// A stackObject is a variable whose address is taken: it counts only if something points to it.
type stackObject struct {
	off  int64 // from the variables' end, or, if it is not negative, from the arguments
	size uint64
}

// A pcInfo is what the compiler's tables say of one program counter.
type pcInfo struct {
	ok     bool // the frame is known
	own    bool // it is the program's own: see isRuntime
	name   string
	entry  uint64
	delta  uint64 // size of the frame
	args   int32  // size of the arguments; negative: unknown
	flags  byte
	locals bitmap
	argmap bitmap
	objs   []stackObject
	mod    *module
}

// A bitmap says which words are live pointers; nil bits: unknown.
type bitmap struct {
	n    uint32
	bits []byte
}

func (b bitmap) has(i uint32) bool { return b.bits[i/8]>>(i%8)&1 != 0 }

// A codeTable decodes the compiler's tables of the program's code.
type codeTable struct {
	r       *reader
	o       *offsets
	modules []module
	cache   map[uint64]*pcInfo
	lines   map[uint64][]place
}

func newCodeTable(r *reader, o *offsets, modules []module) *codeTable {
	return &codeTable{r: r, o: o, modules: modules, cache: make(map[uint64]*pcInfo), lines: make(map[uint64][]place)}
}

// function returns the module and the _func of pc, and where the function begins.
func (t *codeTable) function(pc uint64) (m *module, at, entry uint64) {
	for i := range t.modules {
		m := &t.modules[i]
		if pc < m.minPC || pc >= m.maxPC {
			continue
		}
		off := uint32(pc - m.text)
		n := len(m.funcs)/8 - 1 // the last is the end
		k := sort.Search(n, func(k int) bool { return le32(m.funcs[k*8:]) > off }) - 1
		if k < 0 {
			return nil, 0, 0
		}
		return m, m.pclntable + uint64(le32(m.funcs[k*8+4:])), m.text + uint64(le32(m.funcs[k*8:]))
	}
	return nil, 0, 0
}

// end returns where the function of pc ends; zero: unknown.
func (t *codeTable) end(pc uint64) uint64 {
	for i := range t.modules {
		m := &t.modules[i]
		if pc < m.minPC || pc >= m.maxPC {
			continue
		}
		off := uint32(pc - m.text)
		n := len(m.funcs)/8 - 1
		if k := sort.Search(n, func(k int) bool { return le32(m.funcs[k*8:]) > off }); k <= n {
			return m.text + uint64(le32(m.funcs[k*8:]))
		}
	}
	return 0
}

// name returns the name of the function of pc, or "".
func (t *codeTable) name(pc uint64) string { return t.at(pc).name }

// value decodes a table of values by program counter.
func (t *codeTable) value(m *module, off uint32, entry, target uint64) int32 {
	if off == 0 {
		return -1
	}
	at := m.pctab + uint64(off)
	val, pc := int32(-1), entry
	buf := t.r.from(at)
	varint := func() (v uint32) {
		for shift := 0; shift < 35; shift += 7 {
			if len(buf) == 0 {
				buf = t.r.from(at)
			}
			b := buf[0]
			at, buf = at+1, buf[1:]
			v |= uint32(b&0x7f) << shift
			if b < 0x80 {
				break
			}
		}
		return v
	}
	for n := 0; n < maxList; n++ {
		d := varint()
		if d == 0 && n > 0 {
			return -1
		}
		if d&1 != 0 {
			val += int32(^(d >> 1))
		} else {
			val += int32(d >> 1)
		}
		pc += uint64(varint()) * t.o.pcQuantum
		if target < pc {
			return val
		}
	}
	return -1
}

// at returns the tables' entry for pc.
func (t *codeTable) at(pc uint64) *pcInfo {
	if f, ok := t.cache[pc]; ok {
		return f
	}
	f := new(pcInfo)
	if !t.r.checked(func() { t.decode(f, pc) }) {
		f = new(pcInfo)
	}
	t.cache[pc] = f
	return f
}

func (t *codeTable) decode(f *pcInfo, pc uint64) {
	m, at, entry := t.function(pc)
	if m == nil {
		return
	}
	b := t.r.bytes(at, funcSize)
	f.mod, f.entry = m, entry
	f.name = t.r.cstring(m.funcnametab + uint64(le32(b[funcName:])))
	f.own = !isRuntime(f.name)
	f.args, f.flags = int32(le32(b[funcArgs:])), b[funcFlags]
	delta := t.value(m, le32(b[funcSP:]), entry, pc)
	f.ok, f.delta = delta >= 0, uint64(max(delta, 0))
	i := int32(-1)
	if pc != entry {
		if off, ok := t.pcdata(b, at, pcdataStackMap); ok {
			i = t.value(m, off, entry, pc-1)
		}
	}
	i = max(i, 0) // in the prologue
	f.argmap = t.bitmap(t.funcdata(m, b, at, funcdataArgs), i)
	f.locals = t.bitmap(t.funcdata(m, b, at, funcdataLocals), i)
	if o := t.funcdata(m, b, at, funcdataStackObj); o != 0 {
		n := t.r.u64(o)
		if n > 1<<16 {
			f.ok = false
			return
		}
		for k := range n {
			rec := t.r.view(o+8+k*16, 16)
			f.objs = append(f.objs, stackObject{int64(int32(le32(rec))), uint64(le32(rec[4:]))})
		}
	}
}

// pcdata returns where a table by program counter is, of the function whose _func is b.
func (t *codeTable) pcdata(b []byte, at uint64, i uint32) (off uint32, ok bool) {
	if i >= le32(b[funcNPCData:]) {
		return 0, false
	}
	return t.r.u32(at + funcSize + uint64(i)*4), true
}

// funcdata returns where a table of the function is; zero: it has none.
func (t *codeTable) funcdata(m *module, b []byte, at uint64, i uint32) uint64 {
	if i >= uint32(b[funcNData]) {
		return 0
	}
	off := t.r.u32(at + funcSize + uint64(le32(b[funcNPCData:]))*4 + uint64(i)*4)
	if off == ^uint32(0) {
		return 0
	}
	return m.gofunc + uint64(off)
}

// bitmap returns the i-th of the bitmaps at an address.
func (t *codeTable) bitmap(at uint64, i int32) bitmap {
	if at == 0 {
		return bitmap{}
	}
	count, n := int32(t.r.u32(at)), t.r.u32(at+4)
	if i >= count || n > 1<<24 {
		return bitmap{}
	}
	size := uint64(n+7) / 8
	bits := t.r.bytes(at+8+uint64(i)*size, size)
	if bits == nil {
		bits = []byte{}
	}
	return bitmap{n, bits}
}

// A place is a function and a line of its source.
type place struct {
	fn, file string
	line     int
}

// places returns the functions that pc is in, the innermost first: those that were inlined, and the one that was not.
// pc is where a call returns to, unless exact.
func (t *codeTable) places(pc uint64, exact bool) []place {
	if !exact {
		pc--
	}
	if p, ok := t.lines[pc]; ok {
		return p
	}
	var list []place
	t.r.checked(func() { list = t.decodePlaces(pc) })
	t.lines[pc] = list
	return list
}

func (t *codeTable) decodePlaces(pc uint64) (list []place) {
	m, at, entry := t.function(pc)
	if m == nil {
		return nil
	}
	b := t.r.bytes(at, funcSize)
	tree := t.funcdata(m, b, at, funcdataInlTree)
	off, inlined := t.pcdata(b, at, pcdataInlTree)
	for n := 0; n < 100; n++ {
		p := place{line: int(t.value(m, le32(b[funcLine:]), entry, pc))}
		p.file = t.file(m, le32(b[funcUnit:]), t.value(m, le32(b[funcFile:]), entry, pc))
		i := int32(-1)
		if inlined && tree != 0 {
			i = t.value(m, off, entry, pc)
		}
		if i < 0 {
			p.fn = t.r.cstring(m.funcnametab + uint64(le32(b[funcName:])))
			return append(list, p)
		}
		call := t.r.view(tree+uint64(i)*16, 16)
		p.fn = t.r.cstring(m.funcnametab + uint64(le32(call[4:])))
		list = append(list, p)
		pc = entry + uint64(le32(call[8:]))
	}
	return list
}

// file returns the name of a file by its number in a compilation unit.
func (t *codeTable) file(m *module, unit uint32, i int32) string {
	if i < 0 || uint64(unit)+uint64(i) >= m.ncutab {
		return ""
	}
	off := t.r.u32(m.cutab + (uint64(unit)+uint64(i))*4)
	if off == ^uint32(0) {
		return ""
	}
	return t.r.cstring(m.filetab + uint64(off))
}

// isRuntime reports whether a function belongs to the runtime, or to the packages that park on its behalf.
func isRuntime(fn string) bool {
	if snapshot.Collector(fn) {
		return true
	}
	switch fn {
	case "runtime.main":
		return false
	case "time.Sleep":
		return true
	}
	return slices.ContainsFunc([]string{"runtime.", "internal/", "sync.", "runtime/internal/"},
		func(p string) bool { return strings.HasPrefix(fn, p) })
}
