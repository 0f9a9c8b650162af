//go:build !race && (linux || darwin)

package runtime

import (
	"fmt"
	"io"
	"testing"
)

// TestArgumentsStay passes arguments that need not escape. They do not escape with a probe either.
func TestArgumentsStay(t *testing.T) {
	s := newSite(OpIO, KindOther, `fmt.Fprint(w, "a", "b")`)
	w := io.Discard
	if n := testing.AllocsPerRun(100, func() { End2(IOFunc(s, fmt.Fprint)(w, "a", "b")) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
