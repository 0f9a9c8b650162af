package reach

// extraStar says that the string of a type begins with a star that does not belong to it.
const extraStar = 1 << 1

// typeName returns the name of the type whose runtime._type is at addr, or "".
func (r *Result) typeName(addr uint64) string {
	m := r.m
	if addr == 0 {
		return ""
	}
	if name, ok := r.typeNames[addr]; ok {
		return name
	}
	if r.typeNames == nil {
		r.typeNames = make(map[uint64]string)
	}
	name := ""
	if !m.code.r.checked(func() { name = r.readTypeName(addr) }) {
		name = ""
	}
	r.typeNames[addr] = name
	return name
}

func (r *Result) readTypeName(addr uint64) string {
	m := r.m
	for i := range m.modules {
		mod := &m.modules[i]
		if addr < mod.types || addr >= mod.etypes {
			continue
		}
		b := m.code.r.view(addr, uint64(m.prog.Layout.Sizes["_type"]))
		off := uint64(m.o.typeStr.get(b))
		if off == 0 || mod.types+off >= mod.etypes {
			return ""
		}
		// A name is a byte of flags, the length as a varint, and the text.
		at := mod.types + off + 1
		n := uint64(0)
		for shift := 0; shift < 21; shift += 7 {
			c := m.code.r.u8(at)
			at++
			n |= uint64(c&0x7f) << shift
			if c < 0x80 {
				break
			}
		}
		if n > maxString {
			return ""
		}
		name := string(m.code.r.bytes(at, n))
		if m.o.typeFlag.get(b)&extraStar != 0 && len(name) > 0 {
			name = name[1:]
		}
		return name
	}
	return ""
}
