package report

import (
	"cmp"
	"io"
	"slices"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// maxObjects bounds the objects that a graph is written for.
const maxObjects = 200

// TextWaitGraph writes the wait-for graph to w: the holders and waiters of every awaited object, the most awaited
// first.
func TextWaitGraph(w io.Writer, r *diagnose.Report) error {
	t := newText(w, r, TextOptions{})
	waiters := make(map[uint64][]int)
	for i := range t.s.Goroutines {
		for _, addr := range awaited(&t.s.Goroutines[i]) {
			waiters[addr] = append(waiters[addr], i)
		}
	}
	if len(waiters) == 0 {
		t.line("nobody waits for a lock or a channel that a probe knows of")
	}
	objects := make([]uint64, 0, len(waiters))
	for addr := range waiters {
		objects = append(objects, addr)
	}
	slices.SortFunc(objects, func(a, b uint64) int {
		return cmp.Or(len(waiters[b])-len(waiters[a]), waiters[a][0]-waiters[b][0], cmp.Compare(a, b))
	})
	for _, addr := range objects[:min(maxObjects, len(objects))] {
		list := waiters[addr]
		t.line("%s", t.named(addr, t.s.Goroutines[list[0]].Waits[0].Probe))
		t.object(addr, "    ")
		t.steps(list, "    <- ")
	}
	if n := len(objects) - maxObjects; n > 0 {
		t.line("and %d more objects that somebody waits for", n)
	}
	return t.Flush()
}

// awaited returns the objects that g waits for, each once.
func awaited(g *snapshot.Goroutine) []uint64 {
	if len(g.Waits) == 0 {
		return nil
	}
	var list []uint64
	if w := &g.Waits[0]; w.Obj != 0 {
		list = append(list, w.Obj)
	}
	for _, c := range g.Waits[0].Cases {
		if c.Obj != 0 && !slices.Contains(list, c.Obj) {
			list = append(list, c.Obj)
		}
	}
	return list
}
