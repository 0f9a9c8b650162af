package terminal

import (
	"encoding/json"
	"path"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/dlvext"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// maxSteps bounds what a step is made of: a line with so many probes is damage of ours, and must not keep the user waiting.
const maxSteps = 100

// step answers a request to step. Delve steps into every call, so that `x := <-ch`, which calls a probe, stops inside the collector. A step that
// comes there goes out again, and on from the middle of the line that it came from:
//
//	from line 7 ── step ──▶ debug.Recv ── stepOut ──▶ line 7 ── step ──▶ line 8, or a function of the user's that line 7 calls too
//
// A probe that the compiler has inlined cannot be left so, since it is part of the user's function; it is stepped through. A breakpoint
// on the way ends it all, as it would end the user's own steps.
func (r *relay) step(request message) {
	from, folder := r.location(), r.collector()
	r.resumed()
	m, state := r.run(request.Params)
	for n := 0; n < maxSteps && state != nil && !inCollector(from); n++ {
		at := place(state)
		switch {
		case inCollector(at):
			m, state = r.run(named(api.StepOut, request.Params))
		case path.Dir(at.File) == folder || n > 0 && same(at, from):
			m, state = r.run(named(api.Step, request.Params))
		default:
			n = maxSteps
		}
	}
	if m.ID == nil {
		return // the session is over
	}
	r.mu.Lock()
	r.stopped = time.Now()
	r.mu.Unlock()
	r.answer(request, withoutResults(m, state))
}

// run has the server run a command. The state is nil when the user is to see the response, whatever it is: the program has ended, a
// breakpoint was hit, or something is wrong.
func (r *relay) run(params []json.RawMessage) (message, *api.DebuggerState) {
	m, err := r.ask(methodCommand, params)
	if err != nil {
		return message{}, nil
	}
	var out struct{ State *api.DebuggerState }
	if json.Unmarshal(m.Result, &out) != nil || out.State == nil || failed(m) {
		return m, nil
	}
	if s := out.State; s.Exited || s.NextInProgress || s.CurrentThread == nil || s.CurrentThread.Breakpoint != nil {
		return m, nil
	}
	return m, out.State
}

// failed reports whether m is the response to a request that failed.
func failed(m message) bool { return len(m.Error) > 0 && string(m.Error) != "null" }

// location returns where the user is.
func (r *relay) location() api.Location {
	m, err := r.ask(methodState, []json.RawMessage{json.RawMessage(`{"NonBlocking":false}`)})
	var out struct{ State *api.DebuggerState }
	if err != nil || json.Unmarshal(m.Result, &out) != nil || out.State == nil {
		return api.Location{}
	}
	return place(out.State)
}

// place returns where the thread is that the user looks at.
func place(s *api.DebuggerState) api.Location {
	t := s.CurrentThread
	if t == nil {
		return api.Location{}
	}
	return api.Location{PC: t.PC, File: t.File, Line: t.Line, Function: t.Function}
}

// collector returns the folder that the collector's source has in the debug information, or "" if there is no collector.
func (r *relay) collector() string {
	r.mu.Lock()
	folder, known := r.folder, r.folderKnown
	r.mu.Unlock()
	if known {
		return folder
	}
	for _, fn := range dlvext.CollectorFunctions() {
		in, _ := json.Marshal(rpc2.FindLocationIn{Scope: everywhere, Loc: fn})
		m, err := r.ask(methodFind, []json.RawMessage{in})
		var out rpc2.FindLocationOut
		if err != nil || json.Unmarshal(m.Result, &out) != nil {
			continue
		}
		for _, l := range out.Locations {
			if inCollector(l) {
				folder = path.Dir(l.File)
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.folder, r.folderKnown = folder, true
	return folder
}

func same(a, b api.Location) bool {
	return a.File == b.File && a.Line == b.Line && a.Function.Name() == b.Function.Name()
}

// inCollector reports whether l is in a probe.
func inCollector(l api.Location) bool {
	return l.Function != nil && dlvext.Collector(snapshot.Frame{Func: l.Function.Name()})
}

// named returns the parameters of another command with the same settings, without events: the client listens for those of the one that it
// has asked for.
func named(name string, params []json.RawMessage) []json.RawMessage {
	var c api.DebuggerCommand
	_ = json.Unmarshal(params[0], &c) // it could be decoded when it came
	c.Name, c.WithEvents = name, false
	p, _ := json.Marshal(c)
	return []json.RawMessage{p}
}

// withoutResults takes out of the response to a step the results of the probe that it came out of: to the user no function has returned.
func withoutResults(m message, state *api.DebuggerState) message {
	if state == nil || state.CurrentThread == nil || len(state.CurrentThread.ReturnValues) == 0 {
		return m
	}
	state.CurrentThread.ReturnValues = nil
	for _, t := range state.Threads {
		t.ReturnValues = nil
	}
	if result, err := json.Marshal(struct{ State *api.DebuggerState }{state}); err == nil {
		m.Result = result
	}
	return m
}
