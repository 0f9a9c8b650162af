package reach

import (
	"debug/dwarf"
	"strings"
)

// LayoutFromDWARF reads the layout of the runtime from the debug information of an executable.
func LayoutFromDWARF(d *dwarf.Data, goVersion, arch string) (*Layout, error) {
	l := &Layout{
		Go: goVersion, Arch: arch,
		Fields: make(map[string]Field), Sizes: make(map[string]int64), Consts: make(map[string]int64),
		Pointers: make(map[string][]int64),
	}
	structs := make(map[string]wantedStruct)
	for _, w := range wantedStructs {
		structs["runtime."+strings.TrimSuffix(w.name, "?")] = w
	}
	structs["internal/abi.Type"] = structs["runtime._type"] // an alias since Go 1.21
	consts := make(map[string]bool)
	for _, c := range wantedConsts {
		consts["runtime."+c] = true
	}
	r := d.Reader()
	for {
		e, err := r.Next()
		if err != nil {
			return nil, err
		}
		if e == nil {
			break
		}
		switch e.Tag {
		case dwarf.TagCompileUnit:
			// The types are in the unit of the package that declares them, or in any.
		case dwarf.TagSubprogram, dwarf.TagSubroutineType:
			r.SkipChildren()
		case dwarf.TagConstant:
			name, _ := e.Val(dwarf.AttrName).(string)
			if v, ok := e.Val(dwarf.AttrConstValue).(int64); ok && consts[name] {
				l.Consts[strings.TrimPrefix(name, "runtime.")] = v
			}
		case dwarf.TagStructType:
			name, _ := e.Val(dwarf.AttrName).(string)
			if w, ok := structs[name]; ok {
				if err := l.addStruct(d, e.Offset, w); err != nil {
					return nil, err
				}
				delete(structs, name)
			}
			r.SkipChildren()
		}
	}
	return l, l.Check()
}

// addStruct takes what is wanted of the struct type at off.
func (l *Layout) addStruct(d *dwarf.Data, off dwarf.Offset, w wantedStruct) error {
	t, err := d.Type(off)
	if err != nil {
		return err
	}
	st, ok := t.(*dwarf.StructType)
	if !ok {
		return nil
	}
	name := strings.TrimSuffix(w.name, "?")
	l.Sizes[name] = st.ByteSize
	if name == "p" || name == "m" || name == "g" {
		l.Pointers[name] = pointerWords(st, 0, nil)
	}
	for _, p := range strings.Fields(w.fields) {
		p = strings.TrimSuffix(p, "?")
		if f, ok := fieldOf(st, strings.Split(p, ".")); ok {
			l.Fields[name+"."+p] = f
		}
	}
	return nil
}

// pointerWords appends the offsets of the words of t that are pointers.
func pointerWords(t dwarf.Type, off int64, list []int64) []int64 {
	switch t := t.(type) {
	case *dwarf.TypedefType:
		return pointerWords(t.Type, off, list)
	case *dwarf.PtrType, *dwarf.FuncType, *dwarf.UnspecifiedType, *dwarf.VoidType:
		return append(list, off)
	case *dwarf.ArrayType:
		one := pointerWords(t.Type, 0, nil)
		for i := int64(0); i < t.Count && len(one) > 0; i++ {
			for _, o := range one {
				list = append(list, off+i*t.Type.Size()+o)
			}
		}
	case *dwarf.StructType:
		for _, f := range t.Field {
			list = pointerWords(f.Type, off+f.ByteOffset, list)
		}
	}
	return list
}

// fieldOf follows a path of field names in t.
func fieldOf(t dwarf.Type, path []string) (Field, bool) {
	var off int64
next:
	for _, name := range path {
		st, ok := underlying(t).(*dwarf.StructType)
		if !ok {
			return Field{}, false
		}
		for _, f := range st.Field {
			if f.Name == name {
				off += f.ByteOffset
				t = f.Type
				continue next
			}
		}
		return Field{}, false
	}
	return Field{off, t.Size()}, true
}

// underlying follows typedefs, which are what DWARF makes of Go's named types.
func underlying(t dwarf.Type) dwarf.Type {
	for {
		td, ok := t.(*dwarf.TypedefType)
		if !ok {
			return t
		}
		t = td.Type
	}
}
