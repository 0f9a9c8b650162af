//go:build amd64 || arm64

package target

import (
	"strconv"
	"testing"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/reach"
)

// A taker is a Capturer that counts what it is given.
type taker struct {
	t     *testing.T
	given bool
	n     int
	last  uint64
	done  bool
}

func (c *taker) Ready(_ reach.Source, given bool, err error) { c.given = given && err == nil }

func (c *taker) Goroutine(_ int, addr uint64, b []byte) {
	if addr <= c.last || len(b) < 256 || c.done {
		c.t.Errorf("%d bytes at %#x after %#x, captured: %t", len(b), addr, c.last, c.done)
	}
	c.n, c.last = c.n+1, addr
}

func (c *taker) Capture() { c.done = true }

// TestGiven checks that a Capturer is given all g's in the order of their addresses, before it captures.
func TestGiven(t *testing.T) {
	const n = 2000
	p := start(t, build(t, "waits.go"), strconv.Itoa(n))
	c := &taker{t: t}
	p.read(Options{Capturer: c})
	if !c.given || !c.done || c.n < n {
		t.Errorf("given: %t, captured: %t, %d g's of more than %d", c.given, c.done, c.n, n)
	}
}

// TestGoroutineSize bounds what a goroutine takes: a program may have a million of them.
func TestGoroutineSize(t *testing.T) {
	if n := unsafe.Sizeof(goroutine{}); n > 88 {
		t.Errorf("a goroutine takes %d bytes", n)
	}
}
