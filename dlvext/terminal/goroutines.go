package terminal

import (
	"encoding/json"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"
)

// goroutines answers a request for a list of goroutines. Delve says of each where it is in code that is not the runtime's. Of one that waits in a
// probe that is the collector's; the user is told the place of the probe.
//
//	Goroutine 7 - User: /usr/local/go/src/debug/chan.go:97 debug.recvBlock[int] [chan receive]
//	Goroutine 7 - User: ./main.go:23 main.worker [chan receive]
func (r *relay) goroutines(request message) {
	m, err := r.ask(request.Method, request.Params)
	if err != nil {
		return // the session is over
	}
	var out rpc2.ListGoroutinesOut
	if !failed(m) && json.Unmarshal(m.Result, &out) == nil && r.relocate(out.Goroutines) {
		if result, err := json.Marshal(out); err == nil {
			m.Result = result
		}
	}
	r.answer(request, m)
}

// relocate changes where goroutines are that are in a probe, and reports whether there are any.
func (r *relay) relocate(list []*api.Goroutine) bool {
	var places map[int64]api.Location
	changed := false
	for _, g := range list {
		if !inCollector(g.UserCurrentLoc) {
			continue
		}
		if places == nil {
			if places = r.places(); places == nil {
				return false
			}
		}
		if l, ok := places[g.ID]; ok {
			l.PC = g.UserCurrentLoc.PC
			g.UserCurrentLoc = l
			changed = true
		}
	}
	return changed
}

// places returns where the goroutines are that wait in a probe. Nil: nobody knows.
func (d *debugger) places() map[int64]api.Location {
	if d.reporting.Load() {
		return nil // it is we who ask for the goroutines
	}
	state, err := d.client.GetStateNonBlocking()
	if err != nil || state.Exited {
		return nil
	}
	rec, err := d.record(state.Pid)
	if err != nil {
		return nil
	}
	snap, err := rec.Snapshot()
	if err != nil {
		return nil
	}
	at := make(map[int64]api.Location)
	for i := range snap.Goroutines {
		if g := &snap.Goroutines[i]; len(g.Waits) > 0 {
			p := g.Waits[0].Probe
			at[g.ID] = api.Location{File: p.File, Line: p.Line, Function: &api.Function{Name_: p.Func}}
		}
	}
	return at
}
