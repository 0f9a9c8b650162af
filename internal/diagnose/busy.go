package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// computing makes the causes of goroutines that compute, or want to, and have reached no probe for too long.
func (d *finder) computing() {
	var list []int
	for i := range d.graph.n {
		if d.verdict[i] == Busy && !d.claimed[i] {
			list = append(list, i)
		}
	}
	for _, p := range d.places(list) {
		for _, i := range p.list {
			d.claim(i, Busy)
		}
		if i := p.list[0]; d.defaults(i) {
			d.addCause(&cause{kind: KindBusy, certainty: d.unsure(Likely, p.list), roots: p.list, rate: &Rate{}})
			continue
		}
		d.addCause(&cause{kind: KindBusy, certainty: d.unsure(Likely, p.list), roots: p.list})
	}
}

// defaults reports whether goroutine i, which runs, is where it takes the default of a select, which leaves a trace once and not each time.
func (d *finder) defaults(i int) bool {
	g := d.g(i)
	fr := OwnFrame(g.Stack)
	return g.Last.Op == runtime.OpSelect && g.Last.Flags&runtime.SiteDefault != 0 && fr != nil && fr.Func == g.Last.Func
}

// spinning makes the causes of goroutines that are on a processor, or want to be, and have never reached a probe, of a program that is old enough, and of those that go
// round. Since when the first are there is known only of those that were found there twice: the others are a possibility.
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
		case d.claimed[i] || d.verdict[i] != OK || g.Last != nil || len(g.Waits) > 0 || g.State != "running" && g.State != "runnable" || OwnFrame(g.Stack) == nil:
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
	for _, i := range list {
		d.claim(i, Busy)
	}
	d.addCause(&cause{kind: KindBusy, certainty: c, roots: list})
}

// A loop that gets nowhere passes its probes this often a second, and keeps this much of a processor busy, at least: others may leave it no more. Without the processor
// time it has to be faster.
const (
	leastRate      = 200
	leastShare     = 0.1
	leastRateAlone = 20000
)

// goingRound makes the causes of goroutines that pass the probes of one loop all the time, and get nowhere: a select takes its default, a lock is taken to look at something,
// a channel that is closed is received from, or a call fails. Two looks tell how often, and the program's processor time how much that costs.
func (d *finder) goingRound() {
	was := d.s.Before
	if was == nil || d.s.Taken <= was.Taken {
		return
	}
	seconds := float64(d.s.Taken-was.Taken) / 1e9
	share := 0.0
	if was.Process.CPU > 0 && d.s.Process.CPU > was.Process.CPU {
		share = float64(d.s.Process.CPU-was.Process.CPU) / 1e9 / seconds
	}
	for i := range d.graph.n {
		g := d.g(i)
		k, ok := was.Find(g.ID)
		if !ok || d.claimed[i] || g.Last == nil || g.Born != 0 && d.s.Taken-g.Born < int64(d.opt.After) {
			continue
		}
		rate := float64(g.Steps-was.Goroutines[k].Steps) / seconds
		if rate < leastRate || share < leastShare && (share > 0 || rate < leastRateAlone) || !d.nowhere(i) {
			continue
		}
		d.claim(i, Busy)
		d.addCause(&cause{kind: KindBusy, certainty: Likely, roots: []int{i}, rate: &Rate{PerSecond: rate / float64(len(d.round(i))), CPU: min(share, 1)}})
	}
}

// nowhere reports whether all that goroutine i did lately is to look at something again and again, in one loop. A loop through nothing but locks may work under them.
func (d *finder) nowhere(i int) bool {
	places := d.round(i)
	return len(d.g(i).History) == runtime.RingLen && len(places) <= 4 && slices.ContainsFunc(places, func(p *snapshot.Probe) bool { return !onLock(p) }) &&
		!slices.ContainsFunc(places, func(p *snapshot.Probe) bool { return !d.looks(i, p) })
}

// onLock reports whether p is on a lock.
func onLock(p *snapshot.Probe) bool {
	switch p.Op {
	case runtime.OpLock, runtime.OpUnlock, runtime.OpRLock, runtime.OpRUnlock, runtime.OpTryLock:
		return true
	}
	return false
}

// round returns the places where goroutine i was lately.
func (f *facts) round(i int) []*snapshot.Probe {
	var places []*snapshot.Probe
	for _, s := range f.g(i).History {
		if !slices.Contains(places, s.Probe) {
			places = append(places, s.Probe)
		}
	}
	return places
}

// looks reports whether an operation at p, as goroutine i goes through it, only looks whether there is something to do.
func (d *finder) looks(i int, p *snapshot.Probe) bool {
	if onLock(p) {
		return true
	}
	switch p.Op {
	case runtime.OpSelect:
		return p.Flags&runtime.SiteDefault != 0 || d.closedFor(i, p) != nil
	case runtime.OpRecv:
		return d.closedFor(i, p) != nil
	case runtime.OpIO:
		m := method(p.Expr)
		return strings.HasPrefix(m, "Dial") || strings.HasPrefix(m, "Accept")
	}
	return false
}

// closedFor returns a closed channel that goroutine i receives from at p, or nil.
func (f *facts) closedFor(i int, p *snapshot.Probe) *snapshot.Object {
	if f.closed == nil {
		f.closed = make(map[*snapshot.Probe]*snapshot.Object)
		for _, o := range f.s.Objects {
			if o.Closed != nil && o.Received != nil && o.Received.At >= o.Closed.At {
				if was := f.closed[o.Received.Probe]; was == nil || was.Received.At < o.Received.At {
					f.closed[o.Received.Probe] = o
				}
			}
		}
	}
	if o := f.closed[p]; o != nil && o.Received.Goroutine == f.g(i).ID {
		return o
	}
	return nil
}

// loopFacts says what goroutine i goes round on.
func (t *writer) loopFacts(i int) []string {
	var lines []string
	for _, p := range t.round(i) {
		at := fmt.Sprintf("%s at %s", p.Expr, t.place(p))
		switch o := t.closedFor(i, p); {
		case o != nil:
			c := o.Closed
			lines = append(lines, fmt.Sprintf("it receives from %s, which goroutine %d closed at %s %s ago, in %s", ObjectName("chan", o.Expr, o.Addr), c.Goroutine, t.place(c.Probe), t.ago(c.At), at))
		case p.Flags&runtime.SiteDefault != 0:
			lines = append(lines, "it takes the default of "+at)
		case p.Op == runtime.OpIO:
			lines = append(lines, "it calls "+at+", which returns at once")
		default:
			lines = append(lines, "it goes through "+at)
		}
	}
	return lines
}
