package dlvext

import (
	"encoding/json"
	"strings"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/runtime"
)

// goroutines answers a request for a list of goroutines. Delve gives the place of each outside the runtime. For one
// that waits in a probe that is in the collector or the standard library; the user is shown the place of the probe.
//
//	Goroutine 7 - User: /usr/local/go/src/debug/chan.go:97 debug.recvBlock[int] [chan receive]
//	Goroutine 7 - User: ./main.go:23 main.worker [chan receive]
func (r *relay) goroutines(request message) {
	var in rpc2.ListGoroutinesIn
	if !r.changes() || !request.decode(&in) {
		r.forward(request)
		return
	}
	if in.EvalScope != nil { // an expression selects the goroutines that wait for a channel
		in.EvalScope.Frame = r.number(*in.EvalScope)
	}
	list := r.page
	if byPlace(in) {
		list = r.chosen
	}
	out, m, err := list(in)
	if m.ID == nil {
		return // the session is over
	}
	if err == nil && !failed(m) {
		m.encode(out)
	}
	r.answer(request, m)
}

// page asks for goroutines, and changes their places to those that the user is shown. The message is the response,
// which may be a failure; without an ID, the session is over.
func (r *relay) page(in rpc2.ListGoroutinesIn) (out rpc2.ListGoroutinesOut, m message, err error) {
	m, err = r.call(methodGoroutines, in)
	if err != nil || failed(m) {
		return out, m, err
	}
	if err = json.Unmarshal(m.Result, &out); err == nil {
		r.relocate(out.Goroutines)
	}
	return out, m, err
}

// maxTops bounds how many stacks are read for a list: those of goroutines that are in a probe and do not wait there.
const maxTops = 100

// relocate changes the places of goroutines that are in a probe.
func (r *relay) relocate(list []*api.Goroutine) {
	var places map[int64]api.Location
	tops := 0
	for _, g := range list {
		user, current := r.inside(g.UserCurrentLoc), r.inside(g.CurrentLoc)
		if !user && !current && !r.library(g.UserCurrentLoc) {
			continue
		}
		if places == nil {
			if places = r.places(); places == nil {
				places = make(map[int64]api.Location)
			}
		}
		at, ok := places[g.ID]
		at.PC = g.UserCurrentLoc.PC
		if (user && !ok || current) && tops < maxTops {
			tops++
			at, ok = r.top(g.ID)
		}
		if ok {
			g.UserCurrentLoc = at
		}
		if ok && current {
			g.CurrentLoc = at
		}
	}
}

// library reports whether l is in the standard library: beside the collector's folder.
func (r *relay) library(l api.Location) bool {
	src, known := strings.CutSuffix(r.collector(), "/src/"+runtime.Path)
	return known && strings.HasPrefix(l.File, src+"/src/")
}

// places returns the places of goroutines that wait in a probe, or nil if they are unknown.
func (d *debugger) places() map[int64]api.Location {
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
		// While a goroutine is in a probe of Once.Do, the function may be anywhere.
		if g := &snap.Goroutines[i]; len(g.Waits) > 0 && g.Waits[0].Probe.Op != runtime.OpOnce {
			p := g.Waits[0].Probe
			at[g.ID] = api.Location{File: p.File, Line: p.Line, Function: &api.Function{Name_: p.Func}}
		}
	}
	return at
}
