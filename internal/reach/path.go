package reach

import (
	"debug/dwarf"
	"fmt"
	"strconv"
	"strings"
)

// A pather finds how a root leads to what is waited for, in the program's own names: "global main.registry", "map",
// "*main.session.done".
type pather struct {
	r     *Result
	t     *typeTable // nil: there is no debug information
	elems []string
	// typ is the type of what is at addr, the value that was reached; nil: unknown. many says that more such values
	// follow it.
	typ   dwarf.Type
	addr  uint64
	many  bool
	inMap bool
	// closure is the function of the closure that the path has entered; zero means none.
	closure uint64
	// name is how the program would write it, as far as that is known; see Target.Name. lost says that it is not.
	name string
	lost bool
}

// path returns the path of a waker to target, which is in the last of its objects.
func (r *Result) path(w *Waker, target uint64) []string {
	p := &pather{r: r, t: r.m.prog.typeTable()}
	p.lead(w, target)
	return p.elems
}

// lead goes from a waker to target.
func (p *pather) lead(w *Waker, target uint64) {
	word := p.start(w)
	for i, id := range w.objs {
		if i > 0 || word != 0 {
			p.follow(word)
			p.enter(id)
		} else if p.typ == nil {
			p.enter(id)
		}
		if i+1 < len(w.objs) {
			word = p.wordTo(id, w.objs[i+1])
		}
	}
	if len(w.objs) > 0 {
		p.finish(target)
	}
}

// start begins the path with the waker, and returns the address of the word that leads on; zero: there is none.
func (p *pather) start(w *Waker) uint64 {
	m := p.r.m
	switch {
	case w.Kind == ByTimer:
		p.elems = []string{"timer"}
		if p.t != nil {
			p.typ, p.addr = p.t.structNamed("runtime.timer"), w.timer
		}
		return 0
	case w.root.kind() == rootGlobal:
		p.elems, p.name = []string{"global " + w.Name}, w.Name
		if w.Name == "" {
			p.elems[0] = fmt.Sprintf("global at %#x", w.root.addr)
		}
		if p.t != nil {
			v, typ := p.t.variable(w.root.addr - m.bias)
			if typ != nil {
				p.elems[0], p.name = "global "+v.name, v.name
				p.typ, p.addr = typ, v.addr+m.bias
			} else if s, ok := p.r.staticAt(w.root.addr); ok {
				p.elems[0], p.name = "global "+s.name, s.name
				p.typ, p.addr, p.many = s.typ, s.addr, s.many
				if !s.many && len(w.objs) > 0 {
					p.elems = append(p.elems, "*"+nameOf(s.typ))
				}
			}
		}
		return w.root.addr
	case w.Kind == ByGoroutine:
		addr, name, typ, at := p.r.bestRoot(w.root)
		p.elems = []string{fmt.Sprintf("goroutine %d", w.Goroutine)}
		if name != "" {
			p.elems = append(p.elems, strings.TrimPrefix(name, "&"))
		}
		p.name, p.lost = strings.TrimPrefix(name, "&"), typ == nil
		p.typ, p.addr = typ, at
		return addr
	}
	p.elems = []string{w.Name}
	if w.Name == "" {
		p.elems[0] = "finalizer"
	}
	return 0
}

// add appends to the last element.
func (p *pather) add(s string) {
	p.elems[len(p.elems)-1] += s
	p.name += s
}

// follow goes through the pointer at word, which is in the value that was reached.
func (p *pather) follow(word uint64) {
	typ, addr, many, closure := p.typ, p.addr, p.many, p.closure
	p.typ, p.addr, p.many, p.closure = nil, 0, false, 0
	if closure != 0 {
		if name, t, base := p.r.captured(closure, int64(word-addr)); t != nil {
			name = strings.TrimPrefix(name, "&")
			p.add(" " + name)
			p.name, p.lost = name, false
			if l, ok := leafAt(t, int64(word-addr)-base); ok {
				p.add(l.path)
				p.deref(l, word)
			}
			return
		}
	}
	if typ == nil {
		p.guess(word)
		return
	}
	off := int64(word - addr)
	index := ""
	if size := typ.Size(); off >= size && many && size > 0 {
		index = "[" + strconv.FormatInt(off/size, 10) + "]"
		off %= size
	} else if many {
		index = "[0]"
	}
	if off < 0 {
		return
	}
	l, ok := leafAt(typ, off)
	if !ok {
		p.guess(word)
		return
	}
	if nameOf(typ) == "runtime.timer" {
		// The program has no field for what the timer will do.
	} else if p.inMap {
		p.add(inMap(l.path))
	} else {
		p.add(index + l.path)
	}
	p.deref(l, word)
}

// inMap returns what is left of the path in a map's own structs: that in a value or in a key.
func inMap(path string) string {
	for _, part := range []string{".elem", ".key", ".values[", ".keys["} {
		if i := strings.Index(path, part); i >= 0 {
			path = path[i+len(part):]
			if strings.HasSuffix(part, "[") {
				_, path, _ = strings.Cut(path, "]")
			}
			return path
		}
	}
	return ""
}

// deref goes on to what a pointer points to.
func (p *pather) deref(l leaf, word uint64) {
	val := p.r.m.word64(word)
	switch u := underlying(l.typ).(type) {
	case *dwarf.PtrType:
		p.typ, p.addr = u.Type, val
		if l.in != nil && strings.HasPrefix(l.in.StructName, "map<") && strings.HasSuffix(l.path, ".dirPtr") {
			if p.r.m.word64(word+8) == 0 { // dirLen: a small map is one group
				p.typ = groupOf(u.Type)
			}
		}
		p.many = isMapInternal(nameOf(p.typ)) || strings.HasPrefix(nameOf(p.typ), "*table<")
	case *dwarf.StructType:
		switch {
		case isSlice(u):
			if ptr, ok := underlying(u.Field[0].Type).(*dwarf.PtrType); ok {
				p.typ, p.addr, p.many = ptr.Type, val, true
			}
		case isInterface(u):
			p.dynamic(word-uint64(l.off), u.StructName == "runtime.iface")
		}
	}
}

// groupOf returns the type of a group of a Swiss map, from that of its directory.
func groupOf(t dwarf.Type) dwarf.Type {
	for range 2 {
		ptr, ok := underlying(t).(*dwarf.PtrType)
		if !ok {
			break
		}
		t = ptr.Type
	}
	for _, name := range []string{"groups", "data"} {
		st, ok := underlying(t).(*dwarf.StructType)
		if !ok {
			return nil
		}
		t = nil
		for _, f := range st.Field {
			if f.Name == name {
				t = f.Type
			}
		}
	}
	if ptr, ok := underlying(t).(*dwarf.PtrType); ok {
		return ptr.Type
	}
	return nil
}

// dynamic goes on to the value in the interface at addr.
func (p *pather) dynamic(addr uint64, methods bool) {
	rtype := p.r.m.word64(addr)
	if methods {
		rtype = p.r.m.word64(rtype + 8) // of the itab
	}
	p.typ, p.addr = p.r.dwarfType(rtype), p.r.m.word64(addr+8)
	if p.typ != nil && isDirect(p.typ) {
		if ptr, ok := underlying(p.typ).(*dwarf.PtrType); ok {
			p.typ = ptr.Type
		} else {
			p.typ = nil
		}
	}
}

// guess goes through a word about which nothing else is known: it may be the second of an interface.
func (p *pather) guess(word uint64) {
	if word%8 != 0 || p.t == nil {
		return
	}
	for _, methods := range []bool{false, true} {
		rtype := p.r.m.word64(word - 8)
		if methods && rtype != 0 {
			rtype = p.r.m.word64(rtype + 8)
		}
		if rtype != 0 && p.r.isType(rtype) {
			p.dynamic(word-8, methods)
			return
		}
	}
}

// enter begins an element for an object. Its type is that of the pointer, else what the object itself says.
func (p *pather) enter(id uint32) {
	if p.typ == nil {
		p.typ, p.addr, p.many = p.r.header(id)
	}
	name := nameOf(p.typ)
	addr, size := p.r.m.heap.place(id)
	internal := isMapInternal(name) || strings.HasPrefix(name, "*table<")
	switch {
	case internal && p.inMap:
	case internal:
		p.elems = append(p.elems, "map")
		p.name += "[…]"
	case p.typ == nil:
		p.lost = true
		if pc := p.r.m.u64(addr); pc != 0 && p.r.m.code.at(pc).entry == pc {
			p.elems = append(p.elems, "func "+p.r.m.code.name(pc))
			p.closure, p.addr = pc, addr
		} else {
			p.elems = append(p.elems, fmt.Sprintf("object of %d bytes", size))
		}
	case strings.HasPrefix(name, "hchan<"):
		p.elems = append(p.elems, "chan "+strings.TrimSuffix(strings.TrimPrefix(name, "hchan<"), ">"))
	case p.many && name != "":
		// The elements of a slice belong to the element that has it.
	default:
		p.elems = append(p.elems, "*"+name)
	}
	p.inMap = internal
}

// wordTo returns the address of a word in one object that points to another.
func (p *pather) wordTo(id, to uint32) uint64 {
	m := p.r.m
	at, _ := m.heap.place(id)
	addr, size := m.heap.place(to)
	b := m.heap.contents(id)
	for o := 0; o+8 <= len(b); o += 8 {
		if w := le64(b[o:]); w >= addr && w < addr+size && m.isPointer(id, b, o) {
			return at + uint64(o)
		}
	}
	return 0
}

// finish ends the path with the place of target in the last object. A channel that a pointer leads to has its name by
// that pointer.
func (p *pather) finish(target uint64) {
	last := len(p.elems) - 1
	if p.typ == nil {
		if strings.HasPrefix(p.elems[last], "object of") && last > 0 {
			p.elems = p.elems[:last]
		}
		return
	}
	if strings.HasPrefix(nameOf(p.typ), "hchan<") {
		if last > 0 {
			p.elems = p.elems[:last]
		}
		return
	}
	// its neighbour, in memory that small objects share
	if target < p.addr || !p.many && target-p.addr >= uint64(max(p.typ.Size(), 1)) {
		p.lost = true
		return
	}
	if path := fieldAt(p.typ, int64(target-p.addr), p.many); path != "" {
		p.add(path)
	} else if last > 0 && !p.many {
		p.elems = p.elems[:last]
	}
}

// fieldAt returns the way to the field of a type that begins at an offset, and is of package sync; "" if the value
// itself is it.
func fieldAt(t dwarf.Type, off int64, many bool) string {
	path := ""
	for n := 0; n < 64; n++ {
		if strings.HasPrefix(nameOf(t), "sync.") && off == 0 {
			return path
		}
		if size := t.Size(); many && size > 0 {
			path += "[" + strconv.FormatInt(off/size, 10) + "]"
			off, many = off%size, false
		}
		switch u := underlying(t).(type) {
		case *dwarf.StructType:
			found := false
			for _, f := range u.Field {
				if off >= f.ByteOffset && off < f.ByteOffset+max(f.Type.Size(), 1) && f.Type.Size() > 0 {
					path += "." + f.Name
					t, off, found = f.Type, off-f.ByteOffset, true
					break
				}
			}
			if !found {
				return path
			}
		case *dwarf.ArrayType:
			size := u.Type.Size()
			if size <= 0 {
				return path
			}
			path += "[" + strconv.FormatInt(off/size, 10) + "]"
			t, off = u.Type, off%size
		default:
			return path
		}
	}
	return path
}

// word64 returns the word at addr: of the copy, of a stack, or of memory that never changes. Zero means unknown.
func (m *marker) word64(addr uint64) uint64 {
	if b := m.view(addr, 8); b != nil {
		return le64(b)
	}
	if b := m.onStack(addr, 8); b != nil {
		return le64(b)
	}
	if m.heap.spanAt(addr) >= 0 || addr < minPointer || addr >= maxAddress {
		return 0
	}
	return m.code.r.u64(addr)
}

// dwarfType returns the type in the debug information whose runtime._type is at addr, or nil.
func (r *Result) dwarfType(addr uint64) dwarf.Type {
	t := r.m.prog.typeTable()
	if t == nil {
		return nil
	}
	off, ok := t.byRuntime[addr-r.m.bias]
	if !ok && len(r.m.modules) > 0 {
		off, ok = t.byRuntime[addr-r.m.modules[0].types]
	}
	if !ok {
		return nil
	}
	return t.typeAt(off)
}

// isType reports whether a runtime._type is at addr.
func (r *Result) isType(addr uint64) bool {
	for i := range r.m.modules {
		if mod := &r.m.modules[i]; addr >= mod.types && addr < mod.etypes {
			return r.dwarfType(addr) != nil
		}
	}
	return false
}

const (
	// headerSize is that of the malloc header, which objects with pointers of more than headerFrom bytes have since Go
	// 1.22.
	headerSize = 8
	headerFrom = 512
	// largeFrom is from where on an object has a span of its own.
	largeFrom = 32<<10 - headerSize
)

// header returns the type that an object says it has, where the value begins, and whether it may be several.
func (r *Result) header(id uint32) (typ dwarf.Type, addr uint64, many bool) {
	sp := r.m.heap.owner(id)
	addr, _ = r.m.heap.place(id)
	if sp.noscan || sp.elem <= headerFrom {
		return nil, 0, false
	}
	if sp.nelems == 1 && sp.elem > largeFrom {
		return r.dwarfType(sp.largeType), addr, true
	}
	rtype := r.m.u64(addr)
	if !r.isType(rtype) {
		return nil, 0, false
	}
	typ = r.dwarfType(rtype)
	return typ, addr + headerSize, typ != nil && uint64(typ.Size()) <= sp.elem/2
}

// bestRoot returns the address of the word on the stack that leads to the object of a root: one in a variable of the
// program's own if there is any. With it come the variable, or its function, its type, and where it is.
func (r *Result) bestRoot(root root) (addr uint64, name string, typ dwarf.Type, at uint64) {
	m := r.m
	addr = root.addr
	best := 0
	for i, end := m.roots.of[root.g][0], m.roots.of[root.g][1]; i < end; i++ {
		o := m.roots.ofStack(i, root.g)
		if o.obj != root.obj || o.addr == 0 || m.onStack(o.addr, 8) == nil {
			continue
		}
		n, t, a, own := r.local(root.g, o.addr)
		rank := 1
		switch {
		case t != nil:
			rank = 3
		case own:
			rank = 2
		case !own:
			n = ""
		}
		if rank > best {
			best, addr, name, typ, at = rank, o.addr, n, t, a
		}
	}
	return addr, name, typ, at
}
