package reach

import (
	"cmp"
	"debug/dwarf"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// attrClosureOffset is Go's DWARF attribute for the offset of a captured variable in its closure.
const attrClosureOffset = dwarf.Attr(0x2907)

// A localVariable is a variable of a function, or one that it has captured.
type localVariable struct {
	name string
	typ  dwarf.Offset
	loc  []byte // an expression; nil: see list
	list int64  // where its list of expressions begins; -1: it has none
	// captured is its offset in the closure, if it was captured; else 0.
	captured int64
	// inlined means that it belongs to an inlined function of the runtime.
	inlined bool
}

// function returns the function that pc, as linked, is in.
func (t *typeTable) function(pc uint64) (function, bool) {
	i, ok := slices.BinarySearchFunc(t.functions, pc, func(f function, pc uint64) int { return cmp.Compare(f.lo, pc) })
	if !ok {
		i--
	}
	if i < 0 || pc >= t.functions[i].hi {
		return function{}, false
	}
	return t.functions[i], true
}

// locals returns the variables of a function, with those of what has been inlined.
func (t *typeTable) locals(f function) []localVariable {
	if list, ok := t.localsOf[f.entry]; ok {
		return list
	}
	var list []localVariable
	r := t.d.Reader()
	r.Seek(f.entry)
	var inside []bool // of the entries that e is in: whether it is an inlined function of the runtime
	for {
		e, err := r.Next()
		if err != nil || e == nil {
			break
		}
		if e.Tag == 0 {
			inside = inside[:max(len(inside)-1, 0)]
		} else if e.Tag == dwarf.TagVariable || e.Tag == dwarf.TagFormalParameter {
			if v, ok := t.localVariable(e); ok {
				v.inlined = slices.Contains(inside, true)
				list = append(list, v)
			}
		}
		if e.Children {
			inside = append(inside, e.Tag == dwarf.TagInlinedSubroutine && isRuntime(t.originName(e)))
		}
		if len(inside) == 0 {
			break
		}
	}
	t.localsOf[f.entry] = list
	return list
}

func (t *typeTable) localVariable(e *dwarf.Entry) (localVariable, bool) {
	v := localVariable{list: -1}
	switch loc := e.Val(dwarf.AttrLocation).(type) {
	case []byte:
		v.loc = loc
	case int64:
		v.list = loc
	}
	v.captured, _ = e.Val(attrClosureOffset).(int64)
	if origin, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); ok {
		r := t.d.Reader()
		r.Seek(origin)
		o, err := r.Next()
		if err != nil || o == nil {
			return v, false
		}
		e = o
	}
	v.name, _ = e.Val(dwarf.AttrName).(string)
	typ, ok := e.Val(dwarf.AttrType).(dwarf.Offset)
	v.typ = typ
	// .autotmp_1 and the like are the compiler's own, _atR1 is a probe's, and the address of what has moved to the heap
	// is called &_atR1.
	return v, ok && v.name != "" && v.name[0] != '.' && !runtime.Local(strings.TrimPrefix(v.name, "&"))
}

// originName returns the name of the function that an entry is an instance of.
func (t *typeTable) originName(e *dwarf.Entry) string {
	origin, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
	if !ok {
		return ""
	}
	r := t.d.Reader()
	r.Seek(origin)
	o, err := r.Next()
	if err != nil || o == nil {
		return ""
	}
	name, _ := o.Val(dwarf.AttrName).(string)
	return name
}

// A piece is a part of a variable that is on the stack: at addr from the variable's byte off on.
type piece struct {
	addr      uint64
	off, size int64
}

// The DWARF operators that Go uses for variables on the stack.
const (
	opConsts     = 0x11
	opPlus       = 0x22
	opPlusUconst = 0x23
	opReg0       = 0x50
	opReg31      = 0x6f
	opRegx       = 0x90
	opFbreg      = 0x91
	opPiece      = 0x93
	opFrameCFA   = 0x9c
)

// pieces evaluates the location of a variable of size bytes in a frame.
func pieces(expr []byte, cfa uint64, size int64) (list []piece) {
	var at uint64
	onStack := false
	off := int64(0)
	for len(expr) > 0 {
		op := expr[0]
		expr = expr[1:]
		switch {
		case op == opFrameCFA:
			at, onStack = cfa, true
		case op == opFbreg:
			n, k := sleb(expr)
			expr = expr[k:]
			at, onStack = cfa+uint64(n), true
		case op == opConsts:
			n, k := sleb(expr)
			expr = expr[k:]
			at += uint64(n) // with the plus that follows
		case op == opPlus:
		case op == opPlusUconst:
			n, k := uleb(expr)
			expr = expr[k:]
			at += n
		case op >= opReg0 && op <= opReg31:
			onStack = false
		case op == opRegx:
			_, k := uleb(expr)
			expr = expr[k:]
			onStack = false
		case op == opPiece:
			n, k := uleb(expr)
			expr = expr[k:]
			if onStack {
				list = append(list, piece{at, off, int64(n)})
			}
			off, onStack = off+int64(n), false
		default:
			return nil
		}
	}
	if onStack {
		list = append(list, piece{at, off, size - off})
	}
	return list
}

func uleb(b []byte) (v uint64, n int) {
	for shift := 0; n < len(b) && shift < 64; shift += 7 {
		c := b[n]
		n++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	return v, n
}

func sleb(b []byte) (v int64, n int) {
	for shift := 0; n < len(b) && shift < 64; shift += 7 {
		c := b[n]
		n++
		v |= int64(c&0x7f) << shift
		if c < 0x80 {
			if c&0x40 != 0 && shift+7 < 64 {
				v |= -1 << (shift + 7)
			}
			break
		}
	}
	return v, n
}

// location returns the expression for where a variable is at pc, as linked; nil: it is nowhere.
func (t *typeTable) location(v localVariable, f function, pc uint64) []byte {
	if v.list < 0 {
		return v.loc
	}
	base, _ := f.unit.Val(dwarf.AttrLowpc).(uint64)
	if len(t.sections.loclists) > 0 && v.list < int64(len(t.sections.loclists)) {
		addrBase, _ := f.unit.Val(dwarf.AttrAddrBase).(int64)
		return t.sections.inLists(t.sections.loclists[v.list:], base, addrBase, pc)
	}
	if v.list < int64(len(t.sections.loc)) {
		return inOldList(t.sections.loc[v.list:], base, pc)
	}
	return nil
}

// locSections are the sections of the debug information that package dwarf does not read.
type locSections struct{ loclists, loc, addr []byte }

// address returns an address by its index in .debug_addr.
func (s *locSections) address(base int64, i uint64) uint64 {
	at := uint64(base) + i*8
	if base < 0 || at+8 > uint64(len(s.addr)) || at+8 < at {
		return 0
	}
	return le64(s.addr[at:])
}

// inLists finds the expression for pc in a list of DWARF 5.
func (s *locSections) inLists(b []byte, base uint64, addrBase int64, pc uint64) []byte {
	num := func() uint64 {
		v, n := uleb(b)
		b = b[n:]
		return v
	}
	word := func() uint64 {
		if len(b) < 8 {
			b = nil
			return 0
		}
		v := le64(b)
		b = b[8:]
		return v
	}
	for len(b) > 0 {
		kind := b[0]
		b = b[1:]
		var lo, hi uint64
		switch kind {
		case 1: // DW_LLE_base_addressx
			base = s.address(addrBase, num())
			continue
		case 2: // startx_endx
			lo = s.address(addrBase, num())
			hi = s.address(addrBase, num())
		case 3: // startx_length
			lo = s.address(addrBase, num())
			hi = lo + num()
		case 4: // offset_pair
			lo = base + num()
			hi = base + num()
		case 5: // default_location
			hi = ^uint64(0)
		case 6: // base_address
			base = word()
			continue
		case 7: // start_end
			lo = word()
			hi = word()
		case 8: // start_length
			lo = word()
			hi = lo + num()
		default:
			return nil
		}
		n := num()
		if n > uint64(len(b)) {
			return nil
		}
		if pc >= lo && pc < hi {
			return b[:n]
		}
		b = b[n:]
	}
	return nil
}

// inOldList finds the expression for pc in a list of DWARF 4.
func inOldList(b []byte, base, pc uint64) []byte {
	for len(b) >= 18 {
		lo, hi := le64(b), le64(b[8:])
		if lo == ^uint64(0) {
			base = hi
			b = b[16:]
			continue
		}
		if lo == 0 && hi == 0 {
			return nil
		}
		n := int(binary.LittleEndian.Uint16(b[16:]))
		b = b[18:]
		if n > len(b) {
			return nil
		}
		if pc >= base+lo && pc < base+hi {
			return b[:n]
		}
		b = b[n:]
	}
	return nil
}

// local returns the variable of goroutine g that has the word at addr of its stack, and where the variable begins.
// Without debug information, or outside of variables, it returns the name of the function. own reports whether the
// frame does not belong to the runtime.
func (r *Result) local(g int32, addr uint64) (name string, typ dwarf.Type, at uint64, own bool) {
	m := r.m
	gr := &m.gs[g]
	for _, f := range m.frames(gr) {
		// The arguments of a frame are above it.
		if !f.has(addr) {
			continue
		}
		own = f.info.own
		// What a register has during the call is on the stack after it.
		for _, pc := range []uint64{f.pc - 1, f.pc} {
			if v, at := r.variableIn(f, pc-m.bias, addr); own && v != nil {
				return v.name, m.prog.types.typeAt(v.typ), at, true
			}
		}
		if addr < f.fp {
			return r.frameAt(f.pc).Func, nil, 0, own
		}
	}
	return "", nil, 0, false
}

// variableIn returns the variable of a frame that the word at addr belongs to, at pc as linked, and where it begins;
// nil: there is none.
func (r *Result) variableIn(f frame, pc, addr uint64) (v *localVariable, at uint64) {
	t := r.m.prog.typeTable()
	if t == nil {
		return nil, 0
	}
	fn, ok := t.function(pc)
	if !ok {
		return nil, 0
	}
	list := t.locals(fn)
	for i := range list {
		typ := t.typeAt(list[i].typ)
		if typ == nil || list[i].inlined {
			continue
		}
		for _, p := range pieces(t.location(list[i], fn, pc), f.fp, typ.Size()) {
			if addr >= p.addr && addr < p.addr+uint64(p.size) {
				return &list[i], p.addr - uint64(p.off)
			}
		}
	}
	return nil, 0
}

// captured returns what the word at an offset of a closure is: a variable that the function at pc has captured.
func (r *Result) captured(pc uint64, off int64) (name string, typ dwarf.Type, base int64) {
	t := r.m.prog.typeTable()
	if t == nil {
		return "", nil, 0
	}
	fn, ok := t.function(pc - r.m.bias)
	if !ok {
		return "", nil, 0
	}
	for _, v := range t.locals(fn) {
		if v.captured <= 0 {
			continue
		}
		if typ := t.typeAt(v.typ); typ != nil && off >= v.captured && off < v.captured+typ.Size() {
			return v.name, typ, v.captured
		}
	}
	return "", nil, 0
}

// argument returns the name of what goroutine g passes first to the function of the runtime, or of package sync, that
// it waits in: a variable that the call, which is over for the compiler, has in the first register. Nothing else may
// know that variable any more.
func (r *Result) argument(g int32) string {
	t := r.m.prog.typeTable()
	if t == nil {
		return ""
	}
	for _, f := range r.m.frames(&r.m.gs[g]) {
		if !f.info.own {
			continue
		}
		pc := f.pc - r.m.bias - 1
		fn, ok := t.function(pc)
		if !ok {
			return ""
		}
		for _, v := range t.locals(fn) {
			if loc := t.location(v, fn, pc); v.inlined || len(loc) != 1 || loc[0] != opReg0 {
				continue
			}
			ptr, ok := underlying(t.typeAt(v.typ)).(*dwarf.PtrType)
			if !ok {
				continue
			}
			name := strings.TrimPrefix(v.name, "&")
			if !strings.HasPrefix(nameOf(ptr.Type), "hchan<") {
				name += fieldAt(ptr.Type, 0, false)
			}
			return name
		}
		return ""
	}
	return ""
}
