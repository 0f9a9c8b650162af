package reach

import (
	"cmp"
	"debug/dwarf"
	"slices"
	"sort"
	"strings"
)

// A static is a word of a variable that points to memory which the compiler has provided for &T{…} or []T{…}. That
// memory has no name of its own in the symbol table and in the debug information.
type static struct{ to, from uint64 }

// maxStatics bounds how many statics are tried for an address.
const maxStatics = 16

// madeUp reports whether a name is the compiler's, for the memory of a static in programs that share libraries.
func madeUp(name string) bool { return strings.Contains(name, "..stmp_") }

// findStatics returns the statics, sorted by where they point to.
func (r *Result) findStatics() []static {
	if r.staticsFound {
		return r.statics
	}
	r.staticsFound = true
	m := r.m
	if len(m.prog.Variables) == 0 {
		return nil
	}
	m.eachGlobal(func(val, at uint64) {
		if m.global(val) {
			if _, ok := m.prog.variable(val - m.bias); !ok {
				r.statics = append(r.statics, static{val, at})
			}
		}
	})
	slices.SortStableFunc(r.statics, func(a, b static) int { return cmp.Compare(a.to, b.to) })
	return r.statics
}

// A pointee is a value that a variable points to.
type pointee struct {
	name string // the variable, with the fields on the way
	typ  dwarf.Type
	addr uint64
	size uint64
	many bool // it has several values of the type
}

// staticAt returns the value that addr is in: of several, of which one has the others, the largest. Without debug
// information it has no type, and addr must be its beginning.
func (r *Result) staticAt(addr uint64) (p pointee, ok bool) {
	if p, ok = r.pointees[addr]; ok {
		return p, p.name != ""
	}
	if r.pointees == nil {
		r.pointees = make(map[uint64]pointee)
	}
	r.pointees[addr] = p // as long as it is looked for: statics may point to each other
	list := r.findStatics()
	end := sort.Search(len(list), func(i int) bool { return list[i].to > addr })
	for _, named := range []bool{true, false} {
		for i := end - 1; i >= max(0, end-maxStatics); i-- {
			if q := r.pointee(list[i], named); q.name != "" && addr-q.addr < q.size {
				p = q
			}
		}
		if p.name != "" {
			break
		}
	}
	r.pointees[addr] = p
	return p, p.name != ""
}

// pointee returns the value that a static points to, from a variable of the program's own or from what another static
// points to; without a name if it is not known.
func (r *Result) pointee(s static, named bool) (in pointee) {
	m := r.m
	t := m.prog.typeTable()
	switch {
	case t == nil:
		if v, ok := m.prog.variable(s.from - m.bias); ok && named {
			return pointee{name: v.Name, addr: s.to, size: 1}
		}
		return in
	case named:
		if v, typ := t.variable(s.from - m.bias); typ != nil {
			in = pointee{name: v.name, typ: typ, addr: v.addr + m.bias}
		}
	default:
		in, _ = r.staticAt(s.from)
	}
	if in.name == "" {
		return in
	}
	p := &pather{r: r, t: t, elems: []string{""}, name: in.name, typ: in.typ, addr: in.addr, many: in.many}
	p.follow(s.from)
	if p.typ == nil {
		return pointee{}
	}
	size := uint64(max(p.typ.Size(), 1))
	if p.many {
		size *= m.word64(s.from + 8)
	}
	return pointee{p.name, p.typ, p.addr, size, p.many}
}
