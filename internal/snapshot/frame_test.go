package snapshot_test

import (
	"testing"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

func TestPackage(t *testing.T) {
	for fn, want := range map[string]string{
		"main.main":                       "main",
		"main.main.func1.2":               "main",
		"net/http.(*conn).serve":          "net/http",
		"debug.Recv[go.shape.int]":        "debug",
		"debug/elf.NewFile":               "debug/elf",
		"gopkg.in/yaml%2ev3.(*parser).at": "gopkg.in/yaml%2ev3",
		"main.box[go.shape.struct { example.com/a/b.X int }].take": "main",
		"example.com/a.Map[example.com/b.T]":                       "example.com/a",
		"wait_in_c":                                                "",
		"":                                                         "",
	} {
		if got := snapshot.Package(fn); got != want {
			t.Errorf("Package(%q) = %q, want %q", fn, got, want)
		}
	}
}

func TestCollector(t *testing.T) {
	if !snapshot.Collector("debug.Lock") || snapshot.Collector("debug/elf.Open") {
		t.Error("Collector does not know debug from debug/elf")
	}
}
