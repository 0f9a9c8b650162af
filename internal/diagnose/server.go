package diagnose

import (
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// waitsForEnd reports whether goroutine i is that of func main and waits for the end of a server: for a channel that nobody has used yet, or for
// a WaitGroup, while another goroutine waits for a signal or for clients. In
//
//	go func() { <-signals; done <- true }()
//	…
//	<-done
//
// main is not stuck, however long it takes.
func (a *analysis) waitsForEnd(i int) bool {
	w := a.wait(i)
	if a.g(i).ID != 1 {
		return false
	}
	switch w.Probe.Op {
	case runtime.OpRecv, runtime.OpRange, runtime.OpSelect:
		for _, f := range a.feeders(w) {
			if f != nil {
				return false
			}
		}
	case runtime.OpWait:
	default:
		return false
	}
	for j := range a.s.Goroutines {
		if other := a.wait(j); j != i && other != nil && a.serves(other) {
			return true
		}
	}
	return false
}

// serves reports whether w waits for clients, or for a signal.
func (a *analysis) serves(w *snapshot.Wait) bool {
	if w.Probe.Flags&runtime.SiteServe != 0 || a.isSignal(w.Obj) {
		return true
	}
	for _, c := range w.Cases {
		if !c.Send && a.isSignal(c.Obj) {
			return true
		}
	}
	return false
}

// isSignal reports whether obj is a channel that was made for signals.
func (a *analysis) isSignal(obj uint64) bool {
	o := a.s.Objects[obj]
	return o != nil && o.Made != nil && strings.Contains(o.Made.Probe.Expr, "os.Signal")
}
