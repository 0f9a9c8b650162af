package dlvext

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
		if got := Package(fn); got != want {
			t.Errorf("Package(%q) = %q, want %q", fn, got, want)
		}
	}
}

func TestTrim(t *testing.T) {
	tests := []struct {
		stack []string
		first int
	}{
		{[]string{"runtime.gopark", "runtime.chanrecv1", "debug.Recv[...]", "main.main"}, 3},
		{[]string{"internal/sync.(*Mutex).Lock", "sync.(*Mutex).Lock", "example.com/awaittrace/runtime.Lock", "debug/elf.f"}, 3},
		{[]string{"time.Sleep", "main.f", "runtime.gopark"}, 1},
		{[]string{"internal/poll.(*FD).Read", "net.(*conn).Read", "main.f"}, 1},
		{[]string{"runtime.gopark", "runtime.goexit"}, 0},
		{nil, 0},
	}
	for _, test := range tests {
		var stack []snapshot.Frame
		for _, fn := range test.stack {
			stack = append(stack, snapshot.Frame{Func: fn})
		}
		if got := len(stack) - len(Trim(stack)); got != test.first {
			t.Errorf("Trim(%v) leaves out %d, want %d", test.stack, got, test.first)
		}
	}
	if !Collector(snapshot.Frame{Func: "debug.Lock"}) || Collector(snapshot.Frame{Func: "debug/elf.Open"}) {
		t.Error("Collector does not know debug from debug/elf")
	}
}
