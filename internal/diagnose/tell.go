package diagnose

import (
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// This file has the phrases of findings for any goroutine and any object. Goroutines are known by their index in the
// snapshot.

// Find returns the index of the goroutine with that ID.
func (r *Report) Find(id int64) (int, bool) { return r.facts.find(id) }

// Step says in one line what goroutine i is doing, where, and since when.
func (r *Report) Step(i int) string { return r.facts.step(i) }

// Started says which of the user's go statements started goroutine i. It is empty if that is unknown.
func (r *Report) Started(i int) []string { return r.facts.started(i) }

// Object names the object at addr: "mutex a.mu". p is a probe of an operation on it.
func (r *Report) Object(addr uint64, p *snapshot.Probe) string { return r.facts.object(addr, p) }

// Place returns the position of a probe, with its function.
func (r *Report) Place(p *snapshot.Probe) string { return r.facts.place(p) + in(p.Func) }

// Position returns the position of a line, with the path as the report shows it.
func (r *Report) Position(file string, line int) string { return r.facts.position(file, line) }

// Ago returns the time since t, which is of the program's clock.
func (r *Report) Ago(t int64) string { return r.facts.ago(t) }

// Held says who holds the object at addr, or held it when they exited: one line for each of at most limit, and one for
// the others.
func (r *Report) Held(addr uint64, limit int) []string {
	f := r.facts
	var lines []string
	for _, h := range f.holders[addr] {
		lines = append(lines, f.held(addr, h))
	}
	for _, o := range f.orphans[addr] {
		lines = append(lines, fmt.Sprintf("%s was locked by goroutine %d at %s%s, which has exited without "+
			"unlocking it",
			f.object(addr, o.Probe), o.Goroutine, f.place(o.Probe), in(o.Probe.Func)))
	}
	if n := len(lines) - limit; n > 0 {
		return append(lines[:limit:limit], fmt.Sprintf("and %d more", n))
	}
	return lines
}

// Facts says who made, sent on, received from and closed the object at addr, or did what corresponds to that for an
// object that is not a channel.
func (r *Report) Facts(addr uint64) []string {
	lines := r.facts.factsAbout(addr, false)
	if o := r.Snapshot.Objects[addr]; o != nil && o.Kind == runtime.KindChan && o.Received == nil &&
		(o.Made != nil || o.Sent != nil) {
		lines = append(lines, "no receive from it is on record")
	}
	return lines
}

// Waiters returns the indexes of the goroutines that wait for the object at addr, including those in a select.
func (r *Report) Waiters(addr uint64) []int {
	var list []int
	for i := range r.Snapshot.Goroutines {
		for _, w := range r.Snapshot.Goroutines[i].Waits[:min(1, len(r.Snapshot.Goroutines[i].Waits))] {
			if w.Obj == addr || slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool { return c.Obj == addr }) {
				list = append(list, i)
			}
		}
	}
	return list
}
