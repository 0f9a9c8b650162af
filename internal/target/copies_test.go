package target

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/awaittrace/awaittrace/runtime"
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

// TestWorthCopying checks that of many goroutines, in any order, those are copied that have the first and the last IDs.
func TestWorthCopying(t *testing.T) {
	const n = 3 * maxCopied
	s := new(session)
	for id := range int64(n) {
		s.gs = append(s.gs, goroutine{id: id + 1, status: runtime.GWaiting, gopc: uint64(id%2 + 1)})
	}
	s.gs[n/2].status, s.gs[n/2+1].status, s.gs[n/2+2].status = runtime.GRunning, runtime.GRunnable, runtime.GDead
	s.gs[n/2+3].id = 0 // the runtime's own
	var want []int64
	for id := int64(1); id <= n; id++ {
		if g := s.gs[id-1]; g.alive() && (id <= 2*perPlace || id > n-2*perPlace || g.status != runtime.GWaiting) {
			want = append(want, id)
		}
	}
	rand.Shuffle(n, func(i, j int) { s.gs[i], s.gs[j] = s.gs[j], s.gs[i] })
	var got []int64
	for _, i := range s.worthCopying() {
		got = append(got, s.gs[i].id)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("copies %d goroutines, want %d: %v, want %v", len(got), len(want), got, want)
	}
	s.gs = s.gs[:maxCopied]
	alive := 0
	for i := range s.gs {
		if s.gs[i].alive() {
			alive++
		}
	}
	if list := s.worthCopying(); len(list) != alive {
		t.Errorf("copies %d goroutines of %d", len(list), alive)
	}
}
