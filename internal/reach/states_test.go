package reach

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestDescriptors looks at parts of g's in many orders: one after the other, at random, between them, and at one that
// could not be read.
func TestDescriptors(t *testing.T) {
	const n, size, gap, first, lost = 50, 48, 16, 1 << 20, 7
	var d descriptors
	if d.view(first, 1) != nil {
		t.Error("where there are none, one is found")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	memory := make([]byte, n*(size+gap))
	for i := range memory {
		memory[i] = byte(rnd.Uint32())
	}
	for i := range n {
		at := i * (size + gap)
		d.addrs, d.bytes = append(d.addrs, uint64(first+at)), append(d.bytes, memory[at:][:size])
	}
	d.bytes[lost] = nil
	look := func(at, n int) {
		t.Helper()
		var want []byte
		if i, in := at/(size+gap), at%(size+gap); at >= 0 && at < len(memory) && i != lost && in+n <= size {
			want = memory[at:][:n]
		}
		if got := d.view(uint64(first+at), uint64(n)); (got == nil) != (want == nil) || !bytes.Equal(got, want) {
			t.Errorf("%d bytes at %d: got %x, want %x", n, at, got, want)
		}
	}
	for at := -2 * size; at < len(memory)+2*size; at += 8 {
		look(at, 8)
	}
	for i := range n {
		look(i*(size+gap), size)
	}
	for range 1000 {
		look(rnd.IntN(len(memory)), 1+rnd.IntN(size))
	}
}
