package inspect

import (
	"context"
	"time"

	"github.com/awaittrace/awaittrace/dlvext"
	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A goroutine that is on a processor when the program is looked at may have just got there, and one that has never reached a probe has no last probe to tell
// since when. So a program with such goroutines is looked at twice: what is on the same thread both times, with the thread at work between, computes.

const (
	againAfter = 100 * time.Millisecond // from the first look to the second
	againLooks = 10                     // at the threads, between the two
)

// again looks a second time at the program of r if that can tell more, and returns what it is then.
func again(ctx context.Context, rec *record.Record, r *diagnose.Report) *diagnose.Report {
	s := r.Snapshot
	threads := computing(s, r.Options.After)
	if len(threads) == 0 {
		return r
	}
	work := make(map[int]int)
	for range againLooks {
		time.Sleep(againAfter / againLooks)
		for _, thread := range threads {
			if st, err := procfs.ReadThread(rec.Pid, thread); err == nil && st.State == 'R' {
				work[thread]++
			}
		}
	}
	res, err := dlvext.Read(ctx, dlvext.Target{Pid: rec.Pid}, dlvext.Options{})
	if err != nil {
		return r
	}
	for i := range res.Goroutines {
		now := &res.Goroutines[i]
		thread, ok := threads[now.ID]
		if !ok || now.State != "running" || now.ThreadID != thread || work[thread] <= againLooks/2 {
			continue
		}
		if st, err := procfs.ReadThread(rec.Pid, thread); err == nil {
			if at, ok := s.Find(now.ID); ok {
				s.Goroutines[at].Ran = int64(st.Busy)
			}
		}
	}
	return diagnose.Analyze(s, r.Options)
}

// computing returns the threads of the goroutines of s that are on a processor and may have been for longer than after: that have reached no probe since, or never.
func computing(s *snapshot.Snapshot, after time.Duration) map[int64]int {
	threads := make(map[int64]int)
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if g.State == "running" && g.ThreadID != 0 && len(g.Waits) == 0 && (g.Last == nil || s.Taken-g.LastAt >= int64(after)) && len(threads) < maxRunning {
			threads[g.ID] = g.ThreadID
		}
	}
	return threads
}
