package diagnose

import (
	"cmp"
	"fmt"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// Whether two reports show the same finding has two answers, for two purposes.
//
// A watcher of one program wants to know what is new. A finding stays the same while one of its goroutines stays in the
// same operation, even if others join it. Watchers compare Symptoms, also those of a debugger, which holds the program
// now and then: the time for which it does is taken out of the durations of a report, but a goroutine that has passed
// no probe has not moved.
//
// A comparison of two runs, or the name of a series of metrics that outlives goroutines, cannot use their IDs. A
// finding is the same if it has the same kind and place, and Keys are compared. Only the file of `awaittrace test
// -known` identifies findings by function and expression, because every edit changes lines.

// A Symptom is a goroutine that is stuck in one operation. It is the same in every look while the goroutine is.
type Symptom struct {
	What      string // the kind of the finding, or the title of one that has no goroutines
	Goroutine int64
	Steps     uint32 // the probes that the goroutine has reached; 0 if it loops
}

// Symptoms returns the symptoms that f, a finding of r, explains.
func (r *Report) Symptoms(f *Finding) []Symptom {
	if len(f.Goroutines) == 0 {
		return []Symptom{{What: f.Title}}
	}
	list := make([]Symptom, 0, len(f.Goroutines))
	for _, id := range f.Goroutines {
		s := Symptom{What: string(f.Kind), Goroutine: id}
		if i, ok := r.Find(id); ok && f.Rate == nil { // a goroutine that goes round moves all the time
			s.Steps = r.Snapshot.Goroutines[i].Steps
		}
		list = append(list, s)
	}
	return list
}

// Unread returns a symptom for each place with long waits that the record alone cannot explain: whether they will end
// is unknown. Only the operating system and the program's memory know what the other end of a call does, or who can
// reach a channel. The symptoms have no goroutine, because others come to the same place.
func (r *Report) Unread() (list []Symptom) {
	if r.Snapshot.HasStates {
		return nil
	}
	j := &judge{facts: r.facts}
	seen := make(map[*snapshot.Probe]bool)
	for i, v := range r.Verdicts {
		w := r.facts.wait(i)
		if v != Idle || w == nil || w.Probe.Op == runtime.OpSleep || j.external(i) && !j.mayHaveStopped(w) ||
			!r.facts.long(i) || seen[w.Probe] {
			continue
		}
		seen[w.Probe] = true
		list = append(list, Symptom{What: fmt.Sprintf("%s:%d:%d", w.Probe.File, w.Probe.Line, w.Probe.Col)})
	}
	return list
}

// mayHaveStopped reports whether w, which waits for clocks and contexts, need not end for all that the record knows: the
// timers may be stopped, and nobody may be left who could cancel the contexts.
func (f *facts) mayHaveStopped(w *snapshot.Wait) bool {
	list := cases(w)
	for k, c := range list {
		if f.source(w, k, c.Obj) == signalChan || w.Probe.Role(k) == runtime.RoleAfter {
			return false
		}
	}
	return len(list) > 0 && w.More == 0
}

// Wait returns s without the kind of finding.
func (s Symptom) Wait() Symptom {
	if s.Goroutine != 0 {
		s.What = ""
	}
	return s
}

// At returns the goroutine at which f is shown: its root, or its first; 0 if it has neither.
func (f *Finding) At() int64 {
	if f.Root == 0 && len(f.Goroutines) > 0 {
		return f.Goroutines[0]
	}
	return f.Root
}

// A Key identifies a finding in reports on different runs, by its kind and the place of its first goroutine. N
// distinguishes findings that share these.
type Key struct {
	Kind Kind
	File string
	Line int
	N    int
}

// Compare orders keys.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Kind, o.Kind), cmp.Compare(k.File, o.File), cmp.Compare(k.Line, o.Line),
		cmp.Compare(k.N, o.N))
}

// Numbered returns k with the first number that is not in set.
func Numbered[F any](set map[Key]F, k Key) Key {
	for ; ; k.N++ {
		if _, taken := set[k]; !taken {
			return k
		}
	}
}
