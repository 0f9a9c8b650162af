package diagnose

import (
	"cmp"
	"maps"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// The contradictions in a snapshot (keys of Snapshot.Dropped). A record that was cut off in the middle of a write, or
// damaged since, has them.
const (
	DroppedTwice   = "goroutines that were there twice"
	DroppedHolders = "holders of a lock that somebody took since"
	DroppedOrphans = "orphaned locks whose holder is there"
	DroppedTimes   = "times that cannot be"
	DroppedFacts   = "facts about objects that cannot be"
)

// A doubtSet has the goroutines and objects about which a snapshot contradicts itself. Findings that depend on them are
// less certain.
type doubtSet struct {
	goroutines map[int64]bool
	objects    map[uint64]bool
}

// touches reports whether goroutine g depends on something in doubt.
func (d *doubtSet) touches(g *snapshot.Goroutine) bool {
	if d.goroutines[g.ID] {
		return true
	}
	return slices.ContainsFunc(g.Waits, func(w snapshot.Wait) bool { return d.objects[w.Obj] }) ||
		slices.ContainsFunc(g.Holds, func(h snapshot.Hold) bool { return d.objects[h.Obj] })
}

// reconcile returns s, or a copy of it without the parts that contradict the rest. Snapshot.Dropped of the copy counts
// them.
func reconcile(s *snapshot.Snapshot) (*snapshot.Snapshot, *doubtSet) {
	r := &reconciler{s: s, doubt: &doubtSet{goroutines: map[int64]bool{}, objects: map[uint64]bool{}},
		dropped: map[string]int{}}
	if !r.contradicts() {
		return s, r.doubt
	}
	clean := *s
	clean.Goroutines = slices.Clone(s.Goroutines)
	clean.Orphans = slices.Clone(s.Orphans)
	r.s = &clean
	r.twice()
	for i := range clean.Goroutines {
		r.times(&clean.Goroutines[i])
	}
	r.holders()
	alive := make(map[int64]bool, len(clean.Goroutines))
	for i := range clean.Goroutines {
		alive[clean.Goroutines[i].ID] = true
	}
	isAlive := func(id int64) bool { return alive[id] }
	r.orphans(isAlive)
	r.facts(isAlive)
	clean.Dropped = maps.Clone(s.Dropped)
	if clean.Dropped == nil {
		clean.Dropped = map[string]int{}
	}
	for what, n := range r.dropped {
		clean.Dropped[what] += n
	}
	return &clean, r.doubt
}

// A reconciler removes from a snapshot what contradicts the rest.
type reconciler struct {
	s       *snapshot.Snapshot
	doubt   *doubtSet
	dropped map[string]int
}

// contradicts reports whether the snapshot contradicts itself.
func (r *reconciler) contradicts() bool {
	ids := make([]int64, len(r.s.Goroutines))
	for i := range r.s.Goroutines {
		g := &r.s.Goroutines[i]
		if r.impossible(g) {
			return true
		}
		ids[i] = g.ID
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) < len(r.s.Goroutines) {
		return true
	}
	alive := func(id int64) bool {
		_, is := slices.BinarySearch(ids, id)
		return is
	}
	for _, u := range r.uses() {
		if u.several() {
			return true
		}
	}
	for _, o := range r.s.Objects {
		if slices.ContainsFunc(factsOf(o), func(f **snapshot.Fact) bool { return r.wrong(*f, alive) }) {
			return true
		}
	}
	return slices.ContainsFunc(r.s.Orphans, func(h snapshot.Hold) bool { return alive(h.Goroutine) || h.Probe == nil })
}

// factsOf returns pointers to the facts of an object.
func factsOf(o *snapshot.Object) []**snapshot.Fact {
	return []**snapshot.Fact{&o.Made, &o.Sent, &o.Received, &o.Closed}
}

// wrong reports whether a fact is impossible.
func (r *reconciler) wrong(f *snapshot.Fact, alive func(id int64) bool) bool {
	return f != nil && (f.Probe == nil || r.never(f.At) || f.Exited && alive(f.Goroutine))
}

// impossible reports whether goroutine g has an impossible time, or an operation without a probe.
func (r *reconciler) impossible(g *snapshot.Goroutine) bool {
	return r.never(g.LastAt) ||
		slices.ContainsFunc(g.Waits, func(w snapshot.Wait) bool { return w.Probe == nil || r.never(w.Since) }) ||
		slices.ContainsFunc(g.Holds, func(h snapshot.Hold) bool { return h.Probe == nil || r.never(h.Since) })
}

// slack is how far apart clocks that are read one after the other may be, in nanoseconds.
const slack = 1e9

// never reports whether nothing can have happened at time t.
func (r *reconciler) never(t int64) bool { return t < 0 || t > r.s.Taken+slack }

// twice keeps, of goroutines with the same ID, the one that was seen last.
func (r *reconciler) twice() {
	list := r.s.Goroutines
	slices.SortStableFunc(list, func(a, b snapshot.Goroutine) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(b.LastAt, a.LastAt))
	})
	kept := list[:0]
	for i := range list {
		if len(kept) > 0 && kept[len(kept)-1].ID == list[i].ID {
			r.doubt.goroutines[list[i].ID] = true
			r.dropped[DroppedTwice]++
			continue
		}
		kept = append(kept, list[i])
	}
	r.s.Goroutines = kept
}

// times makes impossible times unknown, and leaves out operations without a probe.
func (r *reconciler) times(g *snapshot.Goroutine) {
	if !r.impossible(g) {
		return
	}
	r.doubt.goroutines[g.ID] = true
	r.dropped[DroppedTimes]++
	mend := func(t int64) int64 {
		if r.never(t) {
			return 0
		}
		return t
	}
	g.LastAt = mend(g.LastAt)
	g.Waits, g.Holds = slices.Clone(g.Waits), slices.Clone(g.Holds)
	g.Waits = slices.DeleteFunc(g.Waits, func(w snapshot.Wait) bool { return w.Probe == nil })
	g.Holds = slices.DeleteFunc(g.Holds, func(h snapshot.Hold) bool { return h.Probe == nil })
	for i := range g.Waits {
		g.Waits[i].Since = mend(g.Waits[i].Since)
	}
	for i := range g.Holds {
		g.Holds[i].Since = mend(g.Holds[i].Since)
	}
}

// A use is how a lock is held: by how many writers and readers, and when the newest of each took it.
type use struct {
	writers, readers int
	writer, reader   int64
}

// uses returns the use of each lock that is held.
func (r *reconciler) uses() map[uint64]use {
	uses := map[uint64]use{}
	for i := range r.s.Goroutines {
		for _, h := range r.s.Goroutines[i].Holds {
			u := uses[h.Obj]
			if h.Read {
				u.readers++
				u.reader = max(u.reader, h.Since)
			} else {
				u.writers++
				u.writer = max(u.writer, h.Since)
			}
			uses[h.Obj] = u
		}
	}
	return uses
}

// several reports whether more goroutines hold the lock than can. A writer excludes all others.
func (u use) several() bool { return u.writers > 1 || u.writers == 1 && u.readers > 0 }

// void reports whether h is over, because another goroutine has since taken the lock in a way that excludes h.
func (u use) void(h snapshot.Hold) bool {
	return u.several() && (h.Since < u.writer || !h.Read && h.Since < u.reader)
}

// holders keeps, of a lock with too many holders, those that took it last.
func (r *reconciler) holders() {
	uses := r.uses()
	for obj, u := range uses {
		if u.several() {
			r.doubt.objects[obj] = true
		}
	}
	for i := range r.s.Goroutines {
		g := &r.s.Goroutines[i]
		void := func(h snapshot.Hold) bool { return uses[h.Obj].void(h) }
		if slices.ContainsFunc(g.Holds, void) {
			before := len(g.Holds)
			g.Holds = slices.DeleteFunc(slices.Clone(g.Holds), void)
			r.dropped[DroppedHolders] += before - len(g.Holds)
		}
	}
}

// orphans leaves out orphaned locks whose holder is still alive.
func (r *reconciler) orphans(alive func(id int64) bool) {
	before := len(r.s.Orphans)
	r.s.Orphans = slices.DeleteFunc(r.s.Orphans, func(h snapshot.Hold) bool {
		void := alive(h.Goroutine) || h.Probe == nil
		if void {
			r.doubt.objects[h.Obj] = true
		}
		return void
	})
	if n := before - len(r.s.Orphans); n > 0 {
		r.dropped[DroppedOrphans] += n
	}
}

// facts leaves out impossible facts. A live goroutine has not exited, whatever a fact says.
func (r *reconciler) facts(alive func(id int64) bool) {
	r.s.Objects = maps.Clone(r.s.Objects)
	for addr, o := range r.s.Objects {
		mended := *o
		changed := false
		for _, f := range factsOf(&mended) {
			if !r.wrong(*f, alive) {
				continue
			}
			changed = true
			r.dropped[DroppedFacts]++
			if (*f).Probe == nil || r.never((*f).At) {
				*f = nil
				continue
			}
			there := **f
			there.Exited = false
			*f = &there
		}
		if changed {
			r.doubt.objects[addr] = true
			r.s.Objects[addr] = &mended
		}
	}
}

// less maps a certainty to the next lower one.
var less = map[Certainty]Certainty{Certain: Likely, Likely: Possible, Possible: Possible}

// markDown makes a cause less certain if it depends on something in doubt.
func (d *finder) markDown(c *cause) {
	if slices.ContainsFunc(c.all(), func(i int) bool { return d.doubt.touches(d.g(i)) }) {
		c.certainty = less[c.certainty]
	}
}
