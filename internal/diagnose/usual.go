package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// How long the waits at a place were that are over says whether one that lasts is out of the ordinary there.

const (
	// usualFrom is the number of waits from which on it is told how long they are.
	usualFrom = 20
	// A wait is unusual that lasts unusualTimes as long as the longest of the others, and unusualAfter times what is long for one.
	unusualTimes = 20
	unusualAfter = 3
	// unusualPoll is how long a request has to last that may be a long poll, which is answered when there is news.
	unusualPoll = 5 * time.Minute
)

// usual returns how long waits are at the place where goroutine i waits; nil: too few are known.
func (f *facts) usual(i int) *snapshot.Waited {
	w := f.wait(i)
	if w == nil || w.Since == 0 || f.unprobed[i] {
		return nil
	}
	if u := f.s.Waited[w.Probe]; u != nil && u.Count() >= usualFrom {
		return u
	}
	return nil
}

// main returns the goroutines of c whose waits tell most of it: that of its root, and that of the first who waits for the root.
func (f *facts) main(c *cause) (list []int) {
	for _, of := range [][]int{c.cycle, c.roots, c.queue} {
		if len(of) > 0 {
			list = append(list, f.oldest(of))
		}
	}
	return list
}

// unusual reports whether goroutine i waits out of all proportion to the waits that there were at that place. That one receives tells nothing: the next
// message may take as long as it likes, and so may the world. Who locks, sends, asks or waits for others to be done does not do so for that long.
func (d *finder) unusual(i int) bool {
	u, w := d.usual(i), d.wait(i)
	if u == nil {
		return false
	}
	now := time.Duration(d.s.Taken - w.Since)
	switch w.Probe.Op {
	case runtime.OpLock, runtime.OpRLock, runtime.OpSend, runtime.OpWait:
	case runtime.OpIO:
		if w.Probe.Flags&runtime.SiteRequest == 0 && !isWrite(w.Probe) && !isOpen(w.Probe) || d.judge.world(i) || mayPoll(w.Probe) && now < unusualPoll {
			return false
		}
	default:
		return false
	}
	return now/unusualTimes > u.Max && now/unusualAfter > d.opt.After
}

// ordinary reports whether the waits of c that are told first last no longer than others did at their places, so that they may end as those did. What
// locks, proofs and numbers of goroutines tell does not depend on how long a wait is, and what a test leaves should be over.
func (d *finder) ordinary(c *cause) bool {
	switch {
	case c.certainty != Likely || c.proof != "" || d.opt.Scope != nil || c.kind == KindBusy || c.kind == KindGrowth:
		return false
	case slices.ContainsFunc(c.cycle, d.locking):
		return false
	}
	some := false
	for _, i := range d.main(c) {
		if u := d.usual(i); u != nil {
			if time.Duration(d.s.Taken-d.wait(i).Since) > u.Max {
				return false
			}
			some = true
		}
	}
	return some
}

// mayPoll reports whether p is a request whose answer may be there to come late, as that of a long poll.
func mayPoll(p *snapshot.Probe) bool {
	switch pkgPath(p.Callee) {
	case "net/http", "net/rpc", "google.golang.org/grpc":
		return true
	}
	return p.Callee == ""
}

// tellUsual adds to f how long waits are as a rule where its goroutines wait.
func (t *writer) tellUsual(f *Finding, c *cause) {
	for _, i := range t.main(c) {
		u := t.usual(i)
		if u == nil {
			continue
		}
		f.Usual = &Usual{u.Median(), u.Max}
		w := t.wait(i)
		f.Why = append(f.Why, fmt.Sprintf("waits at %s%s: %s, now %s", t.place(w.Probe), in(w.Probe.Func), usually(u), t.ago(w.Since)))
		return
	}
}

// usually says how long waits are as a rule.
func usually(u *snapshot.Waited) string {
	if u.Median() == u.Max {
		return "at most " + Duration(u.Max)
	}
	return fmt.Sprintf("usually under %s, at most %s", UpTo(u), Duration(u.Max))
}

// UpTo returns what half of the waits are below.
func UpTo(u *snapshot.Waited) string {
	d := u.Median()
	if d < time.Second && d != u.Max {
		d = (d + time.Millisecond - 1).Truncate(time.Millisecond)
	}
	return Duration(d)
}
