// Storm wakes goroutines through objects that nobody has any more a moment later, as fast as it can. Nothing in it leaks: whatever is
// proven of it is false. See scripts/reach.
//
//	storm [-for D] [-profile]
//
// It writes "ready" when all of it goes on, and how often each part went around when it ends.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

// A part does one thing over and over. It must not leave a goroutine that waits forever.
type part struct {
	name string
	f    func()
	n    atomic.Int64
}

var parts = []*part{
	{name: "reply", f: reply}, {name: "late", f: late}, {name: "close", f: closing}, {name: "chain", f: chain}, {name: "carry", f: carry},
	{name: "context", f: canceled}, {name: "timeout", f: timeout}, {name: "afterfunc", f: afterFunc}, {name: "group", f: group},
	{name: "cond", f: cond}, {name: "mutex", f: mutex}, {name: "rwmutex", f: rwmutex}, {name: "once", f: once}, {name: "pipe", f: pipe},
	{name: "poll", f: poll}, {name: "syscall", f: call}, {name: "thread", f: thread}, {name: "grow", f: grow}, {name: "select", f: choose},
	{name: "finalizer", f: finalizer}, {name: "reflect", f: reflected}, {name: "panic", f: panicking},
}

func main() {
	length := flag.Duration("for", time.Hour, "how long it goes on")
	profile := flag.Bool("profile", false, "take Go's own profile of leaks where there is one; it does not mind weak pointers, which are left out then")
	flag.Parse()
	debug.SetGCPercent(20)
	if *profile { // golang's runtime dies of "bad g->status in ready" if somebody is woken through a weak pointer whom it took for leaked
		for i, p := range parts {
			if p.name == "weak" {
				parts = append(parts[:i], parts[i+1:]...)
				break
			}
		}
	}
	for _, p := range parts {
		for i := 0; i < 2; i++ {
			go p.run()
		}
	}
	go collect(*profile)
	for { // until all parts have begun
		ready := true
		for _, p := range parts {
			ready = ready && p.n.Load() > 0
		}
		if ready {
			break
		}
		time.Sleep(time.Millisecond)
	}
	os.Stdout.WriteString("ready\n")
	time.Sleep(*length)
	for _, p := range parts {
		fmt.Println(p.name, p.n.Load())
	}
}

func (p *part) run() {
	for {
		p.f()
		p.n.Add(1)
		if p.n.Load()%64 == 0 {
			runtime.Gosched()
		}
	}
}

// collect collects garbage, and takes Go's own profile of leaks where there is one.
func collect(profile bool) {
	for i := 0; ; i++ {
		time.Sleep(20 * time.Millisecond)
		runtime.GC()
		if p := pprof.Lookup("goroutineleak"); p != nil && profile && i%8 == 0 {
			p.WriteTo(discard{}, 1)
		}
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
