package reach

import (
	"reflect"
	"testing"
	"unsafe"
)

func TestRootList(t *testing.T) {
	l := rootList{base: 0xc000000000, of: make([][2]uint32, 4)}
	want := []root{{0x500000, 7, rootOf(rootGlobal)}, {3, 8, rootOf(rootSpecial)}}
	for _, r := range want {
		l.add(r)
	}
	stacks := map[int32][]root{
		2: {{0xc000000000, 9, 2}, {0, 10, 2}, {0xc000000000 + 40<<30, 11, 2}, {0x7f0000000008, 12, 2},
			{0xc000000003, 15, 2}},
		0: nil,
		3: {{0x1000, 13, 3}, {0xc0000007f8, 14, 3}},
		1: nil,
	}
	for _, g := range []int32{0, 2, 1, 3} {
		l.begin(g)
		for _, r := range stacks[g] {
			if i := l.addOfStack(r.addr, r.obj); int(i) != len(want) {
				t.Errorf("root %d has the index %d", len(want), i)
			}
			want = append(want, r)
		}
		l.end(g)
	}
	for i, r := range want {
		if got := l.at(uint32(i)); got != r || l.object(uint32(i)) != r.obj {
			t.Errorf("root %d is %v of %d, want %v", i, got, l.object(uint32(i)), r)
		}
	}
	if of := [][2]uint32{{2, 2}, {7, 7}, {2, 7}, {7, 9}}; !reflect.DeepEqual(l.of, of) {
		t.Errorf("the goroutines have the roots %v, want %v", l.of, of)
	}
}

// TestSizes holds the size of what there is a million of: what the reader takes is the product of these.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, most uintptr
	}{
		{"goroutine", unsafe.Sizeof(goroutine{}), 48}, {"wait", unsafe.Sizeof(wait{}), 16},
		{"stackRoot", unsafe.Sizeof(stackRoot{}), 8},
	} {
		if c.got > c.most {
			t.Errorf("a %s has %d bytes, want at most %d", c.name, c.got, c.most)
		}
	}
}
