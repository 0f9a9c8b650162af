package reach

import (
	"cmp"
	"debug/dwarf"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// attrRuntimeType is what Go's DWARF has of a type: the address of its runtime._type, or its distance from the first of
// all.
const attrRuntimeType = dwarf.Attr(0x2904)

// A typeTable finds types and variables in the debug information.
type typeTable struct {
	d         *dwarf.Data
	variables []typedVariable // sorted by address
	byRuntime map[uint64]dwarf.Offset
	functions []function              // sorted by address
	byName    map[string]dwarf.Offset // structs of the runtime
	sections  locSections
	localsOf  map[dwarf.Offset][]localVariable
}

// A typedVariable is a global variable with its type.
type typedVariable struct {
	name string
	addr uint64
	typ  dwarf.Offset
}

// A function is one in the debug information.
type function struct {
	lo, hi uint64
	entry  dwarf.Offset
	unit   *dwarf.Entry
}

// typeTable returns the program's types; nil if it has no debug information.
func (p *Program) typeTable() *typeTable {
	if p.types == nil && p.DWARF != nil {
		p.types = newTypeTable(p.DWARF)
		p.types.sections = p.locations
	}
	return p.types
}

func newTypeTable(d *dwarf.Data) *typeTable {
	t := &typeTable{d: d, byName: make(map[string]dwarf.Offset), byRuntime: make(map[uint64]dwarf.Offset),
		localsOf: make(map[dwarf.Offset][]localVariable)}
	r := d.Reader()
	var unit *dwarf.Entry
	for {
		e, err := r.Next()
		if err != nil || e == nil {
			break
		}
		switch e.Tag {
		case dwarf.TagCompileUnit:
			unit = e
			continue
		case dwarf.TagVariable:
			t.addVariable(e)
		case dwarf.TagSubprogram:
			lo, ok := e.Val(dwarf.AttrLowpc).(uint64)
			if hi, ok2 := highPC(e, lo); ok && ok2 {
				t.functions = append(t.functions, function{lo, hi, e.Offset, unit})
			}
		default:
			if name, _ := e.Val(dwarf.AttrName).(string); name == "runtime.timer" && e.Tag == dwarf.TagStructType {
				t.byName[name] = e.Offset
			}
			if v, ok := e.Val(attrRuntimeType).(uint64); ok && v != 0 {
				if _, dup := t.byRuntime[v]; !dup {
					t.byRuntime[v] = e.Offset
				}
			}
		}
		r.SkipChildren()
	}
	slices.SortFunc(t.variables, func(a, b typedVariable) int { return cmp.Compare(a.addr, b.addr) })
	slices.SortFunc(t.functions, func(a, b function) int { return cmp.Compare(a.lo, b.lo) })
	return t
}

// highPC returns where a function ends.
func highPC(e *dwarf.Entry, lo uint64) (uint64, bool) {
	switch hi := e.Val(dwarf.AttrHighpc).(type) {
	case uint64:
		return hi, true
	case int64:
		return lo + uint64(hi), true
	}
	return 0, false
}

// opAddr is DW_OP_addr.
const opAddr = 3

func (t *typeTable) addVariable(e *dwarf.Entry) {
	loc, _ := e.Val(dwarf.AttrLocation).([]byte)
	typ, ok := e.Val(dwarf.AttrType).(dwarf.Offset)
	name, _ := e.Val(dwarf.AttrName).(string)
	if ok && len(loc) == 9 && loc[0] == opAddr {
		t.variables = append(t.variables, typedVariable{name, binary.LittleEndian.Uint64(loc[1:]), typ})
	}
}

// typeAt returns the type at an offset, or nil.
func (t *typeTable) typeAt(off dwarf.Offset) dwarf.Type {
	typ, err := t.d.Type(off)
	if err != nil {
		return nil
	}
	return typ
}

// variable returns the variable that an address, as linked, is in, with its type, or nil.
func (t *typeTable) variable(addr uint64) (typedVariable, dwarf.Type) {
	i, ok := slices.BinarySearchFunc(t.variables, addr,
		func(v typedVariable, addr uint64) int { return cmp.Compare(v.addr, addr) })
	if !ok {
		i--
	}
	if i < 0 {
		return typedVariable{}, nil
	}
	v := t.variables[i]
	typ := t.typeAt(v.typ)
	if typ == nil || addr >= v.addr+uint64(max(typ.Size(), 1)) {
		return typedVariable{}, nil
	}
	return v, typ
}

// A leaf is the pointer at some place of a value: how one gets there, and its type.
type leaf struct {
	path string // such as ".conns[3]"
	typ  dwarf.Type
	off  int64 // from the beginning of the leaf: the second word of an interface is at 8
	// in is the struct that has the leaf as a field.
	in *dwarf.StructType
}

// leafAt descends from a type to the pointer at an offset.
func leafAt(typ dwarf.Type, off int64) (leaf, bool) {
	l := leaf{typ: typ, off: off}
descend:
	for n := 0; n < 64; n++ {
		switch u := underlying(l.typ).(type) {
		case *dwarf.StructType:
			if isSlice(u) || isInterface(u) || u.StructName == "string" {
				return l, true
			}
			for _, f := range u.Field {
				if size := f.Type.Size(); l.off >= f.ByteOffset && l.off < f.ByteOffset+size {
					l.in = u
					l.path += "." + f.Name
					l.typ, l.off = f.Type, l.off-f.ByteOffset
					continue descend
				}
			}
			return l, false
		case *dwarf.ArrayType:
			size := u.Type.Size()
			if size <= 0 {
				return l, false
			}
			i := l.off / size
			if i >= u.Count {
				return l, false
			}
			l.path += "[" + strconv.FormatInt(i, 10) + "]"
			l.typ, l.off = u.Type, l.off-i*size
		default:
			return l, l.typ != nil
		}
	}
	return l, false
}

func isSlice(s *dwarf.StructType) bool {
	return strings.HasPrefix(s.StructName, "[]") && len(s.Field) == 3
}

func isInterface(s *dwarf.StructType) bool {
	return s.StructName == "runtime.iface" || s.StructName == "runtime.eface"
}

// isMapInternal reports whether a type is what a map is made of, in any version of Go.
func isMapInternal(name string) bool {
	return slices.ContainsFunc([]string{"map<", "hash<", "bucket<", "table<", "groupReference<", "group<", "noalg.map.",
		"map.group[", "map.bucket["},
		func(p string) bool { return strings.HasPrefix(name, p) })
}

// nameOf returns the name of a type in Go's syntax; a struct without a name is "struct".
func nameOf(t dwarf.Type) string {
	name := ""
	switch t := t.(type) {
	case nil:
		return ""
	case *dwarf.TypedefType:
		name = t.Name
	case *dwarf.StructType:
		name = t.StructName
	case *dwarf.PtrType:
		return "*" + nameOf(t.Type)
	default:
		name = t.Common().Name
	}
	if strings.HasPrefix(name, "struct {") && name != "struct {}" {
		return "struct"
	}
	return name
}

// isDirect reports whether a value of the type is a pointer: then the data word of an interface is the value itself.
func isDirect(t dwarf.Type) bool {
	switch u := underlying(t).(type) {
	case *dwarf.PtrType, *dwarf.FuncType, *dwarf.UnspecifiedType, *dwarf.VoidType:
		return true
	case *dwarf.StructType:
		return len(u.Field) == 1 && u.ByteSize == 8 && isDirect(u.Field[0].Type)
	case *dwarf.ArrayType:
		return u.Count == 1 && isDirect(u.Type)
	}
	return false
}

// structNamed returns a struct type by its name, or nil.
func (t *typeTable) structNamed(name string) dwarf.Type {
	off, ok := t.byName[name]
	if !ok {
		return nil
	}
	return t.typeAt(off)
}
