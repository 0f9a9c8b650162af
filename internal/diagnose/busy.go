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
		f.Fix = "build with -probe chan,lock,io,sync,sleep,loop to see in which loop; a computation that others wait for should yield, or end when its context does"
		a.add(f)
	}
}
