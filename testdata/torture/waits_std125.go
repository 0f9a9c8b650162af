package main

import "sync"

func init() {
	add("waitgroup.Go", waitGroupsGo)
}

// Go is a method of the library, so it is there whatever the language version.
func waitGroupsGo() {
	var wg sync.WaitGroup
	p, g := &wg, &group{}
	wg.Go(func() { say("in Go") })
	wg.Wait()
	f := func() { say("a function value") }
	p.Go(f)
	p.Wait()
	g.Go(
		func() {
			say("over lines")
		})
	g.WaitGroup.Wait()
	gof := wg.Go
	gof(func() { say("method value") })
	wg.Wait()
	defer wg.Go(func() {})
	(*sync.WaitGroup).Go(p, f)
	wg.Wait()
}
