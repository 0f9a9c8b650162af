package diagnose

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// Whether two reports show the same finding is asked for two reasons, and answered in two ways.
//
// Who watches one program wants to tell what is new in it. There a finding stays the same while one of its goroutines stays in the same operation: others
// join it, and it changes its kind as more becomes known. Symptom is what is compared. A debugger compares without Symptom.Since, from which the times are
// taken out for which it held the program; and between two looks at one stop, where nothing moves, only goroutines (Same).
//
// Who compares two runs, or gives a name to a series of metrics that outlives goroutines, cannot go by their numbers. There a finding is the same if it has
// the same kind and place. Key is what is compared. Only what `awaittrace test -known` keeps in a file goes by function and expression, since every edit
// changes lines.

// A Symptom is a goroutine that is stuck in one operation. While it is, it stays the same from one look to the next.
type Symptom struct {
	What             string // the kind of the finding, or the title of one that has no goroutines
	Goroutine, Since int64
}

// Symptoms returns the symptoms that f, a finding of r, explains.
func (r *Report) Symptoms(f *Finding) []Symptom {
	if len(f.Goroutines) == 0 {
		return []Symptom{{What: f.Title}}
	}
	list := make([]Symptom, 0, len(f.Goroutines))
	for _, id := range f.Goroutines {
		s := Symptom{What: string(f.Kind), Goroutine: id}
		if i, ok := r.Find(id); ok && f.Rate == nil { // one that goes round moves all the time
			g := &r.Snapshot.Goroutines[i]
			if s.Since = g.LastAt; len(g.Waits) > 0 {
				s.Since = g.Waits[0].Since
			}
		}
		list = append(list, s)
	}
	return list
}

// Unread returns a symptom for each place at which goroutines have long been in waits of which the record alone does not tell whether they will end: what the other
// end of a call does, or who can reach a channel, the operating system and the program's memory say. None has a goroutine: others come to the same place.
func (r *Report) Unread() (list []Symptom) {
	if r.Snapshot.HasStates {
		return nil
	}
	j := &judge{facts: r.facts}
	seen := make(map[*snapshot.Probe]bool)
	for i, v := range r.Verdicts {
		w := r.facts.wait(i)
		if v != Idle || w == nil || w.Probe.Op == runtime.OpSleep || j.external(i) || !r.facts.long(i) || seen[w.Probe] {
			continue
		}
		seen[w.Probe] = true
		list = append(list, Symptom{What: fmt.Sprintf("%s:%d:%d", w.Probe.File, w.Probe.Line, w.Probe.Col)})
	}
	return list
}

// Wait returns s without the kind of finding.
func (s Symptom) Wait() Symptom {
	if s.Goroutine != 0 {
		s.What = ""
	}
	return s
}

// Lead returns the symptom that f, a finding of a program that a debugger holds now and then, is recognised by.
func (f *Finding) Lead() Symptom { return Symptom{What: string(f.Kind), Goroutine: f.At()} }

// At returns the goroutine that f is shown at: its root, or else its first; 0 if it has neither.
func (f *Finding) At() int64 {
	if f.Root == 0 && len(f.Goroutines) > 0 {
		return f.Goroutines[0]
	}
	return f.Root
}

// Same returns the finding of r that counts and is about a goroutine of f, which another look at the same stop has found; nil if there is none.
func (r *Report) Same(f *Finding) *Finding {
	in := make(map[int64]bool, len(f.Goroutines))
	for _, id := range f.Goroutines {
		in[id] = true
	}
	for i := range r.Findings {
		if g := &r.Findings[i]; !r.Doubtful(g) && slices.ContainsFunc(g.Goroutines, func(id int64) bool { return in[id] }) {
			return g
		}
	}
	return nil
}

// A Key recognises a finding in a report on another run: by its kind and by where its first goroutine is. N tells several of them apart.
type Key struct {
	Kind Kind
	File string
	Line int
	N    int
}

// Compare orders keys.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Kind, o.Kind), cmp.Compare(k.File, o.File), cmp.Compare(k.Line, o.Line), cmp.Compare(k.N, o.N))
}

// Numbered returns k with the first number that is free in set.
func Numbered[F any](set map[Key]F, k Key) Key {
	for ; ; k.N++ {
		if _, taken := set[k]; !taken {
			return k
		}
	}
}
