package reach

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPack packs spans of g's, and reads every slot of them back, word by word and whole.
func TestPack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const slots, spans = 18, 3
	for _, elem := range []uint64{8, 448, 512} {
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
		c.packGoroutines()
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
