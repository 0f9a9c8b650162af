package target

import (
	"bytes"
	"testing"
)

// TestCopies patches memory with pieces that overlap, touch and leave gaps.
func TestCopies(t *testing.T) {
	c := new(copies)
	c.add([]piece{{20, []byte("ccc")}, {10, []byte("aaaa")}})
	c.add([]piece{{12, []byte("bbbb")}, {11, []byte("xx")}, {40, nil}})
	for _, tt := range []struct {
		addr uint64
		n    int
		want string
		in   int
	}{
		{10, 6, "aaaabb", 6},
		{8, 16, "..aaaabb....ccc.", 9},
		{13, 2, "ab", 2},
		{16, 4, "....", 0},
		{22, 3, "c..", 1},
		{0, 3, "...", 0},
		{100, 1, ".", 0},
	} {
		b := bytes.Repeat([]byte("."), tt.n)
		if n := c.patch(b, tt.addr); n != tt.in || string(b) != tt.want {
			t.Errorf("at %d: %q, %d, want %q, %d", tt.addr, b, n, tt.want, tt.in)
		}
	}
	if n := (*copies)(nil).patch([]byte("x"), 1); n != 0 {
		t.Errorf("no copies have %d bytes", n)
	}
}
