package target

import (
	"encoding/binary"
	"errors"
	"testing"
)

// A fakeMemory is memory whose every word holds its own address, except for the pages in holes.
type fakeMemory struct {
	holes map[uint64]bool
	reads int
}

func (m *fakeMemory) ReadMemory(b []byte, addr uint64) (int, error) {
	m.reads++
	for page := addr >> 12; page <= (addr+uint64(len(b))-1)>>12; page++ {
		if m.holes[page<<12] {
			return 0, errors.New("unmapped")
		}
	}
	for i := range b {
		at := addr + uint64(i)
		b[i] = byte(at &^ 7 >> (8 * (at & 7)))
	}
	return len(b), nil
}

func TestReadEach(t *testing.T) {
	const size = 24
	var addrs []uint64
	for i := range uint64(5000) {
		addrs = append(addrs, 0x5000000-i*440) // neighbours, in falling order
	}
	addrs = append(addrs, 0, 0x90000000, 1<<64-8)
	hole := addrs[100] &^ 4095
	mem := &fakeMemory{holes: map[uint64]bool{hole: true}}
	seen := make(map[int]bool)
	unreadable := readEach(mem, nil, nil, addrs, size, func(i int, b []byte) {
		if seen[i] || len(b) != size || binary.LittleEndian.Uint64(b) != addrs[i] {
			t.Errorf("visit %d, the second time %v: %x, want the struct at %x", i, seen[i], b, addrs[i])
		}
		seen[i] = true
	})
	want := 2 // nil, and beyond the end of the address space
	for i, a := range addrs {
		touches := a&^4095 == hole || (a+size-1)&^4095 == hole
		if touches {
			want++
		}
		if touches == seen[i] && a != 0 && i != len(addrs)-1 {
			t.Errorf("struct %d at %x: read is %v", i, a, seen[i])
		}
	}
	if unreadable != want || len(seen)+unreadable != len(addrs) {
		t.Errorf("%d of %d unreadable, want %d", unreadable, len(addrs), want)
	}
	mem = new(fakeMemory)
	readEach(mem, nil, nil, addrs[:5000], size, func(int, []byte) {})
	if mem.reads > 5 {
		t.Errorf("%d reads for neighbours in 2 MB, want at most 5", mem.reads)
	}
}
