package target

import (
	"encoding/binary"

	"github.com/go-delve/delve/pkg/dwarf/godwarf"
	"github.com/go-delve/delve/pkg/proc"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// A field is a place inside a struct of the program.
type field struct {
	offset, size int64
}

// A layout finds the fields of the runtime's types in the debug information, because they move between Go versions. It
// keeps the first error, so that a table of fields needs no check for each.
type layout struct {
	bi  *proc.BinaryInfo
	err error
}

// field returns the field of typ at the end of path; each name is a field inside the one before.
func (l *layout) field(typ string, path ...string) field {
	f, ok := l.maybe(typ, path...)
	if !ok && l.err == nil {
		l.err = procfs.Damage("the debug information has no field %q of %s", path, typ)
	}
	return f
}

// maybe is field for a field that some Go versions lack.
func (l *layout) maybe(typ string, path ...string) (field, bool) {
	t, err := l.bi.FindType(typ)
	if err != nil {
		return field{}, false
	}
	f := field{0, t.Size()}
	for _, name := range path {
		sf := structField(t, name)
		if sf == nil {
			return field{}, false
		}
		t = sf.Type
		f = field{f.offset + sf.ByteOffset, t.Size()}
	}
	return f, true
}

// structField returns the field of t, or nil. A field that an atomic type wraps is found inside the wrapper by its own
// name.
func structField(t godwarf.Type, name string) *godwarf.StructField {
	for {
		switch u := t.(type) {
		case *godwarf.TypedefType:
			t = u.Type
		case *godwarf.StructType:
			for _, f := range u.Field {
				if f.Name == name {
					return f
				}
			}
			return nil
		default:
			return nil
		}
	}
}

// uint returns the unsigned number at f in the bytes of a struct, and 0 for a field that does not exist. Delve knows
// little-endian architectures only.
func (f field) uint(b []byte) uint64 {
	if f.size == 8 {
		return binary.LittleEndian.Uint64(b[f.offset:])
	}
	var v uint64
	for i := int64(0); i < f.size && i < 8; i++ {
		v |= uint64(b[f.offset+i]) << (8 * i)
	}
	return v
}
