package runtime

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
)

// TestIODefer defers a call between its beginning and its end. The call itself recovers, and the wait is gone
// afterwards.
func TestIODefer(t *testing.T) {
	s := newSite(OpIO, KindOther, "f()")
	var recovered any
	var depth uint32
	f := func() {
		depth = mine(t).Depth
		recovered = recover()
	}
	func() {
		defer IOEnd(s)
		defer f()
		defer IOBegin(s)
		panic("boom")
	}()
	if recovered != "boom" || depth != 1 {
		t.Errorf("recovered %v at depth %d, want boom at 1", recovered, depth)
	}
	if sl := mine(t); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
}

// TestIOEndAlone ends a call that never began, inside another operation.
func TestIOEndAlone(t *testing.T) {
	outer, s := newSite(OpIO, KindOther, "f()"), newSite(OpIO, KindOther, "g()")
	inside := func() int {
		IOBegin(s)
		IOEnd(s)
		IOEnd(s)
		return int(mine(t).Depth)
	}
	if depth := End1(IOFunc(outer, inside)()); depth != 1 {
		t.Errorf("depth %d inside of the outer call, want 1", depth)
	}
}

func TestFuncs(t *testing.T) {
	s := newSite(OpIO, KindOther, "f")
	inside := func() string { return fmt.Sprint(mine(t).Depth) }
	join := func(list ...string) string { return strings.Join(append(list, inside()), " ") }
	var none string
	Func00(s, func() { none = inside() })()
	FuncV10(s, func(list ...string) { none += join(list...) })("a", "b")
	two := func(a string, b error) (string, error) { return a + inside(), b }
	a, err := Func22(s, two)("x", nil)
	v := FuncV21(s, func(a string, rest ...string) string { return a + join(rest...) })
	for _, got := range [][2]string{
		{none, "1a b 1"},
		{fmt.Sprint(a, err), "x1<nil>"},
		{v("x"), "x1"},
		{v("x", []string{"y"}...), "xy 1"},
		{fmt.Sprintf("%T", Func22(s, net.Dial)), "func(string, string) (net.Conn, error)"},
		{fmt.Sprintf("%T", FuncV32(s, fmt.Fprintf)), "func(io.Writer, string, ...interface {}) (int, error)"},
	} {
		if got[0] != got[1] {
			t.Errorf("got %q, want %q", got[0], got[1])
		}
	}
	x1, x2, x3, x4, x5 := End5(IOFunc(s, func() (int, int8, int16, int32, error) { return 1, 2, 3, 4, nil })())
	if got := fmt.Sprint(x1, x2, x3, x4, x5); got != "1 2 3 4 <nil>" {
		t.Error(got)
	}
	if sl := mine(t); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
}

// TestFuncKept wraps functions again at the same site. A function of a package is wrapped once, and any other function,
// and another one there, each time.
func TestFuncKept(t *testing.T) {
	s := newSite(OpIO, KindOther, "strings.Compare")
	add := func(n int) func(a, b string) int { return func(a, b string) int { return len(a+b) + n } }
	call := func(f func(a, b string) int, want int) {
		if got := Func21(s, f)("ab", "b"); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	for i := 0; i < 10; i++ {
		call(strings.Compare, -1)
		call(strings.Index, 1)
		call(add(i), 3+i)
	}
	if raceOn {
		return
	}
	for i := 0; i < 100; i++ { // what is free after a garbage collection becomes the wrapper of another function
		runtime.GC()
		for j := 0; j < 100; j++ {
			Func21(newSite(OpIO, KindOther, "f"), add(j))
		}
		call(strings.Compare, -1)
	}
	if n := testing.AllocsPerRun(100, func() { Func21(s, strings.Compare) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
