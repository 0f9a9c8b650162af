package dlvext

import (
	_ "embed" // for the script
	"fmt"
	"maps"
	"reflect"
	osruntime "runtime"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/target"
	"github.com/awaittrace/awaittrace/runtime"
)

// The script's two parts: how the record is read, and the commands.
var (
	//go:embed record.star
	recordScript string
	//go:embed commands.star
	commandScript string
)

// Script returns the Starlark script that gives the commands to the user's own dlv. It is self-contained: the layout of
// the record, from package runtime, precedes it.
func Script() string {
	var b strings.Builder
	b.WriteString("# awaittrace.star gives dlv the commands stuck, probe, probes, holders and waitgraph:\n#\n" +
		"#\t(dlv) source awaittrace.star\n#\n" +
		"# It was printed by awaittrace dlv -script, and fits the programs that the same awaittrace can read.\n\n")
	fmt.Fprintf(&b, "MAGIC = %d\n", runtime.Magic)
	fmt.Fprintf(&b, "PAGE, CHUNK, RING, WAITS, HELD, CASES, READ, WAYS = %d, %d, %d, %d, %d, %d, %d, %d\n", 4096,
		runtime.ChunkSlots, runtime.RingLen,
		runtime.WaitLen, runtime.HeldLen, runtime.CaseLen, int64(runtime.HoldRead), runtime.ObjWays)
	fmt.Fprintf(&b, "NOTED_HERE, NOTED_OVER = %d, %d\n", runtime.NotedHere, runtime.NotedOver)
	fmt.Fprintf(&b, "HASH, SERVE, ROLEBITS = %d, %d, %d\n", runtime.HashFactor, runtime.SiteServe, runtime.RoleBits)
	fmt.Fprintf(&b, "CLOCKS = [%d, %d, %d, %d]\n", runtime.RoleAfter, runtime.RoleTimer, runtime.RoleTicker,
		runtime.RoleTime)
	fmt.Fprintf(&b, "HEADER_VARIABLE = %q\n",
		"(.*/)?("+strings.ReplaceAll(strings.Join(target.HeaderVariables(), "|"), ".", "[.]")+")")
	fmt.Fprintf(&b, "LINUX = %s\n", map[bool]string{true: "True", false: "False"}[osruntime.GOOS == "linux"])
	b.WriteString("SIZE = {")
	var tables strings.Builder
	for _, t := range []struct {
		name string
		typ  reflect.Type
	}{
		{"HEADER", reflect.TypeFor[runtime.Header]()}, {"WAIT", reflect.TypeFor[runtime.Wait]()},
		{"HOLD", reflect.TypeFor[runtime.Hold]()}, {"SITE", reflect.TypeFor[runtime.SiteEntry]()},
		{"OBJECT", reflect.TypeFor[runtime.Object]()},
		{"FACT", reflect.TypeFor[runtime.Fact]()}, {"NOTED", reflect.TypeFor[runtime.Noted]()},
		{"ORPHAN", reflect.TypeFor[runtime.Orphan]()},
	} {
		fmt.Fprintf(&b, "%q: %d, ", t.typ.Name(), t.typ.Size())
		fmt.Fprintf(&tables, "%s = {%s}\n", t.name, fields(t.typ))
	}
	fmt.Fprintf(&b, "%q: %d, ", "Slot", runtime.SlotSize)
	tables.WriteString("SLOTS = {\n")
	slots := record.SlotTypes()
	for _, version := range slices.Sorted(maps.Keys(slots)) {
		fmt.Fprintf(&tables, "\t%d: {%s},\n", version, fields(slots[version]))
	}
	tables.WriteString("}\n")
	b.WriteString("}\n" + tables.String())
	fmt.Fprintf(&b, "OPS = %s\n", names(func(n int) string { return runtime.Op(n).String() }))
	fmt.Fprintf(&b, "KINDS = %s\n\n", names(func(n int) string { return runtime.Kind(n).String() }))
	return b.String() + recordScript + "\n" + commandScript
}

// fields returns the offset and size of each field of a struct; of an array, the size of an element.
func fields(t reflect.Type) string {
	var list []string
	for i := range t.NumField() {
		f := t.Field(i)
		size := f.Type.Size()
		if f.Type.Kind() == reflect.Array {
			size = f.Type.Elem().Size()
		}
		if f.Name != "_" {
			list = append(list, fmt.Sprintf("%q: (%d, %d)", f.Name, f.Offset, size))
		}
	}
	return strings.Join(list, ", ")
}

// names returns the names of a table whose numbers begin with zero.
func names(name func(int) string) string {
	list := []string{`""`}
	for n := 1; name(n) != ""; n++ {
		list = append(list, fmt.Sprintf("%q", name(n)))
	}
	return "[" + strings.Join(list, ", ") + "]"
}
