package reach

import (
	"encoding/binary"
	"fmt"
)

const (
	// blockSize is how much a reader reads at once, and smallBlock how much one does of what lies far apart.
	blockSize, smallBlock = 64 << 10, 8 << 10
	// maxBlocks bounds what a reader keeps.
	maxBlocks = 1 << 15
	pageSize  = 4096
)

// A reader reads memory by the block, each block once. Memory that cannot be read is zero, and counted in bad: a caller
// that needs to know compares bad before and after.
type reader struct {
	src    Memory
	size   uint64 // of a block
	blocks map[uint64][]byte
	last   []byte
	lastAt uint64
	// holes has the pages that cannot be read.
	holes map[uint64]bool
	bad   int
	spare [][]byte // blocks to be used again
}

func newReader(src Memory) *reader {
	return newReaderOf(src, blockSize)
}

// newReaderOf returns a reader of blocks of a size, a power of two.
func newReaderOf(src Memory, size uint64) *reader {
	return &reader{src: src, size: size, blocks: make(map[uint64][]byte), lastAt: 1, holes: make(map[uint64]bool)}
}

// reset forgets what was read, so that it is read again, into the same memory.
func (r *reader) reset() {
	for _, b := range r.blocks {
		r.spare = append(r.spare, b)
	}
	clear(r.blocks)
	clear(r.holes)
	r.last, r.lastAt, r.bad = nil, 1, 0
}

// from returns what is in the block of addr from addr on.
func (r *reader) from(addr uint64) []byte {
	base := addr &^ (r.size - 1)
	if base != r.lastAt {
		b, ok := r.blocks[base]
		if !ok {
			b = r.read(base)
		}
		r.last, r.lastAt = b, base
	}
	if len(r.holes) > 0 && r.holes[addr&^(pageSize-1)] {
		r.bad++
	}
	return r.last[addr-base:]
}

// read reads the block at base, by the page where not all of it is there.
func (r *reader) read(base uint64) []byte {
	if len(r.blocks) >= maxBlocks {
		clear(r.blocks)
	}
	var b []byte
	if n := len(r.spare); n > 0 {
		b, r.spare = r.spare[n-1], r.spare[:n-1]
	} else {
		b = make([]byte, r.size)
	}
	if r.src.ReadMemory(b, base) != nil {
		clear(b)
		for o := uint64(0); o < r.size; o += pageSize {
			if r.src.ReadMemory(b[o:o+pageSize], base+o) != nil {
				clear(b[o : o+pageSize])
				r.holes[base+o] = true
			}
		}
	}
	r.blocks[base] = b
	return b
}

// fill fills b from addr.
func (r *reader) fill(b []byte, addr uint64) {
	for len(b) > 0 {
		from := r.from(addr)
		if over := int(pageSize - addr&(pageSize-1)); len(from) > over && len(r.holes) > 0 {
			from = from[:over] // so that each page is looked up among the holes
		}
		n := copy(b, from)
		b, addr = b[n:], addr+uint64(n)
	}
}

// bytes returns n bytes from addr, in memory of their own.
func (r *reader) bytes(addr, n uint64) []byte {
	b := make([]byte, n)
	r.fill(b, addr)
	return b
}

// view returns n bytes from addr, which the caller must not change.
func (r *reader) view(addr, n uint64) []byte {
	if b := r.from(addr); uint64(len(b)) >= n && len(r.holes) == 0 {
		return b[:n:n]
	}
	return r.bytes(addr, n)
}

func (r *reader) u64(addr uint64) uint64 {
	return binary.LittleEndian.Uint64(r.view(addr, 8))
}

func (r *reader) u32(addr uint64) uint32 {
	return binary.LittleEndian.Uint32(r.view(addr, 4))
}

func (r *reader) u8(addr uint64) byte { return r.view(addr, 1)[0] }

// maxString bounds the strings that are read, such as names of functions.
const maxString = 4096

// cstring returns the string at addr that ends with a zero byte.
func (r *reader) cstring(addr uint64) string {
	var s []byte
	for len(s) < maxString {
		b := r.from(addr)
		for i, c := range b {
			if c == 0 {
				return string(append(s, b[:i]...))
			}
			if len(s)+i > maxString {
				break
			}
		}
		s = append(s, b...)
		addr += uint64(len(b))
	}
	return string(s[:maxString])
}

// checked runs f and reports whether all memory that it read was there.
func (r *reader) checked(f func()) bool {
	before := r.bad
	f()
	return r.bad == before
}

// large reads n bytes at addr at once, past the blocks.
func (r *reader) large(addr, n, limit uint64) ([]byte, error) {
	if n > limit {
		return nil, fmt.Errorf("%d bytes at %#x are not what they should be", n, addr)
	}
	if n > largeSize {
		if err := probe(r.src, addr, addr+n); err != nil {
			return nil, err
		}
	}
	b := make([]byte, n)
	if n == 0 {
		return b, nil
	}
	return b, r.src.ReadMemory(b, addr)
}

// largeSize bounds what is allocated before any of it was read.
const largeSize = 2 << 20

// probe returns an error if a range cannot be what it is said to be: before memory is provided for a copy of it.
func probe(src Memory, lo, hi uint64) error {
	var b [8]byte
	if hi < lo+8 || src.ReadMemory(b[:], lo) != nil || src.ReadMemory(b[:], hi-8) != nil ||
		src.ReadMemory(b[:], lo+(hi-lo)/16*8) != nil {
		return errNonsense("memory", lo)
	}
	return nil
}
