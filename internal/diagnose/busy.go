package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// starving makes the cause of goroutines that have wanted a processor for too long, and of those that wait for them.
func (d *finder) starving() {
	c := &cause{kind: KindBusy, certainty: Likely, starved: true}
	for i := range d.graph.n {
		if d.g(i).Starved >= int64(d.opt.After) {
			c.roots = append(c.roots, i)
			d.claim(Busy, i)
		}
	}
	if len(c.roots) == 0 {
		return
	}
	for i := range d.graph.n {
		g := d.g(i)
		switch {
		case d.claimed[i]:
		case g.State == "running" && (d.computes(i) || g.Last == nil && g.Ran >= int64(d.opt.After)):
			c.members = append(c.members, i) // the goroutines that keep the processors
			d.claim(Busy, i)
		case d.wait(i) != nil && d.long(i) && d.onlyBy(i, c.roots):
			c.behind = append(c.behind, i)
			d.claim(Stuck, i)
		}
	}
	c.behind = append(c.behind, d.behind(c.roots, Stuck)...)
	d.addCause(c)
}

// overloaded reports whether the program gets too little processor time, as on a busy machine: a goroutine has long
// wanted a processor, and none keeps one. Every wait may take long then.
func (d *finder) overloaded() bool {
	if d.overload != nil {
		return *d.overload
	}
	wanted, kept := false, false
	for i := range d.graph.n {
		g := d.g(i)
		switch {
		case len(g.Waits) > 0:
		case g.State == "running" && g.Ran >= 0:
			kept = kept || g.Last == nil || d.long(i)
		case g.State == "runnable":
			wanted = wanted || g.Last != nil && d.long(i)
		}
	}
	d.overload = new(wanted && !kept)
	return *d.overload
}

// onlyBy reports whether, by the program's memory, only goroutines of list could end the wait of goroutine i.
func (d *finder) onlyBy(i int, list []int) bool {
	r := d.reach(i)
	if r == nil || r.Answer != snapshot.Live || r.More > 0 || r.Cut || len(r.CouldEnd) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.CouldEnd, func(w snapshot.Waker) bool {
		k, ok := d.find(w.Goroutine)
		return w.Kind != snapshot.WakerGoroutine || !ok || !slices.Contains(list, k)
	})
}

// computing makes the causes of goroutines that compute, or want to, and have not reached a probe for too long.
func (d *finder) computing() {
	var list []int
	for i := range d.graph.n {
		if d.verdict[i] == Busy && !d.claimed[i] {
			list = append(list, i)
		}
	}
	for _, list := range d.places(list) {
		d.spin(list, d.certaintyOf(list))
	}
}

// spinning makes the causes of goroutines that have never reached a probe and are running or runnable, in a program
// that is old enough, and of those that go round in a loop. When the first began is known only if two looks found them
// there; otherwise the finding is only possible.
func (d *finder) spinning() {
	d.goingRound()
	p := &d.s.Process
	if p.StartWall == 0 || p.TakenWall-p.StartWall < int64(d.opt.After) {
		return
	}
	var sure, other []int
	for i := range d.graph.n {
		g := d.g(i)
		switch {
		case d.claimed[i] || d.verdict[i] != OK || g.Last != nil || len(g.Waits) > 0 ||
			g.State != "running" && g.State != "runnable" || OwnFrame(g.Stack) == nil:
		case g.Ran >= int64(d.opt.After) && Own(g.Stack[0].Func, g.Stack[0].File):
			sure = append(sure, i)
		default:
			other = append(other, i)
		}
	}
	d.spin(sure, Likely)
	d.spin(other, Possible)
}

func (d *finder) spin(list []int, c Certainty) {
	if len(list) == 0 {
		return
	}
	d.claim(Busy, list...)
	d.addCause(&cause{kind: KindBusy, certainty: c, roots: list})
}

// The least that a loop that gets nowhere does. The limits are low because other goroutines may leave it little
// processor time.
const (
	leastRate  = 200  // probes passed a second
	leastShare = 0.03 // of a processor, in the time in which no other program kept the processors from it
	LeastLooks = 5    // looks that found the goroutine in the loop
	// mostWaits is the largest part of the looks that found it in a wait. A goroutine that pauses waits nearly always.
	mostWaits = 0.75
	// longTurn is how long a goroutine may have to wait for its turn on a very busy machine.
	longTurn = 5 * time.Second
	// mostWork is the most processor time, in nanoseconds, of a round without input or output. A round that takes more
	// does work.
	mostWork = 2000
)

// goingRound makes the causes of goroutines that pass the probes of one loop all the time and get nowhere: a select
// takes its default, a lock is taken to look at something, a closed channel is received from, or a call fails. Only
// many looks show that they do nothing else (Goroutine.Loop); two looks only justify further ones.
func (d *finder) goingRound() {
	born := d.born()
	for i := range d.graph.n {
		g := d.g(i)
		if d.claimed[i] || g.Last == nil || g.Born != 0 && d.s.Taken-g.Born < int64(d.opt.After) {
			continue
		}
		l := cmp.Or(g.Loop, d.twoLooks(g, born))
		fast := l != nil && float64(l.Steps) >= leastRate*time.Duration(l.For).Seconds()
		if l == nil || l.For == 0 || !fast && (g.Loop != nil || !d.wantsTurn(g)) || !d.nowhere(i, l) {
			continue
		}
		d.circling = append(d.circling, g.ID)
		rounds := float64(l.Steps) / float64(len(d.round(i)))
		if !fast || l.For < int64(d.opt.After) || l.Looks < LeastLooks || share(l) < leastShare ||
			float64(l.Waiting) > mostWaits*float64(l.Looks) ||
			!slices.ContainsFunc(d.round(i), func(p *snapshot.Probe) bool { return p.Op == runtime.OpIO }) &&
				float64(l.CPU) > mostWork*rounds {
			continue
		}
		d.claim(Busy, i)
		d.addCause(&cause{kind: KindBusy, certainty: Likely, roots: []int{i},
			rate: &Rate{PerSecond: rounds / time.Duration(l.For).Seconds(), CPU: min(ratio(l.CPU, l.For), 1),
				Kept: min(ratio(l.Kept, l.For), 1)}})
	}
}

// wantsTurn reports whether goroutine g, of which only two looks are known, may be in a loop and have had no processor
// between them.
func (d *finder) wantsTurn(g *snapshot.Goroutine) bool {
	return g.State != "waiting" && g.State != "" && d.s.Taken-g.LastAt < int64(longTurn)
}

// share returns how much of a processor the program would have used on a machine that it has for itself: what it has
// used of the time in which it ran or slept. What others kept it from does not count.
func share(l *snapshot.Loop) float64 { return ratio(l.CPU, max(l.For-l.Kept, min(l.CPU, l.For), 1)) }

func ratio(a, b int64) float64 { return float64(a) / float64(b) }

// born returns how many goroutines were born since the previous look.
func (d *finder) born() (n int) {
	if was := d.s.Before; was != nil {
		for i := range d.graph.n {
			if d.g(i).Born > was.Taken {
				n++
			}
		}
	}
	return n
}

// twoLooks returns what this look and the previous one show of goroutine g, or nil. Since the previous look, born
// goroutines were born.
func (d *finder) twoLooks(g *snapshot.Goroutine, born int) *snapshot.Loop {
	was := d.s.Before
	if was == nil {
		return nil
	}
	k, ok := was.Find(g.ID)
	if !ok {
		return nil
	}
	p, q := &d.s.Process, &was.Process
	return &snapshot.Loop{
		For: d.s.Taken - was.Taken, Steps: int64(g.Steps - was.Goroutines[k].Steps), Born: born,
		CPU: p.CPU - q.CPU, Reads: p.Reads - q.Reads, ReadBytes: p.ReadBytes - q.ReadBytes,
	}
}

// nowhere reports whether goroutine i, which loops as l says, has lately done nothing but look at something again and
// again.
func (d *finder) nowhere(i int, l *snapshot.Loop) bool {
	places := d.round(i)
	return len(d.g(i).History) >= runtime.RingLen && len(places) <= 4 &&
		every(places, func(p *snapshot.Probe) bool { return d.looks(i, p, l) })
}

// round returns the places that goroutine i has passed lately.
func (f *facts) round(i int) []*snapshot.Probe {
	var places []*snapshot.Probe
	for _, s := range f.g(i).History {
		if !slices.Contains(places, s.Probe) {
			places = append(places, s.Probe)
		}
	}
	return places
}

// looks reports whether an operation at p, as goroutine i passes it, only looks for something to do. A connection that
// is accepted or dialed is usually handed to a new goroutine, so such a call only looks if none was born. A read only
// looks if it yields no bytes.
func (d *finder) looks(i int, p *snapshot.Probe, l *snapshot.Loop) bool {
	switch p.Op {
	case runtime.OpLock, runtime.OpUnlock, runtime.OpRLock, runtime.OpRUnlock, runtime.OpTryLock:
		return true
	case runtime.OpSelect:
		if p.Flags&runtime.SiteDefault != 0 {
			return true
		}
		fallthrough
	case runtime.OpRecv:
		o, _ := d.closedFor(i, p)
		return o != nil
	case runtime.OpIO:
		switch m := method(p.Expr); {
		case strings.HasPrefix(m, "Dial"), strings.HasPrefix(m, "Accept"):
			return l.Born == 0
		case isRead(p):
			return l.Reads*int64(2*len(d.round(i))) >= l.Steps && l.ReadBytes < max(l.Reads, 1)
		}
	}
	return false
}

// closedFor returns a closed channel without elements from which goroutine i receives, or has received, at p, and the
// channel's name; or nil.
func (f *facts) closedFor(i int, p *snapshot.Probe) (*snapshot.Object, string) {
	g := f.g(i)
	for _, w := range []*snapshot.Wait{f.wait(i), g.Passed} {
		if w == nil || w.Probe != p {
			continue
		}
		for k, c := range cases(w) {
			if o := f.s.Objects[c.Obj]; !c.Send && drained(o) {
				return o, cmp.Or(o.Expr, p.Object(k))
			}
		}
	}
	if p.Op != runtime.OpRecv {
		return nil, ""
	}
	for _, o := range f.s.Objects {
		if drained(o) && o.Closed != nil && o.Received != nil && o.Received.Probe == p &&
			o.Received.Goroutine == g.ID && o.Received.At >= o.Closed.At {
			return o, o.Expr
		}
	}
	return nil, ""
}

// drained reports whether o is a closed channel without elements.
func drained(o *snapshot.Object) bool { return o != nil && (o.Closed != nil || o.Shut) && o.Len <= 0 }

// starved describes goroutines that get no processor.
func (t *writer) starved(f *Finding, c *cause) {
	f.Title = fmt.Sprintf("%s could go on, and %s got no processor for %s", t.who(c.roots), verb(len(c.roots), "has"),
		Duration(time.Duration(t.g(c.roots[0]).Starved)))
	f.Why = t.others("without a processor", c.roots)
	for i := range t.s.Goroutines {
		if g := t.g(i); g.State == "running" {
			f.Why = append(f.Why, t.step(i))
			f.Why = append(f.Why, t.started(i)...)
		}
	}
	f.Why = shorten(f.Why)
	f.Fix = "see what keeps the processors: a computation that cannot be interrupted, or more of them than there are " +
		"processors (GOMAXPROCS)"
}

// loopFacts describes what goroutine i goes round on.
func (t *writer) loopFacts(i int) []string {
	var lines []string
	for _, p := range t.round(i) {
		at := fmt.Sprintf("%s at %s", p.Expr, t.place(p))
		o, name := t.closedFor(i, p)
		switch {
		case o != nil && o.Closed != nil:
			c := o.Closed
			lines = append(lines, fmt.Sprintf("it receives from %s, which goroutine %d closed at %s %s ago, in %s",
				ObjectName("chan", name, o.Addr), c.Goroutine, t.place(c.Probe), t.ago(c.At), at))
		case o != nil:
			lines = append(lines, fmt.Sprintf("it receives from %s, which is closed, in %s",
				ObjectName("chan", name, o.Addr), at))
		case p.Flags&runtime.SiteDefault != 0:
			lines = append(lines, "it takes the default of "+at)
		case p.Op == runtime.OpIO && isRead(p):
			lines = append(lines, "it calls "+at+", which returns at once without data")
		case p.Op == runtime.OpIO:
			lines = append(lines, "it calls "+at+", which returns at once")
		default:
			lines = append(lines, "it goes through "+at)
		}
	}
	return lines
}
