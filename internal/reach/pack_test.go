package reach

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPack packs spans of g's, and reads every slot of them back, word by word and whole.
func TestPack(t *testing.T) {
	testPack(t, func(c *Capture) { c.packGoroutines() })
}

// TestGive is TestPack for g's that are given, all but what the spans have besides them.
func TestGive(t *testing.T) {
	testPack(t, func(c *Capture) {
		elem := c.heap.spans[0].elem
		c.o = new(offsets)
		c.o.g.size = elem
		c.Plan.gs, c.Plan.waiting = make([]goroutine, 0, len(c.gs)), make([]uint64, len(c.gs))
		c.given.list = make([]givenG, 0, len(c.gs))
		c.given.packed = make([]byte, uint64(len(c.gs))*(8+elem))
		for i, g := range c.gs {
			c.Give(i, g.addr, bytes.Clone(c.view(g.addr, elem)))
		}
		if n := len(c.given.list); n != len(c.gs) {
			t.Errorf("slots of %d: took %d of %d", elem, n, len(c.gs))
		}
		raw := c.heap.spans[len(c.heap.spans)-1].data
		for i := range c.heap.spans {
			c.heap.spans[i].data = nil
		}
		c.takeGiven()
		c.given.trim()
		c.heap.spans[len(c.heap.spans)-1].data = raw
	})
}

func testPack(t *testing.T, pack func(*Capture)) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const slots, spans = 18, 3
	for _, elem := range []uint64{8, 88, 448, 512} {
		c := &Capture{Plan: new(Plan)}
		c.heap.lo, c.heap.hi = 1<<arenaShift, 2<<arenaShift
		c.heap.arenas = []int32{-1}
		var want [][]byte
		for i := range uint64(spans) {
			start := c.heap.lo + i<<14
			sp := span{start: start, end: start + 1<<14, elem: elem, nelems: slots, free: slots,
				div: uint32((1<<32-1)/elem + 1), base: uint32(i) * slots, data: make([]byte, 1<<14)}
			for k := uint64(0); k+8 <= slots*elem; k += 8 {
				if rnd.IntN(3) == 0 {
					put64(sp.data[k:], rnd.Uint64())
				}
			}
			want = append(want, bytes.Clone(sp.data))
			for idx := range uint64(slots) {
				if i < spans-1 || idx > 0 { // the last has a slot with something else
					c.gs = append(c.gs, goroutine{addr: start + idx*elem})
				}
			}
			c.heap.spans = append(c.heap.spans, sp)
		}
		if err := c.heap.index(); err != nil {
			t.Fatal(err)
		}
		pack(c)
		for i := range c.heap.spans {
			sp := &c.heap.spans[i]
			if got, want := sp.packed, i < spans-1; got != want {
				t.Errorf("slots of %d, span %d: packed %t", elem, i, got)
			}
			for idx := range uint64(slots) {
				slot := want[i][idx*elem:][:elem]
				if got := sp.bytes(uint32(idx)); !bytes.Equal(got, slot) {
					t.Fatalf("slot %d of span %d: got %x, want %x", idx, i, got, slot)
				}
				for k := uint64(0); k < elem; k += 8 {
					if got := c.view(sp.start+idx*elem+k, 8); !bytes.Equal(got, slot[k:k+8]) {
						t.Fatalf("word %d of slot %d of span %d: got %x, want %x", k, idx, i, got, slot[k:k+8])
					}
				}
			}
			if sp.packed && c.view(sp.start+elem-4, 8) != nil {
				t.Error("what is in two slots is returned")
			}
		}
		first := c.view(c.heap.lo, elem)
		for idx := range uint64(lately) {
			if !bytes.Equal(first, want[0][:elem]) {
				t.Fatalf("after %d others the first slot has changed", idx)
			}
			c.view(c.heap.lo+(idx+1)*elem, elem)
		}
	}
}
