package reach

import (
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"
)

// buildFile builds a program of one file, with debug information.
func buildFile(t *testing.T, file string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "prog")
	out, err := exec.Command("go", "build", "-o", exe, file).CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return exe
}

// A table says the same as the debug information of a program.
func TestTableIsDWARF(t *testing.T) {
	p, err := OpenProgram(buildFile(t, "testdata/waits.go"))
	if err != nil {
		t.Fatal(err)
	}
	if p.LayoutFrom != "DWARF" {
		t.Fatalf("layout from %s", p.LayoutFrom)
	}
	if m := p.Addresses.Missing(); len(m) > 0 {
		t.Errorf("no address of %v", m)
	}
	table, err := LayoutFor(runtime.Version(), runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	p.Layout.Go = table.Go
	if !reflect.DeepEqual(table, p.Layout) {
		t.Error("the table differs from the program's debug information: run scripts/layouts")
	}
}

func TestUnknownVersion(t *testing.T) {
	for _, v := range []string{"go1.99.1", "devel", ""} {
		if _, err := LayoutFor(v, "amd64"); err == nil {
			t.Errorf("there is a layout of %q", v)
		}
	}
}

// The tables are as FormatTables writes them, and complete.
func TestTables(t *testing.T) {
	list, err := ParseTables(tables)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 14 {
		t.Errorf("%d layouts", len(list))
	}
	for _, l := range list {
		if err := l.Check(); err != nil {
			t.Error(err)
		}
	}
	if FormatTables(list) != tables {
		t.Error("the tables are not as they are written")
	}
	for _, text := range []string{"go\tgo1.21\t=\narch\tamd64", "g.m\tx", "g.m\t1:y", "sizeof g\t", "pointers g\t1-",
		"pointers g\t0-1/0", "const x\t1e3"} {
		if _, err := ParseTables(text); err == nil {
			t.Errorf("%q is a table", text)
		}
	}
}
