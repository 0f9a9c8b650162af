package diagnose

import (
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// Growth needs at least leastGrowth goroutines of one place. They were started over growthParts parts of the time, and
// some of each part are left.
const (
	leastGrowth = 20
	growthParts = 5
	// growthAfter is how long the goroutines must exist, as a multiple of what is long for one wait. Goroutines that
	// live for a while all exist at first, before any has ended.
	growthAfter = 4
)

// growing makes the causes of goroutines of one place that become more and more. They were started all along, the
// newest lately; hardly any has ended; and each waits for something of its own. The clients of a server are not
// counted.
func (d *finder) growing() {
	type key struct {
		created snapshot.Frame
		wait    *snapshot.Probe
	}
	var places snapshot.Places
	var same groups[key]
	for i := range d.graph.n {
		g := d.g(i)
		w := d.wait(i)
		if d.claimed[i] || w == nil || g.Born == 0 || g.ID == 1 || d.client(i) {
			continue
		}
		k := key{wait: places.First(w.Probe)}
		if c := g.CreatedBy; c != nil {
			k.created = snapshot.Frame{Func: c.Func, File: c.File, Line: c.Line}
		}
		same.add(k, i)
	}
	for _, k := range same.order {
		if list := same.of[k]; len(list) >= leastGrowth {
			d.growth(list)
		}
	}
}

// client reports whether goroutine i serves a client, or belongs to a library that does.
func (d *finder) client(i int) bool {
	w := d.wait(i)
	if w.Probe.Flags&runtime.SiteServe != 0 ||
		w.Probe.Op == runtime.OpIO && (w.Probe.Kind == runtime.KindConn || isRead(w.Probe)) {
		return true
	}
	return onStack(d.g(i).Stack, connServe)
}

// talks reports whether goroutine i has used a connection, or read from something, lately.
func (d *finder) talks(i int) bool {
	return slices.ContainsFunc(d.g(i).History, func(s snapshot.Step) bool {
		return s.Probe.Op == runtime.OpIO && (s.Probe.Kind == runtime.KindConn || isRead(s.Probe))
	})
}

// growth makes the cause of list, goroutines of one place, if their number grows.
func (d *finder) growth(list []int) {
	talk := slices.DeleteFunc(slices.Clone(list), func(i int) bool { return !d.talks(i) })
	if len(talk)*10 > len(list) {
		return
	}
	births := make([]int64, len(list))
	for k, i := range list {
		births[k] = d.g(i).Born
	}
	slices.Sort(births)
	objects := d.objects(list)
	oldest, newest := births[0], births[len(births)-1]
	span := d.s.Taken - oldest
	if span < growthAfter*int64(d.opt.After) || d.s.Taken-newest > span/growthParts ||
		objects > 0 && objects < len(list)/2 {
		return
	}
	var parts [growthParts]int
	for _, b := range births {
		parts[min(int((b-oldest)*growthParts/span), growthParts-1)]++
	}
	for _, n := range parts {
		if n < len(list)/(3*growthParts) {
			return
		}
	}
	if !d.kept(list) {
		return
	}
	c := &cause{kind: KindGrowth, certainty: Likely, roots: list, growth: &Growth{
		Count: len(list), PerSecond: float64(len(list)-1) / (float64(newest-oldest) / 1e9),
		Oldest: time.Duration(d.s.Taken - oldest), Newest: time.Duration(d.s.Taken - newest),
	}}
	d.claim(Stuck, list...)
	d.addCause(c)
}

// kept reports whether hardly any goroutine of the place of list has ended. All goroutines of an earlier look are left;
// or, after one look only, most of the IDs that were handed out meanwhile belong to goroutines that still exist.
func (d *finder) kept(list []int) bool {
	if was := d.s.Before; was != nil {
		there, left := 0, 0
		p := d.wait(list[0]).Probe
		for i := range was.Goroutines {
			g := &was.Goroutines[i]
			if g.Last != nil && *g.Last == *p {
				there++
				if _, ok := d.find(g.ID); ok {
					left++
				}
			}
		}
		if there > 0 {
			return left*10 >= there*9
		}
	}
	if !d.s.HasStates {
		return false
	}
	ids := d.ids(list)
	lo, hi := slices.Min(ids), slices.Max(ids)
	return int64(len(list))*10 >= (hi-lo+1)*7
}
