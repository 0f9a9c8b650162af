//go:build amd64 || arm64

package reach

import (
	"go/version"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// TestMasks expects that an integer is no pointer, for all versions of Go in the tables that have masks, and without
// symbols.
func TestMasks(t *testing.T) {
	t.Parallel()
	tables, err := parsedTables()
	if err != nil {
		t.Fatal(err)
	}
	programs := [][2]string{{runtime.Version(), "-s -w"}}
	for _, l := range tables {
		if l.Arch == runtime.GOARCH {
			programs = append(programs, [2]string{l.Go, ""})
		}
	}
	for _, c := range programs {
		v, flags := c[0], c[1]
		t.Run(strings.TrimSpace(v+" "+flags), func(t *testing.T) {
			exe := buildWith(t, v, flags, "testdata/masks.go")
			prog, err := OpenProgram(exe)
			if err != nil {
				t.Fatal(err)
			}
			want := wanted(t, "testdata/masks.go")
			if !prog.hasMasks() {
				if version.Lang(v) != "go1.21" {
					t.Errorf("%s has no masks", v)
				}
				for name := range want {
					want[name] = "live"
				}
			}
			src := start(t, exe)
			r := look(t, src, prog)
			testAnswers(t, r, want)
			other := *prog
			other.Go = "" // without masks
			testReached(t, r, look(t, src, &other))
		})
	}
}

// testReached expects that all that is reached without masks is reached with them, too: what the collector has kept.
// The program has made nothing since but goroutines that wait.
func testReached(t *testing.T, r, other *Result) {
	t.Helper()
	n := 0
	for i := range r.m.heap.spans {
		sp := &r.m.heap.spans[i]
		for idx := range sp.nelems {
			at := sp.start + uint64(idx)*sp.elem
			if id, ok := other.m.heap.id(at); !ok || sp.noscan || !other.all.has(id) {
				continue
			}
			n++
			if !r.all.has(sp.base + idx) {
				t.Errorf("nothing leads to the object of %d bytes at %#x, which the collector has kept", sp.elem, at)
			}
		}
	}
	if n < 10_000 {
		t.Errorf("%d objects with pointers are reached", n)
	}
}

// TestSpanMasks finds the masks of made-up spans, and compares each with the bits of its words.
func TestSpanMasks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	spans := func(reserved func(elem uint64) uint64) *heap {
		h := new(heap)
		for _, elem := range []uint64{8, 16, 24, 48, 80, 176, 320, 480, 512} {
			sp := span{start: 1 << pageShift, end: 2 << pageShift, elem: elem, data: make([]byte, pageBytes),
				nelems: uint32((pageBytes - reserved(elem)) / elem)}
			for i := range sp.data {
				sp.data[i] = byte(rnd.Uint32())
			}
			h.spans = append(h.spans, sp)
		}
		return h
	}
	for name, c := range map[string]struct {
		marks func(elem uint64) uint64
		found bool
	}{
		"before Go 1.22": {func(uint64) uint64 { return 0 }, false},
		"plain":          {func(uint64) uint64 { return 128 }, true},
		"marked":         {func(elem uint64) uint64 { return 128 + min(elem&^8, 16)*8 }, true},
		"more":           {func(uint64) uint64 { return 512 }, false},
		"in doubt":       {func(elem uint64) uint64 { return 128 + elem&32*4 }, false},
	} {
		h := spans(c.marks)
		if got := h.findMasks(); got != c.found {
			t.Errorf("%s: found %t", name, got)
			continue
		}
		for i := range h.spans {
			sp := &h.spans[i]
			if !c.found {
				if sp.masks != 0 {
					t.Errorf("%s: objects of %d bytes have masks", name, sp.elem)
				}
				continue
			}
			table := sp.data[pageBytes-c.marks(sp.elem):]
			for idx := range sp.nelems {
				mask := sp.mask(idx)
				for k := range sp.elem / 8 {
					word := uint64(idx)*sp.elem/8 + k
					if got, want := mask>>k&1, uint64(table[word/8]>>(word%8)&1); got != want {
						t.Fatalf("%s: word %d of object %d of %d bytes: %d, want %d", name, k, idx, sp.elem, got, want)
					}
				}
				if sp.elem < 512 && mask>>(sp.elem/8) != 0 {
					t.Fatalf("%s: the mask of object %d of %d bytes has words of the next", name, idx, sp.elem)
				}
			}
		}
	}
}
