//go:build amd64 || arm64

package procfs

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestReadMany reads pieces of its own memory that touch, overlap, and have gaps of many sizes between them. Some are
// where there is none.
func TestReadMany(t *testing.T) {
	const pages = 64
	page := os.Getpagesize()
	mem, err := unix.Mmap(-1, 0, pages*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mem)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range mem {
		mem[i] = byte(rnd.Uint32())
	}
	want := bytes.Clone(mem)
	hole := func(at int) bool { return at/page%8 == 7 }
	for i := 7; i < pages; i += 8 {
		if err := unix.Mprotect(mem[i*page:][:page], unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	p, err := OpenProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	base := uint64(uintptr(unsafe.Pointer(&mem[0])))
	for _, holes := range []bool{false, true} {
		var offs []int
		var bufs [][]byte
		var addrs []uint64
		var lost []int
		for at := 0; ; {
			n := rnd.IntN(700)
			if at += rnd.IntN(3)*rnd.IntN(2*maxGap) - rnd.IntN(2)*rnd.IntN(32); at < 0 {
				at = 0
			}
			if at+n > len(mem) {
				break
			}
			if bad := n > 0 && (hole(at) || hole(at+n-1)); !bad || holes {
				if bad {
					lost = append(lost, len(bufs))
				}
				offs, bufs, addrs = append(offs, at), append(bufs, make([]byte, n)), append(addrs, base+uint64(at))
			}
			at += n
		}
		if bad := p.ReadMany(bufs, addrs); !slices.Equal(bad, lost) {
			t.Errorf("of %d pieces %v cannot be read, want %v", len(bufs), bad, lost)
		}
		for i, b := range bufs {
			if _, bad := slices.BinarySearch(lost, i); !bad && !bytes.Equal(b, want[offs[i]:][:len(b)]) {
				t.Errorf("piece %d of %d bytes at %d is not what is there", i, len(b), offs[i])
			}
		}
	}
}
