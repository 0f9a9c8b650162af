// Plain waits without probes in as many ways as can be thought of: behind locks that others hold and wait themselves, and for what only other goroutines can do. The
// report of it is held against the comments, from the running program, with and without its symbols, and from a core.
//
// The comment behind a wait begins with the kind of the finding that it must be in; "likely" behind that says that it need not be certain, and a
// colon and prose may follow. A wait without such a comment must be in none that counts.
//
// It writes "ready" when all of them wait.
package main

import (
	"fmt"
	"runtime"
	"time"
)

func main() {
	startLocks()
	startOnces()
	startReceives()
	startHealthy()
	startSlowOnces()
	time.Sleep(10 * step)
	runtime.GC()
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
