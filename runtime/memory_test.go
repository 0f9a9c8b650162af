//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"hash/crc32"
	"io"
	"net"
	"strings"
	"testing"
)

// TestMemory calls methods of values in memory through interfaces: no probe notes them, whatever the site has seen
// before, once a probe has done what is seldom done.
func TestMemory(t *testing.T) {
	for name, w := range map[string]io.Writer{
		"Buffer": new(bytes.Buffer), "Builder": new(strings.Builder), "Discard": io.Discard,
		"sha256": sha256.New(), "md5": md5.New(), "crc32": crc32.NewIEEE(),
	} {
		s := newSite(OpIO, KindOther, "w.Write(b)")
		Loop(newSite(OpLoop, KindNone, "for")) // so that the goroutine has a slot
		head := mine(t).Head
		for i := 0; i < 3*tickEvery; i++ {
			if n, err := Calls(s, w).Int(w.Write([]byte("abc"))); n != 3 || err != nil {
				t.Fatalf("%s: wrote %d, %v", name, n, err)
			}
		}
		if sl := mine(t); sl.Head != head || s.id != 0 {
			t.Errorf("%s: %d probes were noted", name, sl.Head-head)
		}
	}
}

// A slowly may wait, for all that its type says.
type slowly struct{}

func (slowly) Write(p []byte) (int, error) { return len(p), nil }
func (slowly) Read(p []byte) (int, error)  { return 0, io.EOF }

// TestMemoryLater writes to a value in memory where others came first.
func TestMemoryLater(t *testing.T) {
	s, noted := newSite(OpIO, KindOther, "w.Write(b)"), 0
	writeTo := func(w io.Writer) {
		head := mine(t).Head
		Calls(s, w).Int(w.Write(nil))
		noted += int(mine(t).Head - head)
	}
	for i := 0; i < 10; i++ {
		writeTo(slowly{})
	}
	if noted != 10 {
		t.Errorf("%d of 10 calls were noted", noted)
	}
	for i := 0; i < tickEvery+1; i++ {
		writeTo(io.Discard)
	}
	if noted > 10+tickEvery || s.memory == 0 {
		t.Errorf("%d calls were noted", noted)
	}
	noted = 0
	for i := 0; i < 10; i++ {
		writeTo(io.Discard)
		writeTo(slowly{})
	}
	if noted != 10 {
		t.Errorf("%d calls were noted, want 10", noted)
	}
	if sl := mine(t); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
}

// A wrapped has a method of bytes.Buffer, which is inlined, and one of its own.
type wrapped struct{ bytes.Buffer }

func (*wrapped) Write(p []byte) (int, error) { return len(p), nil }

// TestWrapped writes to values that only embed one in memory: they may wait.
func TestWrapped(t *testing.T) {
	type writer interface {
		Len() int
		io.Writer
	}
	var all []writer
	all = append(all, new(wrapped), struct{ *wrapped }{new(wrapped)}, &struct{ wrapped }{})
	for _, w := range all {
		s := newSite(OpIO, KindOther, "w.Write(b)")
		for i := 0; i < 2; i++ {
			if c := Calls(s, w); !c || w.Len() != 0 {
				t.Errorf("a call of %T is not noted", w)
			} else {
				c.Int(0, nil)
			}
		}
	}
}

// TestThrough reads by a bufio.Reader from memory, and from a pipe.
func TestThrough(t *testing.T) {
	const rd = 3
	s := newSite(OpIO, KindOther, "r.ReadByte()")
	r := bufio.NewReader(strings.NewReader("abc"))
	for i := 0; i < 3; i++ {
		if b, err := Through(s, r, rd).Byte(r.ReadByte()); b != "abc"[i] || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
	}
	if s.id != 0 {
		t.Error("a read from memory was noted")
	}
	readPipe(t, s, "x", func(r *bufio.Reader) {
		if b, err := Through(s, r, rd).Byte(r.ReadByte()); b != 'x' || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
	})
}

// readPipe calls read with a bufio.Reader of a pipe that has text once the probe at s waits for it.
func readPipe(t *testing.T, s *Site, text string, read func(r *bufio.Reader)) {
	t.Helper()
	c1, c2 := net.Pipe()
	b := block(t, s, func() { read(bufio.NewReader(c1)) })
	if w, _ := b.waits(); w.Obj == 0 {
		t.Errorf("waits %+v, want an object", w)
	}
	c2.Write([]byte(text))
	if sl := b.join(); sl.Depth != 0 {
		t.Errorf("depth %d at the end", sl.Depth)
	}
}

// TestServed reads from a pipe by a bufio.Reader, and writes to what may wait by a bufio.Writer: only the calls that its
// buffer does not serve are noted.
func TestServed(t *testing.T) {
	s, flush := newSite(OpIO, KindOther, "r.ReadByte()"), newSite(OpIO, KindOther, "w.Write(p)")
	readPipe(t, s, "xyz", func(r *bufio.Reader) {
		for i := 0; i < 3; i++ {
			head := mine(t).Head
			if b, err := Served(s, r, 3, r.Buffered() >= 1).Byte(r.ReadByte()); b != "xyz"[i] || err != nil {
				t.Errorf("read %q, %v", b, err)
			}
			if noted := mine(t).Head != head; noted != (i == 0) {
				t.Errorf("byte %d: noted %v", i, noted)
			}
		}
	})
	w, p := bufio.NewWriterSize(slowly{}, 16), []byte("four")
	for i := 0; i < 10; i++ {
		head := mine(t).Head
		Served(flush, w, 6, Len(p) <= w.Available()).Int(w.Write(p))
		if noted := mine(t).Head != head; noted != (i > 0 && i%4 == 0) {
			t.Errorf("write %d: noted %v", i, noted)
		}
	}
	if n := Len("text"); n != 4 {
		t.Errorf("Len is %d", n)
	}
}

// TestInlined checks that the probes of calls are inlined, as they must be where there is assembly: each has the frame
// of the function that calls it.
func TestInlined(t *testing.T) {
	s, w, r := newSite(OpIO, KindOther, "w.Write(b)"), io.Writer(slowly{}), bufio.NewReader(slowly{})
	frame := func() uint32 {
		sl := mine(t)
		return sl.Waits[sl.Depth-1].Info
	}
	IO(s, w)
	io := frame()
	IOFunc(s, func() {})
	function := frame()
	Calls(s, w)
	calls := frame()
	Through(s, r, 3)
	through := frame()
	Served(s, r, 3, r.Buffered() >= 1)
	served := frame()
	if function != io || calls != io || through != io || served != io {
		t.Errorf("frames %#x, %#x, %#x, %#x and %#x", io, function, calls, through, served)
	}
	IOEnd(s)
}

func TestTypeOfMethod(t *testing.T) {
	for name, want := range map[string]string{
		"bytes.(*Buffer).Write":                "bytes.Buffer",
		"io.discard.Write":                     "io.discard",
		"io.(*discard).Write":                  "io.discard",
		"example.com/bytes.(*Buffer).Write":    "example.com/bytes.Buffer",
		"example.com/v1.2/strings.Reader.Read": "example.com/v1.2/strings.Reader",
		"main.(*T[...]).Read":                  "main.T[...]",
		"main.read":                            "",
		"runtime":                              "",
		"":                                     "",
		"struct { bytes.Buffer }.Write":        "struct { bytes.Buffer }",
		"go.shape.struct { *bytes.Buffer }).Write.x": "go.shape.struct { *bytes.Buffer }).Write",
	} {
		if got := typeOfMethod(name); got != want {
			t.Errorf("%s is of %q, want %q", name, got, want)
		}
		if isMemory(want) != (want == "bytes.Buffer" || want == "io.discard") {
			t.Errorf("%s is taken for one in memory, or is not", want)
		}
	}
}
