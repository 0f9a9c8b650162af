package dlvext

import (
	"encoding/json"
	"path"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// Users see a program as it would be without probes: stacks have no collector frames, the other frames are numbered
// accordingly, and a goroutine in a probe is where the probe stands.
//
//	Delve's                     the user's
//	0  runtime.gopark           0  runtime.gopark
//	1  runtime.chanrecv         1  runtime.chanrecv
//	2  debug.recvBlock[int]
//	3  debug.Recv[int]
//	4  main.worker              2  main.worker

// changes reports whether the user is shown something else than Delve's answer.
func (r *relay) changes() bool {
	return !r.raw.Load() && !r.reporting.Load() && r.collector() != ""
}

// A frame is a frame of Delve's stack.
type frame struct {
	number int // Delve's
	text   json.RawMessage
	api.Location
}

// frames asks for a stack, and returns the user's frames, up to number in.Depth, and how many Delve returned. The
// message is the response, which may be a failure; without an ID, the session is over.
func (r *relay) frames(in rpc2.StacktraceIn) (m message, user []frame, told int, err error) {
	want := in.Depth + 1
	in.Skip = 0
	for hidden := 0; ; {
		in.Depth = want - 1 + hidden
		if m, err = r.call(methodStacktrace, in); err != nil || failed(m) {
			return m, nil, 0, err
		}
		var out struct{ Locations []json.RawMessage }
		if err := json.Unmarshal(m.Result, &out); err != nil {
			return m, nil, 0, err
		}
		user, told = user[:0], len(out.Locations)
		for i, text := range out.Locations {
			f := frame{number: i, text: text}
			if err := json.Unmarshal(text, &f.Location); err != nil {
				return m, nil, 0, err
			}
			if !inCollector(f.Location) {
				user = append(user, f)
			}
		}
		if len(user) >= want || told <= in.Depth || told-len(user) == hidden {
			return m, user[:min(len(user), want)], told, nil
		}
		hidden = told - len(user)
	}
}

// stacktrace answers a request for a stack.
func (r *relay) stacktrace(request message) {
	var in rpc2.StacktraceIn
	if !r.changes() || !request.decode(&in) {
		r.forward(request)
		return
	}
	m, user, _, err := r.frames(in)
	if m.ID == nil {
		return // the session is over
	}
	if err == nil && !failed(m) {
		var out struct{ Locations []json.RawMessage }
		for _, f := range user[min(in.Skip, len(user)):] {
			out.Locations = append(out.Locations, withoutLocals(f.text))
		}
		m.encode(out)
	}
	r.answer(request, m)
}

// scoped passes on a request about a frame.
func (r *relay) scoped(request message) {
	if r.changes() {
		r.renumber(request)
	}
	r.forward(request)
}

// variables answers a request for the arguments or the local variables of a frame.
func (r *relay) variables(request message) {
	if !r.changes() {
		r.forward(request)
		return
	}
	r.renumber(request)
	m, err := r.ask(request)
	if err != nil {
		return // the session is over
	}
	if !failed(m) {
		m.Result = withoutLocals(m.Result)
	}
	r.answer(request, m)
}

// withoutLocals returns a JSON object without the variables of probes in its lists.
func withoutLocals(text json.RawMessage) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return text
	}
	changed := false
	for key, value := range object {
		var list []json.RawMessage
		if json.Unmarshal(value, &list) != nil {
			continue
		}
		if shown := dap.WithoutLocals(list); len(shown) < len(list) {
			object[key], _ = json.Marshal(shown)
			changed = true
		}
	}
	if changed {
		text, _ = json.Marshal(object)
	}
	return text
}

// renumber changes the frame of a request to Delve's number.
func (r *relay) renumber(request message) {
	var in map[string]json.RawMessage
	var scope *api.EvalScope
	if request.decode(&in) && json.Unmarshal(in["Scope"], &scope) == nil && scope != nil {
		scope.Frame = r.number(*scope)
		in["Scope"], _ = json.Marshal(scope)
		request.Params[0], _ = json.Marshal(in)
	}
}

// number returns Delve's number of the frame of a scope.
func (r *relay) number(scope api.EvalScope) int {
	m, user, told, err := r.frames(rpc2.StacktraceIn{Id: scope.GoroutineID, Depth: scope.Frame})
	switch {
	case err != nil || failed(m):
		return scope.Frame // Delve reports the error
	case scope.Frame < len(user):
		return user[scope.Frame].number
	}
	return max(told, scope.Frame) // no such frame
}

// state answers a request for the state of the program.
func (r *relay) state(request message) {
	if ready := r.ready.Swap(nil); ready != nil {
		(*ready)()
	}
	if m, err := r.ask(request); err == nil {
		r.answer(request, r.shown(m))
	}
}

// shown changes the state in a response to what the user is shown.
func (r *relay) shown(m message) message {
	var out struct{ State *api.DebuggerState }
	if failed(m) || json.Unmarshal(m.Result, &out) != nil || out.State == nil || out.State.CurrentThread == nil ||
		!r.changes() {
		return m // a running program answers nothing else
	}
	s := out.State
	changed := r.outside(s.CurrentThread)
	for _, t := range s.Threads {
		changed = r.outside(t) || changed
	}
	if g := s.SelectedGoroutine; g != nil && (r.inside(g.CurrentLoc) || r.inside(g.UserCurrentLoc)) {
		if at, ok := r.top(g.ID); ok {
			if r.inside(g.CurrentLoc) {
				g.CurrentLoc = at
			}
			g.UserCurrentLoc = at
			changed = true
		}
	}
	if changed {
		m.encode(out)
	}
	return m
}

// outside changes the place of a thread that is in a probe, and reports whether it is. A breakpoint in the collector
// stays visible.
func (r *relay) outside(t *api.Thread) bool {
	if t == nil || t.Breakpoint != nil || t.GoroutineID == 0 || !r.inside(place(t)) {
		return false
	}
	at, ok := r.top(t.GoroutineID)
	if ok {
		t.PC, t.File, t.Line, t.Function = at.PC, at.File, at.Line, at.Function
	}
	return ok
}

// top returns the first of the user's own frames of a goroutine.
func (r *relay) top(goroutine int64) (api.Location, bool) {
	_, user, _, err := r.frames(rpc2.StacktraceIn{Id: goroutine})
	if err != nil || len(user) == 0 {
		return api.Location{}, false
	}
	return user[0].Location, true
}

// inside reports whether l is in a probe, or in a part of one that was inlined into the user's function.
func (r *relay) inside(l api.Location) bool {
	return inCollector(l) || r.inlined(l)
}

// inlined reports whether l is in inlined collector code.
func (r *relay) inlined(l api.Location) bool {
	return l.File != "" && path.Dir(l.File) == r.collector()
}

// inCollector reports whether l is in a collector function.
func inCollector(l api.Location) bool {
	return l.Function != nil && snapshot.Collector(l.Function.Name())
}

// collector returns the folder of the collector's source in the debug information, or "".
func (r *relay) collector() string {
	r.mu.Lock()
	folder, known := r.folder, r.folderKnown
	r.mu.Unlock()
	if known {
		return folder
	}
	for _, fn := range target.CollectorFunctions() {
		m, err := r.call(methodFind, rpc2.FindLocationIn{Scope: everywhere, Loc: fn})
		var out rpc2.FindLocationOut
		if err != nil || failed(m) || json.Unmarshal(m.Result, &out) != nil {
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
