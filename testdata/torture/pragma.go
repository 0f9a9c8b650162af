package main

import (
	"sync"
	_ "unsafe" // for go:linkname
)

func init() {
	add("pragma", pragmas)
}

var pragmaMu sync.Mutex

//go:noinline
func noInline(ch chan int) int { pragmaMu.Lock(); defer pragmaMu.Unlock(); return <-ch }

//go:nosplit
func noSplit(ch chan int) int { return <-ch }

//go:norace
func noRace(ch chan int) int { return <-ch }

//awaittrace:ignore
func ignored(ch chan int) int { return <-ch }

//go:linkname runtimeNano runtime.nanotime
func runtimeNano() int64

func pragmas() {
	ch := buf(1, 2, 3, 4, 5, 6, 7)
	say(noInline(ch), noSplit(ch), noRace(ch), ignored(ch))
	//awaittrace:ignore
	ch <- n(1)
	ch <- n(2) //awaittrace:ignore
	say(<-ch, runtimeNano() != 0)
	func() {
		//awaittrace:ignore
		defer pragmaMu.Unlock()
		pragmaMu.Lock()
	}()
	//awaittrace:ignore
	for v := range closed(1, 2) {
		say(v, <-ch)
	}
	//awaittrace:ignore
	select {
	case v := <-ch:
		say(v)
	}
	drain(ch)
}
