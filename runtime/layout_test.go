package runtime

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

func TestLayoutSizes(t *testing.T) {
	for _, s := range []struct {
		name      string
		got, want uintptr
	}{
		{"Slot", unsafe.Sizeof(Slot{}), SlotSize},
		{"Object", unsafe.Sizeof(Object{}), ObjSize},
		{"SiteEntry", unsafe.Sizeof(SiteEntry{}), SiteSize},
		{"Orphan", unsafe.Sizeof(Orphan{}), OrphanSize},
		{"TestEntry", unsafe.Sizeof(TestEntry{}), TestSize},
		{"Waited", unsafe.Sizeof(Waited{}), WaitedSize},
		{"Order", unsafe.Sizeof(Order{}), OrderSize},
		{"objShift", 1 << objShift, ObjSize},
	} {
		if s.got != s.want {
			t.Errorf("%s has %d bytes, want %d", s.name, s.got, s.want)
		}
	}
	h := plan(1000, 0, 0)
	if end := uintptr(h.ChunkOff); unsafe.Sizeof(*h) > end {
		t.Errorf("the header has %d bytes, more than the %d before the chunks", unsafe.Sizeof(*h), end)
	}
}

var updateLayout = flag.Bool("u", false, "renew the golden file of the layout")

// TestLayout compares what a reader must know of a record with a golden file, so that no change goes unnoticed.
func TestLayout(t *testing.T) {
	got := layoutText()
	if *updateLayout {
		if err := os.WriteFile("testdata/layout.txt", []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile("testdata/layout.txt"); err != nil || got != string(want) {
		t.Errorf("%v: the layout has changed: see \"A change of the record\" in CONTRIBUTING.md. It is now:\n%s", err,
			got)
	}
}

// layoutText lists the offset and type of each field, and the numbers of operations, kinds and roles.
func layoutText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d\n", Version)
	for _, t := range []reflect.Type{
		reflect.TypeFor[Header](), reflect.TypeFor[Slot](), reflect.TypeFor[Wait](), reflect.TypeFor[Noted](),
		reflect.TypeFor[Hold](),
		reflect.TypeFor[Object](), reflect.TypeFor[Fact](), reflect.TypeFor[Orphan](), reflect.TypeFor[SiteEntry](),
		reflect.TypeFor[Waited](), reflect.TypeFor[Order](), reflect.TypeFor[TestEntry](),
	} {
		fmt.Fprintf(&b, "%s, %d bytes\n", t.Name(), t.Size())
		for i := range t.NumField() {
			f := t.Field(i)
			fmt.Fprintf(&b, "  %d %s %v\n", f.Offset, f.Name, f.Type)
		}
	}
	names := func(what string, name func(n int) string) {
		for n := 1; name(n) != ""; n++ {
			fmt.Fprintf(&b, "%s %d %s\n", what, n, name(n))
		}
	}
	names("operation", func(n int) string { return Op(n).String() })
	names("kind", func(n int) string { return Kind(n).String() })
	names("role", func(n int) string { return Role(n).String() })
	return b.String()
}

// TestPlan checks that regions neither overlap nor leave the record, for any number of slots.
func TestPlan(t *testing.T) {
	for _, slots := range []uint32{ChunkSlots, 10 * ChunkSlots, 1 << 18, MaxSlots} {
		h := plan(slots, testCap, MaxOrders)
		end := uint64(0)
		for _, r := range []struct {
			name      string
			off, size uint64
		}{
			{"header", 0, uint64(h.HeaderSize)},
			{"chunks", uint64(h.ChunkOff), uint64(slots / ChunkSlots)},
			{"meta", uint64(h.MetaOff), metaCap},
			{"sites", uint64(h.SiteOff) << pageShift, uint64(h.SiteCap) * SiteSize},
			{"strings", uint64(h.StrOff) << pageShift, uint64(h.StrCap)},
			{"orphans", uint64(h.OrphanOff) << pageShift, uint64(h.OrphanCap) * OrphanSize},
			{"tests", uint64(h.TestOff) << pageShift, uint64(h.TestCap) * TestSize},
			{"goroutines of tests", uint64(h.GoidsOff) << pageShift, uint64(h.GoidsCap) * 8},
			{"lengths of waits", uint64(h.WaitedOff) << pageShift, uint64(h.WaitedCap) * WaitedSize},
			{"orders", uint64(h.OrderOff) << pageShift, uint64(h.OrderCap) * OrderSize},
			{"objects", uint64(h.ObjOff) << pageShift, uint64(h.ObjCap) * ObjSize},
			{"slots", uint64(h.SlotOff) << pageShift, uint64(slots) * SlotSize},
		} {
			if r.off < end {
				t.Errorf("%d slots: %s begin at %d, before %d", slots, r.name, r.off, end)
			}
			end = r.off + r.size
		}
		if end > h.Size {
			t.Errorf("%d slots: the record has %d bytes, its regions %d", slots, h.Size, end)
		}
	}
}

func TestSlotCap(t *testing.T) {
	for _, c := range []struct {
		env  string
		want uint32
	}{
		{"", defaultSlots}, {"1", ChunkSlots}, {"128", 128}, {"129", 256}, {"1000000", 1000064},
		{"0", defaultSlots}, {"-1", defaultSlots}, {"many", defaultSlots}, {"99999999999999999999", defaultSlots},
		{"1e3", defaultSlots},
	} {
		t.Setenv("AWAITTRACE_GOROUTINES", c.env)
		if got := slotCap(); got != c.want {
			t.Errorf("AWAITTRACE_GOROUTINES=%q: room for %d, want %d", c.env, got, c.want)
		}
	}
}

// TestSites reads the texts of sites, also of some that somebody has edited.
func TestSites(t *testing.T) {
	all := [...]Site{
		0: {File: &File{"/src/a.go", "main.f\n" +
			"\tselect {}\n" +
			"main.g\n" +
			"\tconn.Read(b)\tnet.Conn.Read\tconn\n" +
			"\tselect { case <-a; case <-b }\t\ta\tb\n"}, Text: 7, Op: OpSelect},
		1: {Index: 1, Text: 25, Op: OpIO},
		2: {Index: 2, Text: 58, Op: OpSelect, Cases: 2},
		3: {Index: 3, Text: 60, Op: OpSelect},
		5: {Index: 5, Text: 1e9, Op: OpSelect},
		6: {Index: 2, Text: 7, Op: OpSelect},
	}
	for i, want := range []source{
		{"/src/a.go", "main.f", "select {}", "", ""},
		{"/src/a.go", "main.g", "conn.Read(b)", "net.Conn.Read", "conn"},
		{"/src/a.go", "main.g", "select { case <-a; case <-b }", "", "a\nb"},
		{"/src/a.go", "main.g", "", "a", "b"},
		{},
		{"/src/a.go", "main.g", "", "", ""},
		{},
	} {
		if got := all[i].source(); got != want {
			t.Errorf("site %d: %+v, want %+v", i, got, want)
		}
	}
}

// TestFewPointers checks that a garbage collection passes over sites: only the first has a pointer.
func TestFewPointers(t *testing.T) {
	site := reflect.TypeFor[Site]()
	for i := range site.NumField() {
		f := site.Field(i)
		if kind := f.Type.Kind(); f.Name != "File" && (kind < reflect.Int || kind > reflect.Uintptr) {
			t.Errorf("%s is a %v", f.Name, f.Type)
		}
	}
	if size := site.Size(); size > 56 {
		t.Errorf("%d bytes", size)
	}
}

func TestSiteInRecord(t *testing.T) {
	s := newSite(OpSelect, KindChan, "a site of its own", "net/http.Client.Do", "its own")
	s.Cases, s.Flags, s.Roles = 3, SiteDefault, RoleDone.At(0)|RoleAfter.At(2)
	Loop(s)
	e, file, fn, expr := entryOf(s.id)
	if file != "/src/a.go" || fn != "main.f" || expr != "a site of its own" {
		t.Errorf("strings %q, %q, %q", file, fn, expr)
	}
	if e.Line != s.Line || e.Col != s.Col || e.Op != s.Op || e.Kind != s.Kind || e.Cases != 3 ||
		e.Flags != SiteDefault {
		t.Errorf("entry %+v", e)
	}
	obj, callee := textAt(e.Obj, e.ObjLen), textAt(e.Callee, e.CalleeLen)
	if obj != "its own" || e.Obj != e.Expr+uint32(len("a site of ")) || callee != "net/http.Client.Do" {
		t.Errorf("object %q, callee %q", obj, callee)
	}
	if RoleAt(e.Roles, 0) != RoleDone || RoleAt(e.Roles, 1) != RoleNone || RoleAt(e.Roles, 2) != RoleAfter ||
		RoleAt(e.Roles, CaseLen) != RoleNone {
		t.Errorf("roles %#x", e.Roles)
	}
	other := newSite(OpLoop, KindNone, "another")
	Loop(other)
	if o, _, _, _ := entryOf(other.id); o.File != e.File || o.Func != e.Func {
		t.Error("the names of file and function are in the record twice")
	}
}
