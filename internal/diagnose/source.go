package diagnose

import (
	"cmp"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A source is where the values of a channel come from.
type source uint8

const (
	plainChan   source = iota // goroutines of the program
	timerChan                 // time.Timer, time.Ticker, time.After
	contextChan               // the Done channel of a context
	signalChan                // signal.Notify
)

// source returns where the values come from that case k of w, or w itself, receives from the channel at obj. The source
// code says so, or else the way in which the channel was made.
func (f *facts) source(w *snapshot.Wait, k int, obj uint64) source {
	switch r := w.Probe.Role(k); {
	case obj != 0 && r.Clock():
		return timerChan
	case r == runtime.RoleSignal:
		return signalChan
	case r == runtime.RoleDone:
		return contextChan
	}
	if o := f.s.Objects[obj]; o != nil && o.Made != nil && o.Made.Probe.Role(0) == runtime.RoleSignal {
		return signalChan
	}
	return plainChan
}

// contextCase reports whether case k of w receives from the Done channel of a context. That is nil if the context is
// never cancelled.
func contextCase(w *snapshot.Wait, k int) bool { return w.Probe.Role(k) == runtime.RoleDone }

// ticks reports whether case k of w receives from signals, or from a clock that is not known to be stopped.
func (f *facts) ticks(w *snapshot.Wait, k int, obj uint64) bool {
	switch f.source(w, k, obj) {
	case timerChan:
		o := f.s.Objects[obj]
		return o == nil || !o.Stopped
	case signalChan:
		return true
	}
	return false
}

// endOnly reports whether the channel at obj only ever reports an end: no goroutine has sent to it, and a select
// receives from it beside others.
func (f *facts) endOnly(w *snapshot.Wait, k int) bool {
	if k >= len(w.Cases) || w.Cases[k].Send || w.Cases[k].Obj == 0 {
		return false
	}
	c := w.Cases[k]
	if f.source(w, k, c.Obj) == contextChan || contextCase(w, k) {
		return true
	}
	return f.tellsEnd(c.Obj)
}

// tellsEnd reports whether no goroutine has sent to the channel at obj, and its name says that it is closed at the end.
func (f *facts) tellsEnd(obj uint64) bool {
	o := f.s.Objects[obj]
	return o != nil && o.Sent == nil && o.Cap <= 0 && endName(cmp.Or(o.Expr, f.pathName(obj)))
}

// endName reports whether a channel is named like those that are closed at the end.
func endName(expr string) bool {
	name := strings.ToLower(expr[strings.LastIndexByte(expr, '.')+1:])
	for _, word := range []string{"stop", "quit", "done", "close", "shutdown", "exit", "cancel", "term", "end", "kill",
		"die", "dead", "abort", "finish"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
