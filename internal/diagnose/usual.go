package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// The lengths of past waits at a place tell whether a wait that lasts is unusual there.

const (
	// usualFrom is the least number of waits whose length is reported.
	usualFrom = 20
	// A wait is unusual if it lasts unusualTimes as long as the longest of the others, and unusualAfter times what is
	// long for one.
	unusualTimes = 20
	unusualAfter = 3
	// unusualPoll is how long a request must last that may be a long poll, which is answered when there is news.
	unusualPoll = 5 * time.Minute
)

// usual returns how long waits at the place of goroutine i's wait are, or nil if too few are known.
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

// main returns the goroutines of c whose waits matter most: that of its root, and the first that waits for the root.
func (f *facts) main(c *cause) (list []int) {
	for _, of := range [][]int{c.cycle, c.roots, c.queue} {
		if len(of) > 0 {
			list = append(list, f.oldest(of))
		}
	}
	return list
}

// unusual reports whether goroutine i waits out of all proportion to the earlier waits at that place. A receive says
// nothing, because the next message may take as long as it likes, and so may the world. A goroutine that locks, sends,
// asks, or waits for others to be done does not do so for that long.
func (d *finder) unusual(i int) bool {
	u, w := d.usual(i), d.wait(i)
	if u == nil {
		return false
	}
	now := time.Duration(d.s.Taken - w.Since)
	switch w.Probe.Op {
	case runtime.OpLock, runtime.OpRLock, runtime.OpSend, runtime.OpWait:
	case runtime.OpIO:
		if w.Probe.Flags&runtime.SiteRequest == 0 && !isWrite(w.Probe) && !isOpen(w.Probe) || d.judge.world(i) ||
			mayPoll(w.Probe) && now < unusualPoll {
			return false
		}
	default:
		return false
	}
	return now/unusualTimes > u.Max && now/unusualAfter > d.opt.After
}

// ordinary reports whether the main waits of c last no longer than others did at their places, so that they may end as
// those did. Causes that rest on locks, proofs or numbers of goroutines do not depend on how long a wait is, and what a
// test leaves behind should be over.
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

// mayPoll reports whether p is a request whose answer may be meant to come late, as for a long poll.
func mayPoll(p *snapshot.Probe) bool {
	switch pkgPath(p.Callee) {
	case "net/http", "net/rpc", "google.golang.org/grpc":
		return true
	}
	return p.Callee == ""
}

// tellUsual adds to f how long waits usually are where its goroutines wait.
func (t *writer) tellUsual(f *Finding, c *cause) {
	for _, i := range t.main(c) {
		u := t.usual(i)
		if u == nil {
			continue
		}
		f.Usual = &Usual{u.Median(), u.Max}
		w := t.wait(i)
		f.Why = append(f.Why, fmt.Sprintf("waits at %s%s: %s, now %s", t.place(w.Probe), in(w.Probe.Func), usually(u),
			t.ago(w.Since)))
		return
	}
}

// usually says how long waits usually are.
func usually(u *snapshot.Waited) string {
	if u.Median() == u.Max {
		return "at most " + Duration(u.Max)
	}
	return fmt.Sprintf("usually under %s, at most %s", UpTo(u), Duration(u.Max))
}

// UpTo returns a length that half of the waits do not exceed.
func UpTo(u *snapshot.Waited) string {
	d := u.Median()
	if d < time.Second && d != u.Max {
		d = (d + time.Millisecond - 1).Truncate(time.Millisecond)
	}
	return Duration(d)
}
