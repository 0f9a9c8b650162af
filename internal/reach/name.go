package reach

import (
	"debug/dwarf"
	"strings"
)

const (
	// maxNameHops is how many objects may be between a variable and what is named after it.
	maxNameHops = 6
	// maxNameVisits bounds the search for a variable of the goroutine itself.
	maxNameVisits = 64
)

// name returns the name of the object at target, which goroutine g waits for at addr. It is the path from a global
// variable, or else from a variable of g, or empty if neither leads there.
func (r *Result) name(g int32, addr, target uint64) string {
	m := r.m
	id, ok := m.heap.id(addr)
	if !ok {
		return r.globalName(target)
	}
	if r.common.has(id) {
		if w, ok := r.globalPath(id); ok {
			p := &pather{r: r, t: m.prog.typeTable()}
			if p.lead(&w, target); !p.lost && p.name != "" {
				return p.name
			}
		}
	}
	if len(r.m.objs(g)) == 1 {
		if name := r.argument(g); name != "" {
			return name
		}
	}
	if name := r.byValue(g, target); name != "" {
		return name
	}
	return r.localName(g, id, target)
}

const (
	// maxNameFrames is in how many frames of the program's own a name is looked for by its value.
	maxNameFrames = 2
	// maxNameSize bounds the variables that are looked at for that.
	maxNameSize = 256
)

// byValue returns the name of the object at target by a variable of goroutine g that points to it, or to the value that
// holds it. The variable may be dead, but while it is on the stack it still names the object.
func (r *Result) byValue(g int32, target uint64) string {
	t := r.m.prog.typeTable()
	if t == nil {
		return ""
	}
	n := 0
	for _, f := range r.m.frames(&r.m.gs[g]) {
		if !f.info.own {
			continue
		}
		if n++; n > maxNameFrames {
			break
		}
		fn, ok := t.function(f.pc - r.m.bias)
		if !ok {
			continue
		}
		for _, v := range t.locals(fn) {
			if name := r.holds(t, v, fn, f, target); name != "" {
				return name
			}
		}
	}
	return ""
}

// holds returns the name of what is at target if a variable of a frame leads to it.
func (r *Result) holds(t *typeTable, v localVariable, fn function, f frame, target uint64) string {
	typ := t.typeAt(v.typ)
	if typ == nil || v.inlined || typ.Size() > maxNameSize {
		return ""
	}
	for _, p := range pieces(t.location(v, fn, f.pc-r.m.bias-1), f.fp, typ.Size()) {
		for o := int64(0); o+8 <= p.size; o += 8 {
			val := r.m.word64(p.addr + uint64(o))
			l, ok := leafAt(typ, p.off+o)
			if !ok || val < minPointer {
				continue
			}
			ptr, ok := underlying(l.typ).(*dwarf.PtrType)
			if !ok {
				continue
			}
			if field, ok := r.leads(ptr.Type, val, target); ok {
				return strings.TrimPrefix(v.name, "&") + l.path + field
			}
		}
	}
	return ""
}

// globalName returns the name of what is at an address that is not in the heap.
func (r *Result) globalName(addr uint64) string {
	if !r.m.global(addr) {
		return ""
	}
	if t := r.m.prog.typeTable(); t != nil {
		if v, typ := t.variable(addr - r.m.bias); typ != nil {
			return v.name + fieldAt(typ, int64(addr-r.m.bias-v.addr), false)
		}
		if p, ok := r.staticAt(addr); ok {
			return p.name + fieldAt(p.typ, int64(addr-p.addr), p.many)
		}
	}
	name, at := r.variableAt(addr)
	if at != addr {
		return "" // a part of it, and which is not known
	}
	return name
}

// globalPath returns the shortest way from a global variable of the program to an object.
func (r *Result) globalPath(id uint32) (w Waker, ok bool) {
	m := r.m
	objs := []uint32{id}
	for len(objs) <= maxNameHops {
		by := m.parent[id]
		if by&rootFlag == 0 {
			id = by
			objs = append([]uint32{id}, objs...)
			continue
		}
		root := m.roots.at(by &^ rootFlag)
		w = Waker{Kind: ByGlobal, root: root, objs: objs}
		w.Name, _ = r.variableAt(root.addr)
		return w, root.kind() == rootGlobal && w.Name != "" && !isRuntime(w.Name)
	}
	return w, false
}

// localName names what is at target, in the object id, by the path from a variable of goroutine g.
func (r *Result) localName(g int32, id uint32, target uint64) string {
	m := r.m
	if r.references() == nil {
		return ""
	}
	child := map[uint32]uint32{id: id}
	queue := []uint32{id}
	for i := 0; i < len(queue) && i < maxNameVisits; i++ {
		refs := r.refs.of(queue[i])
		for _, by := range refs[:min(len(refs), maxNameVisits)] {
			if by&rootFlag == 0 {
				if _, ok := child[by]; !ok {
					child[by] = queue[i]
					queue = append(queue, by)
				}
				continue
			}
			root := m.roots.at(by &^ rootFlag)
			if root.g != g {
				continue
			}
			if _, _, typ, _ := r.bestRoot(root); typ == nil {
				continue
			}
			w := Waker{Kind: ByGoroutine, root: root}
			for at := queue[i]; ; at = child[at] {
				w.objs = append(w.objs, at)
				if child[at] == at {
					break
				}
			}
			p := &pather{r: r, t: m.prog.typeTable()}
			if p.lead(&w, target); !p.lost && p.name != "" {
				return p.name
			}
		}
	}
	return ""
}

// leads returns how a value of a type at an address leads to target: it is it, has it as a field, or has its address in
// a field.
func (r *Result) leads(typ dwarf.Type, addr, target uint64) (field string, ok bool) {
	if strings.HasPrefix(nameOf(typ), "hchan<") {
		return "", addr == target
	}
	size := uint64(max(typ.Size(), 0))
	if target >= addr && target-addr < max(size, 1) {
		field = fieldAt(typ, int64(target-addr), false)
		return field, field != "" || addr == target
	}
	if _, ok := underlying(typ).(*dwarf.StructType); !ok {
		return "", false
	}
	for o := uint64(0); o+8 <= min(size, maxNameSize); o += 8 {
		if r.m.word64(addr+o) != target {
			continue
		}
		if l, ok := leafAt(typ, int64(o)); ok {
			if _, ok := underlying(l.typ).(*dwarf.PtrType); ok {
				return l.path, true
			}
		}
	}
	return "", false
}
