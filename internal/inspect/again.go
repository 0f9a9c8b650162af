package inspect

import (
	"context"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// A goroutine that is on a processor may have just got there, and one that has never reached a probe has no last probe
// to tell since when. So a session looks twice at a program with such goroutines: a goroutine that is on the same
// thread both times, with the thread at work between, computes.

const (
	againAfter = 100 * time.Millisecond // from the first look to the second
	againLooks = 10                     // at the threads, between the two
)

// again looks a second time at the program of r if that can tell more, and returns the new diagnosis. With watch it
// keeps looking until it is known whether a goroutine without a probe for long has only computed, or got no processor.
func again(ctx context.Context, rec *record.Record, r *diagnose.Report, watch bool) *diagnose.Report {
	s := r.Snapshot
	threads := computing(s, r.Options.After)
	if len(threads) == 0 {
		return r
	}
	work := make(map[int]int)
	for range againLooks {
		time.Sleep(againAfter / againLooks)
		for _, thread := range threads {
			if st, err := procfs.ReadThread(rec.Pid, thread); thread != 0 && err == nil && st.State == 'R' {
				work[thread]++
			}
		}
	}
	res, err := target.Read(ctx, target.Target{Pid: rec.Pid}, target.Options{})
	if err != nil {
		for id := range threads {
			at, _ := s.Find(id)
			s.Goroutines[at].Ran = -1 // one look at a program that a busy machine keeps waiting tells nothing
		}
		return diagnose.Analyze(s, r.Options)
	}
	for i := range res.Goroutines {
		now := &res.Goroutines[i]
		thread, ok := threads[now.ID]
		at, there := s.Find(now.ID)
		if ok && there {
			g := &s.Goroutines[at]
			g.Ran = ranBetween(g, now, rec.Pid, thread, work[thread], watch)
		}
	}
	if watch {
		watchStates(ctx, rec, s, threads, int64(r.Options.After))
	}
	return diagnose.Analyze(s, r.Options)
}

// ranBetween returns Ran of g after a second look, which saw it as now. Between the two, worked looks found thread, on
// which the first look saw g, at work.
func ranBetween(g, now *snapshot.Goroutine, pid, thread, worked int, watch bool) int64 {
	ready := now.State == "running" || now.State == "runnable"
	if g.State == "runnable" && ready {
		if now.State == g.State && !watch { // between two looks so close, the machine may have been busy
			return -1
		}
		return g.Ran
	}
	st, err := procfs.ReadThread(pid, thread)
	switch {
	case err == nil && now.State == "running" && now.ThreadID == thread && worked > againLooks/2:
		return int64(st.Busy)
	case g.Last != nil && ready:
		// The runtime has moved it to another thread. Its steps tell whether it reached a probe meanwhile.
		return g.Ran
	}
	return -1
}

// watchStates watches, for after, the states of goroutines of s that seem to compute, or to want a processor, since
// their last probe. It notes which did not, and which got none.
func watchStates(ctx context.Context, rec *record.Record, s *snapshot.Snapshot, threads map[int64]int, after int64) {
	var ids []int64
	for id := range threads {
		if at, ok := s.Find(id); ok && s.Goroutines[at].Last != nil && s.Goroutines[at].Ran >= 0 {
			ids = append(ids, id)
		}
	}
	watched, ran := slices.Clone(ids), make(map[int64]bool)
	start := time.Now()
	for ; ctx.Err() == nil && len(ids) > 0 && int64(time.Since(start)) < after; time.Sleep(circleEvery) {
		now := rec.Moments(ids)
		ids = slices.DeleteFunc(ids, func(id int64) bool {
			at, _ := s.Find(id)
			m := now[id]
			ran[id] = ran[id] || m.State == "running"
			return m.State != "running" && m.State != "runnable" || m.Steps != s.Goroutines[at].Steps
		})
	}
	for _, id := range watched {
		at, _ := s.Find(id)
		switch g := &s.Goroutines[at]; {
		case !slices.Contains(ids, id):
			g.Ran = -1
		case !ran[id]:
			g.Starved = int64(time.Since(start))
		}
	}
}

const (
	laterAfter  = time.Second // longest time between the first look and the one that compares connections
	leastOwners = 10          // connections that are worth that look
)

// later looks a second time at a program whose HTTP clients have many transports, to see whether they become more.
func later(ctx context.Context, rec *record.Record, r *diagnose.Report) *diagnose.Report {
	s := r.Snapshot
	owners := make(map[uint64]bool)
	for i := range s.Goroutines {
		owners[s.Goroutines[i].Owner] = true
	}
	if delete(owners, 0); len(owners) < leastOwners {
		return r
	}
	start := time.Now()
	select {
	case <-ctx.Done():
		return r
	case <-time.After(min(r.Options.After, laterAfter)):
	}
	res, err := target.Read(ctx, target.Target{Pid: rec.Pid}, target.Options{MaxStacks: 1})
	if err != nil {
		return r
	}
	s.Later = &snapshot.Snapshot{Goroutines: res.Goroutines, Taken: s.Taken + int64(time.Since(start))}
	return diagnose.Analyze(s, r.Options)
}

// computing returns the threads of the goroutines of s that have been on a processor, or wanted one, for longer than
// after, as far as probes show. A goroutine that wants one has no thread. If there are too many to look at again, it
// notes that those left out did not compute.
func computing(s *snapshot.Snapshot, after time.Duration) map[int64]int {
	threads := make(map[int64]int)
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		on := g.State == "running" && g.ThreadID != 0 && len(g.Waits) == 0 || g.State == "runnable" && g.Last != nil
		switch {
		case !on || g.Last != nil && s.Taken-g.LastAt < int64(after):
		case len(threads) < maxRunning:
			threads[g.ID] = g.ThreadID
		default:
			g.Ran = -1
		}
	}
	return threads
}

const (
	circleEvery  = 20 * time.Millisecond // most looks at goroutines that seem to go round
	leastCircles = 10                    // looks in the time after which a goroutine is told
	longGap      = 10 * time.Second      // longest time between two looks that count as near: the machine may be busy
)

// circles checks whether the goroutines of r that seem to go round in a loop do nothing else, and returns the new
// diagnosis. With watch it looks until that is known; otherwise it remembers what it saw for the next call.
func circles(ctx context.Context, rec *record.Record, r *diagnose.Report, watch bool) *diagnose.Report {
	if len(r.Circling) == 0 {
		return r
	}
	after := int64(r.Options.After)
	loops := rec.Loops(r.Circling, 2*r.Options.After+longGap)
	for watching := watch; watching && ctx.Err() == nil; {
		start := time.Now()
		time.Sleep(circleEvery)
		was := loops
		loops = rec.Loops(r.Circling, longGap)
		watching = false
		for id, l := range loops {
			if was[id] == nil || l.Looks < was[id].Looks {
				delete(loops, id) // it has been elsewhere
			} else if l.For < after || l.Looks < diagnose.LeastLooks {
				watching = true
			}
		}
		// A look at a large record takes its time; on a busy machine any look does.
		time.Sleep(min(10*(time.Since(start)-circleEvery), r.Options.After/leastCircles))
	}
	for _, id := range r.Circling {
		if at, ok := r.Snapshot.Find(id); ok {
			if r.Snapshot.Goroutines[at].Loop = loops[id]; loops[id] == nil {
				r.Snapshot.Goroutines[at].Loop = &snapshot.Loop{}
			}
		}
	}
	return diagnose.Analyze(r.Snapshot, r.Options)
}
