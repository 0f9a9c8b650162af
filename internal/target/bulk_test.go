package target

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/awaittrace/awaittrace/internal/reach"
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

// A fakeSource is a fakeMemory of which many pieces are read at once.
type fakeSource struct {
	reach.Source
	mem *fakeMemory
}

// ReadMany implements reach.Source.
func (s fakeSource) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	for i := range bufs {
		if _, err := s.mem.ReadMemory(bufs[i], addrs[i]); err != nil {
			bad = append(bad, i)
		}
	}
	return bad
}

func TestReadEach(t *testing.T) {
	const size = 24
	var addrs []uint64
	for i := range uint64(5000) {
		addrs = append(addrs, 0x5000000-i*440) // neighbours, in falling order
	}
	addrs = append(addrs, 0, 0x90000000, 1<<64-8)
	for i := range uint64(10) {
		addrs = append(addrs, 0xa0000000+i*maxRun) // runs of their own
	}
	hole := addrs[100] &^ 4095
	want := 2 // nil, and beyond the end of the address space
	touches := func(a uint64) bool { return a&^4095 == hole || (a+size-1)&^4095 == hole }
	for _, a := range addrs {
		if touches(a) {
			want++
		}
	}
	for _, name := range []string{"by one", "many"} {
		mem := &fakeMemory{holes: map[uint64]bool{hole: true}}
		var src reach.Source
		if name == "many" {
			src = fakeSource{mem: &fakeMemory{holes: mem.holes}}
		}
		seen := make(map[int]bool)
		last := uint64(0)
		unreadable := readEach(mem, src, nil, addrs, sortAddresses(addrs, nil), size, func(i int, b []byte) {
			if seen[i] || len(b) != size || binary.LittleEndian.Uint64(b) != addrs[i] || addrs[i] <= last {
				t.Errorf("%s: visit %d after %x, the second time %v: %x, want the struct at %x", name, i, last, seen[i], b,
					addrs[i])
			}
			seen[i], last = true, addrs[i]
		})
		for i, a := range addrs {
			if touches(a) == seen[i] && a != 0 && a != 1<<64-8 {
				t.Errorf("%s: struct %d at %x: read is %v", name, i, a, seen[i])
			}
		}
		if unreadable != want || len(seen)+unreadable != len(addrs) {
			t.Errorf("%s: %d of %d unreadable, want %d", name, unreadable, len(addrs), want)
		}
	}
	mem := new(fakeMemory)
	readEach(mem, nil, nil, addrs[:5000], sortAddresses(addrs[:5000], nil), size, func(int, []byte) {})
	if mem.reads > 5 {
		t.Errorf("%d reads for neighbours in 2 MB, want at most 5", mem.reads)
	}
}

// TestSortAddresses sorts addresses again after some more were added, after others took their place, and after some are
// gone.
func TestSortAddresses(t *testing.T) {
	var order []int32
	for _, addrs := range [][]uint64{{30, 10, 20}, {30, 10, 20, 5, 40, 15}, {1, 2, 3, 4, 5, 6}, {8, 7}} {
		order = sortAddresses(addrs, order)
		var got []uint64
		for _, i := range order {
			got = append(got, addrs[i])
		}
		if want := slices.Sorted(slices.Values(addrs)); !slices.Equal(got, want) {
			t.Errorf("sorted %v, want %v", got, want)
		}
	}
}
