package runtime

import (
	"io"
	"net"
	"slices"
	"testing"
)

func TestIO(t *testing.T) {
	c1, c2 := net.Pipe()
	s := newSite(OpIO, KindConn, "c.Read(b)")
	b := block(t, s, func() {
		buf := make([]byte, 10)
		if n, err := End2(IO(s, c1).Read(buf)); n != 3 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
	})
	if w, _ := b.waits(); w.Obj == 0 {
		t.Errorf("waits %+v, want an object", w)
	}
	if n, err := End2(IO[io.Writer](s, c2).Write([]byte("abc"))); n != 3 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if sl := b.join(); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
	if v := End1(IOFunc(s, func(i int) int { return i + 1 })(2)); v != 3 {
		t.Errorf("got %d, want 3", v)
	}
	if a, b, c := End3(IOFunc(s, func() (int, string, bool) { return 1, "2", true })()); a != 1 || b != "2" || !c {
		t.Error(a, b, c)
	}
	if a, b, c, d := End4(IOFunc(s, func() (int, string, bool, error) { return 1, "2", true, nil })()); a != 1 ||
		b != "2" || !c || d != nil {
		t.Error(a, b, c, d)
	}
	if sl := mine(t); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
}

// TestStaleWait recovers from a call that panicked. Its entry goes when the goroutine next begins a call no further
// down its stack.
func TestStaleWait(t *testing.T) {
	s, other := newSite(OpIO, KindOther, "f()"), newSite(OpIO, KindOther, "g()")
	boom := func() int { panic("boom") }
	for i := 0; i < 3*WaitLen; i++ {
		panicText(func() { End1(IOFunc(s, boom)()) })
		if sl := mine(t); sl.Depth != 1 {
			t.Fatalf("depth %d after %d panics", sl.Depth, i+1)
		}
	}
	var inside uint32
	End1(IOFunc(other, func() int { inside = mine(t).Depth; return 1 })())
	if sl := mine(t); inside != 1 || sl.Depth != 0 {
		t.Errorf("depth %d inside of the next call, and %d after it", inside, sl.Depth)
	}
}

// TestNested nests more operations than a slot has room for: the innermost are kept.
func TestNested(t *testing.T) {
	const depth = WaitLen + 2
	var sites []*Site
	for i := 0; i < depth; i++ {
		sites = append(sites, newSite(OpIO, KindOther, "f()"))
	}
	var call func(i int) int
	call = func(i int) int {
		if i == depth {
			var got, want []uint32
			sl := mine(t)
			for _, w := range sl.Waits[:sl.Depth] {
				got = append(got, w.Site)
			}
			for _, s := range sites[depth-WaitLen:] {
				want = append(want, s.id)
			}
			if !slices.Equal(got, want) {
				t.Errorf("in %v, want %v", got, want)
			}
			return 0
		}
		return End1(IOFunc(sites[i], call)(i + 1))
	}
	call(0)
	if sl := mine(t); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
}
