package runtime

import (
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

var readSites = [...]*Site{
	newSite(OpIO, KindOther, "io.Copy(w, r)"), newSite(OpIO, KindOther, "r.in.Read(b)"),
	newSite(OpIO, KindOther, "w.out.Write(b)"),
}

// A counter is a reader around another. Its one probe is reached again inside itself.
type counter struct{ in io.Reader }

func (c *counter) Read(b []byte) (int, error) {
	return End2(IO(readSites[1], c.in).Read(b))
}

// A writerFunc is a writer.
type writerFunc func(b []byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A readerFunc is a reader.
type readerFunc func(b []byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// in returns the sites of the operations that this goroutine is in, outermost first.
func in(t *testing.T) (sites []uint32) {
	sl := mine(t)
	for _, w := range sl.Waits[:sl.Depth] {
		sites = append(sites, w.Site)
	}
	return sites
}

// TestRecursion reaches a site inside itself: each End ends its own call.
func TestRecursion(t *testing.T) {
	var reads, writes [][]uint32
	text := strings.NewReader("text")
	inner := readerFunc(func(b []byte) (int, error) {
		reads = append(reads, in(t))
		return text.Read(b)
	})
	out := writerFunc(func(b []byte) (int, error) {
		writes = append(writes, in(t))
		return len(b), nil
	})
	n, err := End2(IOFunc(readSites[0], io.Copy)(out, &counter{&counter{inner}}))
	if n != 4 || err != nil {
		t.Errorf("copied %d, %v", n, err)
	}
	copying, reading := readSites[0].id, readSites[1].id
	for _, got := range reads {
		if !slices.Equal(got, []uint32{copying, reading, reading}) {
			t.Errorf("while it reads, in %d, want %d twice in %d", got, reading, copying)
		}
	}
	for _, got := range writes {
		if !slices.Equal(got, []uint32{copying}) {
			t.Errorf("while it writes, in %d, want %d", got, copying)
		}
	}
	if left := in(t); len(reads) == 0 || len(writes) == 0 || len(left) != 0 {
		t.Errorf("%d reads, %d writes, in %d afterwards", len(reads), len(writes), left)
	}
}

// TestRecursionPanics recovers in the outer of two calls at one site.
func TestRecursionPanics(t *testing.T) {
	s := newSite(OpIO, KindOther, "f(n)")
	var after [][]uint32
	var call func(n int) int
	f := func(n int) int {
		switch n {
		case 0:
			panic("boom")
		case 2:
			panicText(func() { call(1) })
			End1(IOFunc(readSites[0], func() int { return 0 })())
			after = append(after, in(t))
			return 0
		}
		return call(n - 1)
	}
	call = func(n int) int { return End1(IOFunc(s, f)(n)) }
	for range 3 {
		call(3)
	}
	for _, got := range after {
		if !slices.Equal(got, []uint32{s.id, s.id}) {
			t.Errorf("in %d after a panic further in, want %d twice", got, s.id)
		}
	}
	if left := in(t); len(after) != 3 || len(left) != 0 {
		t.Errorf("in %d afterwards", left)
	}
}

// TestGoexit ends a goroutine inside two calls at one site: the deferred functions still run inside them.
func TestGoexit(t *testing.T) {
	s, last := newSite(OpIO, KindOther, "f(n)"), newSite(OpIO, KindOther, "bye()")
	var during, after []uint32
	var call func(n int) int
	f := func(n int) int {
		if n == 0 {
			runtime.Goexit()
		}
		defer func() {
			if n == 1 {
				End1(IOFunc(last, func() int { during = in(t); return 0 })())
				after = in(t)
			}
		}()
		return call(n - 1)
	}
	call = func(n int) int { return End1(IOFunc(s, f)(n)) }
	done := make(chan bool)
	go func() {
		defer close(done)
		call(1)
	}()
	<-done
	if !slices.Equal(during, []uint32{s.id, s.id, last.id}) || !slices.Equal(after, []uint32{s.id, s.id}) {
		t.Errorf("in %d, then %d; want %d twice, and once %d in it", during, after, s.id, last.id)
	}
}

// TestInsideOnce runs an Once inside another at one site. The inner one panics, and its deferred end runs on the way.
func TestInsideOnce(t *testing.T) {
	s := newSite(OpOnce, KindOnce, "o.Do(f)")
	var outer, inner sync.Once
	OnceDo(s, &outer, func() {
		panicText(func() {
			OnceDo(s, &inner, func() {
				if got := in(t); !slices.Equal(got, []uint32{s.id, s.id}) {
					t.Errorf("in %d, want %d twice", got, s.id)
				}
				panic("boom")
			})
		})
		if got := in(t); !slices.Equal(got, []uint32{s.id}) {
			t.Errorf("in %d, want %d", got, s.id)
		}
	})
	if left := in(t); len(left) != 0 {
		t.Errorf("in %d afterwards", left)
	}
}

// TestDeferredIO panics in a deferred call inside a call at the same site.
func TestDeferredIO(t *testing.T) {
	s := newSite(OpIO, KindOther, "f()")
	var got []uint32
	outer := func() int {
		panicText(func() {
			defer IOEnd(s)
			defer func() { panic("boom") }()
			defer IOBegin(s)
		})
		got = in(t)
		return 0
	}
	if End1(IOFunc(s, outer)()); !slices.Equal(got, []uint32{s.id}) {
		t.Errorf("in %d, want %d", got, s.id)
	}
	if left := in(t); len(left) != 0 {
		t.Errorf("in %d afterwards", left)
	}
}

// TestFrame grows the stack, which moves it: the result of frame stays the same.
func TestFrame(t *testing.T) {
	Start()
	before := asProbe()
	grow(1000)
	if after := asProbe(); before == InfoFrame || before != after || further() <= before {
		t.Errorf("frame returns %#x, then %#x, and further down %#x", before, after, further())
	}
}

//go:noinline
func grow(n int) (sum byte) {
	var big [1 << 10]byte
	if n > 0 {
		return grow(n-1) + big[n]
	}
	return 0
}

//go:noinline
func apply(f func() int) int { return f() }

// TestProbesAgree runs operations whose beginning and end are found by different code: assembly and Go.
func TestProbesAgree(t *testing.T) {
	s, other := newSite(OpIO, KindOther, "f()"), newSite(OpIO, KindOther, "g()")
	f := func() int { return 1 }
	for i := 0; i < 2; i++ { // the first time, the sites are new
		End1(IOFunc(s, f)())
		func() {
			defer IOEnd(s)
			defer f()
			defer IOBegin(s)
		}()
		if sl := mine(t); sl.Depth != 0 {
			t.Fatalf("depth %d", sl.Depth)
		}
		var nested, beside Slot
		End1(IOFunc(s, apply)(func() int { // a call further along begins and ends in assembly, too
			return End1(IOFunc(other, func() int { nested = mine(t); return 1 })())
		}))
		func() {
			End1(IOFunc(s, func(int) int { return 1 })( // one of the same function in Go
				End1(IOFunc(other, func() int { beside = mine(t); return 1 })())))
		}()
		for name, sl := range map[string]Slot{"nested": nested, "beside": beside} {
			outer, inner := sl.Waits[0], sl.Waits[1]
			if sl.Depth != 2 || outer.Site != s.id || inner.Site != other.id || outer.Since == 0 ||
				inner.Since < outer.Since || (inner.Info == outer.Info) != (name == "beside") {
				t.Fatalf("%s: depth %d, in %+v", name, sl.Depth, sl.Waits[:2])
			}
		}
		if sl := mine(t); sl.Depth != 0 {
			t.Fatalf("depth %d after it", sl.Depth)
		}
	}
	End1(IOFunc(s, f)())
	w := mine(t).Waits[0]
	IOBegin(s) // from the same function, but by Go code
	if of := mine(t).Waits[0]; of.Info != w.Info || w.Info == InfoFrame {
		t.Errorf("frame %#x in assembly, %#x in Go", w.Info, of.Info)
	}
	IOEnd(s)
}
