package diagnose

import "fmt"

// busy finds the goroutines that compute, or want to, and have reached no probe for too long.
func busy(a *analysis) {
	var list []int
	a.unclaimed(Busy, func(i int) { list = append(list, i) })
	for _, p := range a.places(list) {
		for _, i := range p.list {
			a.claim(i, Busy)
		}
		i := a.oldest(p.list)
		f := Finding{Kind: KindBusy, Certainty: a.unsure(Likely, p.list), Goroutines: a.ids(p.list), Root: a.g(i).ID}
		f.Title = fmt.Sprintf("%s %s computed and reached no probe %s", a.who(p.list), verb(len(p.list), "has"), a.span(p.list))
		f.Why = []string{a.step(i)}
		f.Fix = busyFix
		a.add(f)
	}
	a.spinning()
}

const busyFix = "build with -probe chan,lock,io,sync,sleep,loop to see in which loop; a computation that others wait for should yield, or end when its context does"

// spinning finds the goroutines that are on a processor, or want to be, and have never reached a probe, of a program that is old enough. Since when they are there is
// known only of those that were found there twice: the others are a possibility.
func (a *analysis) spinning() {
	p := &a.s.Process
	if p.StartWall == 0 || p.TakenWall-p.StartWall < int64(a.opt.After) {
		return
	}
	var sure, other []int
	a.unclaimed(OK, func(i int) {
		g := a.g(i)
		switch {
		case g.Last != nil || len(g.Waits) > 0 || g.State != "running" && g.State != "runnable" || OwnFrame(g.Stack) == nil:
		case g.Ran >= int64(a.opt.After) && Own(g.Stack[0].Func, g.Stack[0].File):
			sure = append(sure, i)
		default:
			other = append(other, i)
		}
	})
	a.spin(sure, Likely)
	a.spin(other, Possible)
}

// spin makes the finding of goroutines that compute and never reached a probe.
func (a *analysis) spin(list []int, c Certainty) {
	if len(list) == 0 {
		return
	}
	for _, i := range list {
		a.claim(i, Busy)
	}
	f := Finding{Kind: KindBusy, Certainty: c, Goroutines: a.ids(list), Root: a.g(list[0]).ID, Fix: busyFix}
	f.Title = fmt.Sprintf("%s %s, and %s never reached a probe", a.who(list), verb(len(list), "computes"), verb(len(list), "has"))
	for _, i := range list {
		f.Why = append(f.Why, a.step(i))
		f.Why = append(f.Why, a.started(i)...)
	}
	f.Why = shorten(f.Why)
	a.add(f)
}
