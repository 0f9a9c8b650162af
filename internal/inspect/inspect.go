package inspect

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/recorded"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
	"github.com/awaittrace/awaittrace/runtime"
)

// perFinding bounds the stacks that are read for one finding: goroutines at the same place have the same stack.
const perFinding = 4

// maxRunning bounds the stacks of goroutines that do not wait, maxUnknown those of goroutines that have reached no
// probe, and maxCounted the timers and WaitGroups.
const (
	maxRunning = 64
	maxUnknown = 64
	maxCounted = 256
)

// unreadable is the note of a snapshot without the program's own states.
const unreadable = "goroutines that could not be read in the program"

// A look says how to read a program itself, besides its record.
type look struct {
	proof *proof
	// settle corrects a reading of the record, made while the program stands still. Nil means that the program stood
	// still before, and the record need not be read again.
	settle func(*snapshot.Snapshot)
	// slept has how long threads had not run before the stop.
	slept *procfs.Sleeps
}

// join returns the diagnosis of first, a snapshot of the record alone, completed by a look at the program. unread is
// why nothing could be read.
//
// With many goroutines, each copy takes much memory. So first is dropped before the program is read, except for what
// the diagnosis needs of an earlier look.
func (s *Session) join(ctx context.Context, first *snapshot.Snapshot, opt diagnose.Options, l look) (r *diagnose.Report,
	unread, err error) {
	var now func() (*snapshot.Snapshot, error) // reads the record of when the program stood still
	var still *snapshot.Snapshot
	var used snapshot.Process // its processor time then
	var before *snapshot.Earlier
	refs := append(waited(first), passed(first)...)
	if l.settle != nil {
		before = first.Earlier()
		s.rec.ReadyStill()
	} else {
		still = first
	}
	res, err := s.target.Read(ctx, l.proof.in(target.Options{
		Standing: func() []target.Ref {
			if s.here {
				recorded.Used(&used, s.rec.Pid)
			}
			l.slept.Stopped()
			if l.settle != nil {
				now = s.rec.Still() // a wait may have become long since
			}
			return refs
		},
		Copied: func() {
			l.proof.mark() // first, because it gives back most of what was copied
			if l.settle != nil {
				still, unread = now()
				now = nil // the copy is no longer needed
				if unread == nil {
					l.settle(still)
				}
			}
		},
		Select: func(all iter.Seq[*snapshot.Goroutine]) target.Wanted {
			if unread != nil {
				return target.Wanted{}
			}
			defer reach.CollectOften(l.proof.copied)() // what is told of all goroutines waits for its place in still
			at := diagnose.Analyze(still, opt)
			still = at.Snapshot
			w := wanted(at)
			w.Stacks = append(w.Stacks, running(all)...)
			w.Stacks = append(w.Stacks, places(still, all)...)
			w.Stacks = append(w.Stacks, unknown(still, all)...)
			w.Objects = append(w.Objects, counted(still)...)
			w.Objects = append(w.Objects, passed(still)...)
			return w
		},
		Join: func(all iter.Seq[*snapshot.Goroutine]) {
			if unread == nil {
				still.Join(all)
			}
		},
	}))
	if err == nil {
		err = unread
	}
	if err != nil {
		return nil, err, ctx.Err()
	}
	still.Process.StoppedFor = res.Paused.Nanoseconds()
	if s.here {
		still.Process.CPU, still.Process.Reads, still.Process.ReadBytes = used.CPU, used.Reads, used.ReadBytes
	}
	still.Before = before
	if res.Unreadable > 0 {
		still.Dropped[unreadable] = res.Unreadable
	}
	moved(still)
	cleanStacks(still)
	addObjects(still, res)
	l.proof.tell(still)
	s.remember(still)
	calledSince(still, l.slept)
	if s.here {
		addIO(still, s.rec.Pid, res, l.proof)
	}
	reach.Collect(l.proof.copied) // what was read has its place in still
	return diagnose.Analyze(still, opt), nil, nil
}

// remember notes what is proven, and adds earlier proofs.
func (s *Session) remember(snap *snapshot.Snapshot) {
	for i := range snap.Goroutines {
		g := &snap.Goroutines[i]
		switch was := s.proven[g.ID]; {
		case g.Reach != nil && g.Reach.Answer == snapshot.Proven:
			if s.proven == nil {
				s.proven = make(map[int64]*snapshot.Reach)
			}
			s.proven[g.ID] = g.Reach
		case was != nil && snap.Memory.NoProof != "":
			g.Reach = was
		}
	}
}

// wanted says which stacks and objects a report on r shows.
func wanted(r *diagnose.Report) target.Wanted {
	var w target.Wanted
	for _, f := range r.Findings {
		if f.Root != 0 {
			w.Stacks = append(w.Stacks, f.Root)
		}
		w.Stacks = append(w.Stacks, f.Goroutines[:min(len(f.Goroutines), perFinding)]...)
		w.Stacks = append(w.Stacks, f.Goroutines[max(len(f.Goroutines)-1, 0):]...) // those unlike the first come last
	}
	shown := map[int64]bool{}
	for _, id := range w.Stacks {
		shown[id] = true
	}
	for i := range r.Snapshot.Goroutines {
		g := &r.Snapshot.Goroutines[i]
		if !shown[g.ID] {
			continue
		}
		for _, wait := range g.Waits {
			w.Objects = append(w.Objects, objects(wait)...)
		}
	}
	return w
}

// running returns goroutines that do not wait: only a stack tells what they do.
func running(all iter.Seq[*snapshot.Goroutine]) []int64 {
	var ids []int64
	for g := range all {
		if s := g.State; (s == "running" || s == "runnable" || s == "syscall") && len(ids) < maxRunning {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// places returns goroutines whose stacks are worth reading: one for each place; one for each way to it, by the probe
// before; the newest of each place, which may have been started elsewhere than the oldest; and, as far as there is
// room, those in an operation of the operating system, whose stacks tell which file or connection it is on. The record
// may list goroutines that have exited; all holds the live ones.
func places(s *snapshot.Snapshot, all iter.Seq[*snapshot.Goroutine]) []int64 {
	var first, ways, io []int64
	last := make(map[*snapshot.Probe]int64)
	there := make([]int64, 0, len(s.Goroutines))
	for g := range all {
		there = append(there, g.ID)
	}
	type way struct{ last, before *snapshot.Probe }
	seen := make(map[way]bool)
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if _, live := slices.BinarySearch(there, g.ID); g.Last == nil || !live {
			continue
		}
		w := way{last: g.Last}
		if len(g.History) > 1 {
			w.before = g.History[1].Probe
		}
		at := way{last: g.Last}
		if seen[at] {
			last[g.Last] = g.ID
		}
		switch {
		case !seen[at]:
			seen[at] = true
			first = append(first, g.ID)
		case !seen[w] && len(g.Waits) > 0:
			ways = append(ways, g.ID)
		case len(g.Waits) > 0 && g.Waits[0].Probe.Op == runtime.OpIO:
			io = append(io, g.ID)
		}
		seen[w] = true
	}
	newest := slices.Sorted(maps.Values(last))
	return slices.Concat(first, ways, newest, io)
}

// waited returns objects that goroutines wait on: all, or, of those at one place that are many, of the first and last
// by their IDs, because a report shows no others.
func waited(s *snapshot.Snapshot) []target.Ref {
	const perPlace = 1024
	var refs []target.Ref
	seen := make(map[target.Ref]bool)
	at := make(map[*snapshot.Probe]int)
	add := func(i, most int) {
		for _, wait := range s.Goroutines[i].Waits {
			for _, ref := range objects(wait) {
				if !seen[ref] && at[wait.Probe] < most {
					at[wait.Probe]++
					seen[ref] = true
					refs = append(refs, ref)
				}
			}
		}
	}
	for i := range s.Goroutines {
		add(i, perPlace)
	}
	for i := len(s.Goroutines) - 1; i >= 0; i-- {
		add(i, 2*perPlace)
	}
	return refs
}

// objects returns the objects of a wait.
func objects(w snapshot.Wait) []target.Ref {
	refs := []target.Ref{{Addr: w.Obj, Kind: w.Probe.Kind}}
	for _, c := range w.Cases {
		refs = append(refs, target.Ref{Addr: c.Obj, Kind: runtime.KindChan})
	}
	return refs
}

// counted returns the objects about which memory says more than the record: channels of timers, which may be stopped,
// and WaitGroups, with their counters.
func counted(s *snapshot.Snapshot) []target.Ref {
	var refs []target.Ref
	seen := make(map[target.Ref]bool)
	for i := range s.Goroutines {
		if len(s.Goroutines[i].Waits) == 0 || len(refs) == maxCounted {
			continue
		}
		w := &s.Goroutines[i].Waits[0]
		ref := target.Ref{Addr: w.Obj, Kind: w.Probe.Kind}
		if timer := strings.HasSuffix(w.Probe.Expr, ".C"); (timer || w.Probe.Op == runtime.OpWait) && !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	return refs
}

// passed returns the channels of selects that goroutines have passed, and may loop through.
func passed(s *snapshot.Snapshot) []target.Ref {
	var refs []target.Ref
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if g.Passed == nil || g.Last != g.Passed.Probe || len(refs) >= maxCounted {
			continue
		}
		for _, c := range g.Passed.Cases {
			refs = append(refs, target.Ref{Addr: c.Obj, Kind: runtime.KindChan})
		}
	}
	return refs
}

// moved sets the last probe of a goroutine that has moved to the time of the look before, at least: the clock of a
// record moves only when probes wait, or are many.
func moved(s *snapshot.Snapshot) {
	if s.Before == nil {
		return
	}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if k, ok := s.Before.Find(g.ID); ok && len(g.History) > 0 && s.Before.Goroutines[k].Steps != g.Steps &&
			g.LastAt < s.Before.Taken {
			g.LastAt, g.History[0].At = s.Before.Taken, s.Before.Taken
		}
	}
}

// unknown returns the goroutines that the record does not have: only a stack tells where they are.
func unknown(s *snapshot.Snapshot, all iter.Seq[*snapshot.Goroutine]) []int64 {
	var ids []int64
	for g := range all {
		if _, known := s.Find(g.ID); !known && len(ids) < maxUnknown {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// addObjects adds what the program's memory says of objects to s.
func addObjects(s *snapshot.Snapshot, res *target.Result) {
	for ref, o := range res.Objects {
		known := s.Objects[ref.Addr]
		switch {
		case known == nil && ref.Kind == runtime.KindChan && o.Closed:
			// By code without probes, such as that of contexts.
			s.Objects[ref.Addr] = &snapshot.Object{Addr: ref.Addr, Kind: ref.Kind, Len: o.Len, Cap: o.Cap, Count: -1,
				Shut: true}
		case known == nil:
		case ref.Kind == runtime.KindChan:
			known.Len, known.Cap, known.Stopped, known.Shut = o.Len, o.Cap, o.Stopped, o.Closed
		case ref.Kind == runtime.KindWaitGroup:
			known.Count = o.Count
		}
	}
}

// calledSince notes since when goroutines have been in system calls and C code without probes: since their thread ran
// last, but not since before their last probe.
func calledSince(s *snapshot.Snapshot, slept *procfs.Sleeps) {
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if d, ok := slept.Of(g.ThreadID); ok && g.State == "syscall" && len(g.Waits) == 0 && g.Blocked == nil {
			g.Blocked = &snapshot.Blocked{Since: max(s.Taken-int64(d), g.LastAt, 1)}
		}
	}
}
