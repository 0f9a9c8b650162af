package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"awaittrace.test/torture/trace"
)

func init() {
	add("waitgroup.Go", waitGroupsGo)
	add("waitgroup.Go-order", waitGroupsGoOrder)
	add("waitgroup.Go-statements", waitGroupsGoStatements)
	add("waitgroup.Go-panics", waitGroupsGoPanics)
	add("waitgroup.Go-ends", waitGroupsGoEnds)
	fatals["panic in Go"] = func() { inGo(func() { panic("in Go") }) }
	fatals["nil in Go"] = func() { inGo(nil) }
	fatals["closed in Go"] = func() { inGo(func() { closed() <- 1 }) }
}

// inGo starts a goroutine that ends the program.
func inGo(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Wait()
	time.Sleep(time.Minute)
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

// A worker has methods that are started.
type worker struct {
	name
	*sync.WaitGroup
	groups [2]sync.WaitGroup
	work   func()
}

type name string

func (w *worker) run() { say("run", w.name) }
func (n name) copied() { say("copied", n) }

func waitGroupsGoOrder() {
	var wg sync.WaitGroup
	w := &worker{name: "w", WaitGroup: &wg, work: func() { say("work") }}
	group := func(name string) *sync.WaitGroup { s(name); return &wg }
	f := func(name string) func() { s(name); return func() { say("in", name) } }
	group("wg").Go(f("f"))
	wg.Wait() // so that nothing is printed at the same time
	group("wg").Wait()
	w.Go(f("embedded"))
	w.Wait()
	w.Go(w.run)
	w.Wait()
	w.Go(w.copied)
	w.Wait()
	w.Go(w.work)
	w.WaitGroup.Wait()
	w.groups[n(1)].Go(f0)
	w.groups[1].Wait()
	w.groups[n(1)].Wait()
	w.groups[n(0)].Go([]func(){f0, w.run}[n(1)])
	w.groups[0].Wait()
	(w.groups[n(0)]).Wait()
	var other sync.WaitGroup
	w.Go(func() func() { w = &worker{name: "replaced", WaitGroup: &other}; return f0 }())
	other.Wait()
	wg.Wait()
	w.WaitGroup = &wg
	wg.
		Go(
			f("over lines"),
		)
	wg.Wait()
	wg.
		Go(
			w.run)
	wg.
		Wait()
	(wg).Go((f0))
	(wg).Wait()
	(wg.Go)(same(f0))
	(wg.Wait)()
	x := 1
	wg.Go(func() { x++ })
	wg.Wait()
	wg.Go(func() {
		wg.Go(func() { x++ })
	})
	wg.Wait()
	say(x)
}

func same(f func()) func() { return f }

// waitGroupsGoStatements has Go and Wait in all places of a statement.
func waitGroupsGoStatements() {
	var wg sync.WaitGroup
	x := 0
	add := func() { x++ }
	if wg.Go(add); true {
		wg.Wait()
	}
	for wg.Go(add); len(fatals) == 0; wg.Wait() {
	}
	y := 0
	for wg.Wait(); y < 3; wg.Go(add) {
		y++
		wg.Wait()
	}
	switch wg.Wait(); y {
	case 3:
		wg.Go(add)
		wg.Wait()
	default:
		wg.Wait()
		wg.Go(add)
	}
	select {
	default:
		wg.Wait()
		wg.Go(add)
	}
	i := 0
again:
	wg.Wait()
	if i++; i < 3 {
		goto again
	}
start:
	wg.Go(add)
	if i++; i < 6 {
		wg.Wait()
		goto start
	}
	func() { defer wg.Wait(); defer wg.Go(func() { say("deferred") }) }()
	done := make(chan bool)
	go wg.Go(func() { done <- true })
	<-done
	go func() { wg.Wait(); done <- true }()
	<-done
	func() { wg.Go(f0); wg.Wait() }()
	say(x)
}

func waitGroupsGoPanics() {
	if raceEnabled { // as in noRacePanics
		return
	}
	var none *sync.WaitGroup
	var w *worker
	empty := &worker{}
	try("nil, Go", func() { none.Go(f0) })
	try("nil, Go of a call", func() { none.Go(func() func() { s("f"); return f0 }()) })
	try("nil, Wait", func() { none.Wait() })
	try("nil embedded, Go", func() { empty.Go(f0) })
	try("nil embedded, Wait", func() { empty.Wait() })
	try("nil outer, Go", func() { w.Go(f0) })
	try("nil outer, array", func() { w.groups[1].Go(func() {}) })
	try("nil outer, Wait", func() { w.groups[1].Wait() })
	try("index, Go", func() { empty.groups[n(2)].Go(f0) })
	var wg sync.WaitGroup
	try("method value of nil", func() { wg.Go(w.copied) })
	try("field of nil", func() { wg.Go(w.work) })
	try("index of functions", func() { wg.Go([]func(){}[n(0)]) })
	try("panic in the argument", func() { wg.Go(func() func() { panic("argument") }()) })
	try("deferred, nil", func() {
		defer none.Go(f0)
		say("before")
	})
	try("over lines", func() {
		none.
			Go(
				f0)
	})
	wg.Wait()
	wg.Go(func() { try("recovered in Go", func() { panic("in Go") }) })
	wg.Wait()
	deepest(func() { none.Go(f0) })
	deepest(func() { none.Wait() })
}

// waitGroupsGoEnds ends goroutines in unusual ways, and prints their stacks.
func waitGroupsGoEnds() {
	var wg sync.WaitGroup
	wg.Go(func() {
		defer say("deferred")
		runtime.Goexit()
	})
	wg.Wait()
	wg.Go(runtime.Goexit)
	wg.Wait()
	var stack []byte
	wg.Go(func() { stack = debug.Stack() })
	wg.Wait()
	for _, frame := range trace.Frames(stack) {
		say(frame)
	}
	for _, name := range []string{"panic in Go", "nil in Go", "closed in Go"} {
		trace.Die(os.Stdout, "fatal", name)
	}
}
