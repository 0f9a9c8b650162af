// Waits waits in as many ways as can be thought of, each on a line of its own, and each line says what could still end it. Package reach
// is held against it, with every version of Go.
//
// The comment behind a wait begins with one of these words; a colon and prose may follow.
//
//	leak         nothing can: it must be proven
//	timer        a timer that runs can
//	global NAME  somebody can who reads the package variable NAME
//	goroutine    a goroutine that goes on can
//	finalizer    a finalizer can
//	cleanup      a cleanup can
//	live         something else can: it must not be proven
//	io           the kernel decides: it must not be proven
//	any          both would be right
//
// It writes the stacks of all goroutines, and "ready".
//
// "since go1.23" behind the word limits it to that version and later ones; before, the word is any.
package main

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// starters begin the waits. Files for newer versions add theirs.
var starters = []func(){
	startChans, startHeld, startChains, startReflect, startSync, startLocks, startOnce, startContexts, startTimers, startSignals, startIO, startStacks,
}

// late are those that must not see another garbage collection.
var late = []func(){startFinalizers, startPool}

func main() {
	runtime.GC()
	for _, start := range starters {
		start()
	}
	startQueued()
	debug.SetGCPercent(-1) // what settle allocates would begin one
	for _, start := range late {
		start()
	}
	os.Stdout.Write(settle())
	os.Stdout.WriteString("ready\n")
	time.Sleep(time.Hour)
}

// settle returns the stacks of all goroutines, once they do not change any more. One that wants a processor may get none
// for long, on a busy machine.
func settle() []byte {
	var last []byte
	for same := 0; same < 3; {
		time.Sleep(100 * time.Millisecond)
		b := make([]byte, 1<<20)
		b = b[:runtime.Stack(b, true)]
		wants := bytes.Count(b, []byte(" [runnable")) + bytes.Count(b, []byte(" [running"))
		if bytes.Equal(b, last) && wants == 1 { // this goroutine
			same++
		} else {
			same = 0
		}
		last = b
	}
	return last
}
