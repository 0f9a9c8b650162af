package inspect

import (
	"slices"
	"testing"

	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

func TestCleanStacks(t *testing.T) {
	s := snaptext.MustParse(`taken 60s
states
goroutine 1 waiting "chan send"
  frame runtime.gopark /go/src/runtime/proc.go:424
  frame debug.Sender[int].Send /go/src/debug/chan.go:40
  frame main.produce /src/main.go:9
  frame main.main.gowrap2 /src/main.go:20
goroutine 2 running
  frame debug.Recv[int] /go/src/debug/chan.go:80
goroutine 3 waiting
  frame runtime/debug.FreeOSMemory /go/src/runtime/debug/garbage.go:10
`)
	cleanStacks(s)
	want := [][]string{{"runtime.gopark", "main.produce"}, {"debug.Recv[int]"}, {"runtime/debug.FreeOSMemory"}}
	for i, g := range s.Goroutines {
		var got []string
		for _, f := range g.Stack {
			got = append(got, f.Func)
		}
		if !slices.Equal(got, want[i]) {
			t.Errorf("goroutine %d: %q, want %q", g.ID, got, want[i])
		}
	}
}
