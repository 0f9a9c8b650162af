package diagnose

import (
	"fmt"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// This file has the phrases of findings about any goroutine and any object, for those who ask about one. Goroutines are known by their index
// in the snapshot.

// words returns the analysis that the phrases are methods of.
func (r *Report) words() *analysis { return &analysis{s: r.Snapshot, opt: r.Options, graph: r.graph} }

// Find returns the index of the goroutine of that id.
func (r *Report) Find(id int64) (int, bool) {
	i, ok := r.graph.index[id]
	return i, ok
}

// Step says in one line what goroutine i is doing, where, and since when.
func (r *Report) Step(i int) string { return r.words().step(i) }

// Started says which go statement of the user's started goroutine i; nothing if that is not known.
func (r *Report) Started(i int) []string { return r.words().started(i) }

// Object names the object at addr: "mutex a.mu". p is a probe of an operation on it.
func (r *Report) Object(addr uint64, p *snapshot.Probe) string { return r.words().object(addr, p) }

// Place returns the position of a probe, with its function.
func (r *Report) Place(p *snapshot.Probe) string { return r.words().place(p) + in(p.Func) }

// Ago returns the time since t of the program's clock.
func (r *Report) Ago(t int64) string { return r.words().ago(t) }

// Held says who holds the object at addr, or held it when they exited, a line for each of at most limit, and one for the others.
func (r *Report) Held(addr uint64, limit int) []string {
	a := r.words()
	var lines []string
	for _, h := range a.graph.holders[addr] {
		lines = append(lines, a.held(addr, h))
	}
	for _, o := range a.graph.orphans[addr] {
		lines = append(lines, fmt.Sprintf("%s was locked by goroutine %d at %s%s, which has exited without unlocking it",
			a.object(addr, o.Probe), o.Goroutine, a.place(o.Probe), in(o.Probe.Func)))
	}
	return atMost(lines, limit)
}

// Facts says who made, sent on, received from and closed the object at addr; of other objects than channels, what corresponds to it.
func (r *Report) Facts(addr uint64) []string {
	a := r.words()
	lines := a.facts(addr, false)
	if o := a.s.Objects[addr]; o != nil && o.Kind == runtime.KindChan && o.Received == nil {
		lines = append(lines, "no receive from it is on record")
	}
	return lines
}

// Waiters returns the goroutines that wait for the object at addr, selects included, by index.
func (r *Report) Waiters(addr uint64) []int {
	var list []int
	for i := range r.Snapshot.Goroutines {
		for _, w := range r.Snapshot.Goroutines[i].Waits[:min(1, len(r.Snapshot.Goroutines[i].Waits))] {
			if w.Obj == addr || hasCase(w.Cases, addr) {
				list = append(list, i)
			}
		}
	}
	return list
}

func hasCase(cases []snapshot.Case, addr uint64) bool {
	for _, c := range cases {
		if c.Obj == addr {
			return true
		}
	}
	return false
}

// atMost returns the first lines, and how many there are besides.
func atMost(lines []string, limit int) []string {
	if n := len(lines) - limit; n > 0 {
		return append(lines[:limit:limit], fmt.Sprintf("and %d more", n))
	}
	return lines
}
