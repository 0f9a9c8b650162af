package record

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/awaittrace/awaittrace/runtime"
)

// TestReadGs reads the g's of a program of which some lie side by side, and others beside pages that it does not have.
func TestReadGs(t *testing.T) {
	const (
		size, idOff, parentOff = 448, 160, 296
		lenAt, ptrAt, listAt   = 0x100, 0x108, 0x1000
		side, alone            = 0x10000, 0x40000
	)
	memory := make([]byte, alone+pageSize)
	put := func(addr, word uint64) { binary.NativeEndian.PutUint64(memory[addr:], word) }
	var want []gWords
	add := func(addr uint64) {
		n := uint64(len(want))
		g := gWords{id: n + 1, parent: n, state: uint32(n % 7)}
		put(listAt+n*8, addr)
		put(addr+idOff-8, uint64(g.state))
		put(addr+idOff, g.id)
		put(addr+parentOff, g.parent)
		want = append(want, g)
	}
	add(alone)
	for i := range uint64(200) {
		add(side + i*size)
	}
	put(lenAt, uint64(len(want)))
	put(ptrAt, listAt)
	end := int64(side + 200*size)
	mem := &counted{pages: pages{bytes.NewReader(memory),
		[][2]int64{{0, 0x8000}, {side, (end + pageSize - 1) &^ (pageSize - 1)}, {alone, alone + pageSize}}}}
	r := &Record{src: Source{Memory: mem}}
	got, err := r.readGs(&runtime.Header{AllgLen: lenAt, AllgPtr: ptrAt, GoidOff: idOff, ParentOff: parentOff})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b gWords) int { return int(a.id) - int(b.id) })
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if mem.reads > 6 {
		t.Errorf("it took %d readings", mem.reads)
	}
}

// TestStateOfHelpers reads goroutines that the runtime calls waiting: with a thread, one stops the world or helps the
// garbage collector.
func TestStateOfHelpers(t *testing.T) {
	const idOff, g, m, g0, other = 152, 0x1000, 0x2000, 0x3000, 0x4000
	memory := make([]byte, 0x5000)
	put := func(addr, word uint64) { binary.NativeEndian.PutUint64(memory[addr:], word) }
	put(g+idOff, 7)
	put(m, g0)
	put(g0+runtime.GThread, m)
	put(other, m) // no thread: m has another one
	r := &Record{src: Source{Memory: bytes.NewReader(memory)}}
	h := &runtime.Header{GoidOff: idOff}
	for _, tt := range []struct {
		status, thread uint64
		want           string
	}{
		{runtime.GWaiting, 0, "waiting"},
		{runtime.GWaiting, m, "runnable"},
		{runtime.GWaiting | runtime.GScan, m, "runnable"},
		{runtime.GWaiting, other, "waiting"},
		{runtime.GWaiting, 1 << 40, "waiting"},
		{runtime.GRunning, m, "running"},
		{runtime.GSyscall, m, "syscall"},
	} {
		put(g+idOff-8, tt.status)
		put(g+runtime.GThread, tt.thread)
		if got := r.gName(h, g, 7); got != tt.want {
			t.Errorf("status %#x, thread %#x: %s, want %s", tt.status, tt.thread, got, tt.want)
		}
	}
	if got := r.gName(h, g, 8); got != "unknown" {
		t.Errorf("the g of another goroutine: %s", got)
	}
}

// A counted memory counts how often it is read.
type counted struct {
	pages
	reads int
}

func (c *counted) ReadAt(b []byte, addr int64) (int, error) {
	c.reads++
	return c.pages.ReadAt(b, addr)
}
