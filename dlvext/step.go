package dlvext

import (
	"encoding/json"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/internal/inspect"
)

// step answers a request to step, or to go to the next line. Only a step can enter a probe, but both can begin in one,
// where the program was halted. A breakpoint on the way ends it, as it would end the user's own steps.
func (r *relay) step(request message, name string) {
	m, state := r.here()
	if m.ID == nil {
		return // the session is over
	}
	r.resumed()
	defer r.halted()
	first := true
	from := r.at(state)
	if state != nil && (from.Collector || from.Inlined) {
		// The user is shown the place of the probe, and wants to leave it.
		if top, ok := r.top(state.CurrentThread.GoroutineID); ok {
			from = inspect.Place{File: top.File, Func: top.Function.Name(), Line: top.Line}
		}
	} else {
		m, state = r.run(request.named(name, &first))
		if name == api.Next {
			state = nil // next steps over calls by itself
		}
	}
	s, left := inspect.NewStep(from), false
	for move := inspect.StepOn; state != nil && move != inspect.StepDone; {
		switch move = s.Next(r.at(state)); move {
		case inspect.StepOut:
			m, state = r.run(request.named(api.StepOut, &first))
			left = true
		case inspect.StepOn:
			m, state = r.run(request.named(name, &first))
		}
	}
	if left {
		m = withoutResults(m, state)
	}
	if m.ID != nil {
		r.answer(request, r.shown(m))
	}
}

// run has the server run the command of a request. The state is nil if the user is to see the response: the program has
// ended, a breakpoint was hit, or something is wrong. A response without an ID means that the session is over.
func (r *relay) run(request message) (message, *api.DebuggerState) {
	m, err := r.ask(request)
	if err != nil {
		return message{}, nil
	}
	var out struct{ State *api.DebuggerState }
	if failed(m) || json.Unmarshal(m.Result, &out) != nil || out.State == nil {
		return m, nil
	}
	if s := out.State; s.Exited || s.NextInProgress || s.CurrentThread == nil || s.CurrentThread.Breakpoint != nil {
		return m, nil
	}
	return m, out.State
}

// here returns the state of the program, or nil if it has none.
func (r *relay) here() (message, *api.DebuggerState) {
	m, err := r.call(methodState, rpc2.StateIn{})
	if err != nil {
		return message{}, nil
	}
	var out rpc2.StateOut
	if failed(m) || json.Unmarshal(m.Result, &out) != nil || out.State == nil || out.State.CurrentThread == nil {
		return m, nil
	}
	return m, out.State
}

// at returns the place of the selected thread.
func (r *relay) at(s *api.DebuggerState) inspect.Place {
	if s == nil {
		return inspect.Place{}
	}
	l := place(s.CurrentThread)
	p := inspect.Place{File: l.File, Line: l.Line, Func: l.Function.Name(), Collector: inCollector(l)}
	p.Inlined = !p.Collector && r.inlined(l)
	return p
}

// place returns where a thread is.
func place(t *api.Thread) api.Location {
	return api.Location{PC: t.PC, File: t.File, Line: t.Line, Function: t.Function}
}

// named returns a request for another command with the same settings. The client expects the events of the first
// command only.
func (m message) named(name string, first *bool) message {
	var c api.DebuggerCommand
	m.decode(&c)
	c.Name, c.WithEvents = name, c.WithEvents && *first
	*first = false
	return newRequest(m.Method, c)
}

// withoutResults removes from the response to a step the results of the probe that it left: for the user no function
// has returned.
func withoutResults(m message, state *api.DebuggerState) message {
	if state == nil || len(state.CurrentThread.ReturnValues) == 0 {
		return m
	}
	state.CurrentThread.ReturnValues = nil
	for _, t := range state.Threads {
		t.ReturnValues = nil
	}
	m.encode(struct{ State *api.DebuggerState }{state})
	return m
}
