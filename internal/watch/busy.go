package watch

import (
	"math/rand/v2"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
)

// A goroutine that computes and reaches no probe looks, in the record, like one that has exited. Only the program's
// memory distinguishes them, by the state of the runtime's g. It is read without stopping the program, and only if the
// program as a whole has kept a processor busy for longer than Options.After.

const (
	// minBusy is the time between two looks at the processor time, which the system counts in hundredths of a second.
	minBusy   = 250 * time.Millisecond
	maxBusy   = time.Second
	busyLooks = 3 // a goroutine found running so often, with no probe between, computes
	// Below one part in busyShare of a processor the program is idle, unless it wants one: other programs may leave it
	// little.
	busyShare = 10
	busySteps = 50   // the least that a goroutine that goes round passes between two looks
	maxQuiet  = 1000 // more goroutines than that are not looked at one by one
)

// A computing is what is known of a program that computes.
type computing struct {
	next  time.Time
	used  time.Duration        // processor time at the last look
	at    time.Time            // the last look
	since time.Time            // busy since then; zero: it is not busy
	seen  map[record.Quiet]int // how often each goroutine was found running
}

// compute looks whether goroutines have computed for too long, and returns them as suspected findings, or nil.
func (w *Watcher) compute(now time.Time, present int64) *Answer {
	c := &w.computing
	if now.Before(c.next) {
		return nil
	}
	every := max(min(w.After/(busyLooks+1), maxBusy), minBusy)
	c.next = now.Add(every/2 + rand.N(every)) // not in step with what the program does at intervals
	stat, err := procfs.ReadStat(w.pid)
	if err != nil {
		return nil
	}
	idle := c.at.IsZero() || stat.Busy-c.used < now.Sub(c.at)/busyShare && !procfs.Ready(w.pid)
	if idle {
		c.since, c.seen = time.Time{}, nil
	} else if c.since.IsZero() {
		c.since = c.at
	}

	c.used, c.at = stat.Busy, now
	if idle {
		return nil
	}
	// Goroutines that have been quiet for one interval are counted, so that those quiet for long enough are known at
	// once.
	suspected := w.running(present, every)
	suspected.Findings = append(suspected.Findings, w.circling()...)
	if now.Sub(c.since) < w.After || len(suspected.Findings) == 0 {
		return nil
	}
	return suspected
}

// running counts the goroutines that are on a processor and have reached no probe for the time quietFor. It returns
// those that have computed for too long, as suspected findings.
func (w *Watcher) running(present int64, quietFor time.Duration) *Answer {
	quiet, err := w.rec.Quiet(present - quietFor.Nanoseconds())
	if err != nil || len(quiet) > maxQuiet {
		return &Answer{}
	}
	seen := make(map[record.Quiet]int)
	answer := &Answer{}
	for _, q := range quiet {
		if !w.rec.OnProcessor(q) {
			continue
		}
		seen[q] = w.computing.seen[q] + 1
		if seen[q] >= busyLooks && present-q.Last >= w.After.Nanoseconds() {
			answer.Findings = append(answer.Findings,
				[]diagnose.Symptom{{What: string(diagnose.KindBusy), Goroutine: q.ID, Steps: q.Steps}})
		}
	}
	w.computing.seen = seen
	return answer
}

// circling returns the goroutines that have gone round in a loop for long enough, as suspected findings.
func (w *Watcher) circling() (findings [][]diagnose.Symptom) {
	for id, l := range w.rec.Loops(nil, 10*maxBusy) {
		if l.For >= int64(w.After) && l.Looks > busyLooks && l.Steps >= busySteps*int64(l.Looks) {
			findings = append(findings, []diagnose.Symptom{{What: string(diagnose.KindBusy), Goroutine: id}})
		}
	}
	return findings
}
