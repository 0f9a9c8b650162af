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

// What users see of a program with probes is what it would look like without them: stacks have no frames of the collector, the others are numbered as if there
// were none, and a goroutine that is in a probe is where the probe stands.
//
//	Delve's                     the user's
//	0  runtime.gopark           0  runtime.gopark
//	1  runtime.chanrecv         1  runtime.chanrecv
//	2  debug.recvBlock[int]
//	3  debug.Recv[int]
//	4  main.worker              2  main.worker

// changes reports whether the user is shown something else than Delve says.
func (r *relay) changes() bool {
	return !r.raw.Load() && !r.reporting.Load() && r.collector() != ""
}

// A frame is one of a stack of Delve's.
type frame struct {
	number int // Delve's
	text   json.RawMessage
	api.Location
}

// frames asks for a stack, and returns the user's frames of it, up to the one that in.Depth is the number of, and how many Delve has told. The message is
// the response, which may be that it failed; without an ID, the session is over.
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

// withoutLocals returns a JSON object without the variables in its lists that are a probe's.
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

// renumber changes a request about a frame to the number that Delve has for it.
func (r *relay) renumber(request message) {
	var in map[string]json.RawMessage
	var scope *api.EvalScope
	if request.decode(&in) && json.Unmarshal(in["Scope"], &scope) == nil && scope != nil {
		scope.Frame = r.number(*scope)
		in["Scope"], _ = json.Marshal(scope)
		request.Params[0], _ = json.Marshal(in)
	}
}

// number returns the number that Delve has for the frame of a scope.
func (r *relay) number(scope api.EvalScope) int {
	m, user, told, err := r.frames(rpc2.StacktraceIn{Id: scope.GoroutineID, Depth: scope.Frame})
	switch {
	case err != nil || failed(m):
		return scope.Frame // Delve says what is wrong
	case scope.Frame < len(user):
		return user[scope.Frame].number
	}
	return max(told, scope.Frame) // there is none of that number
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

// shown changes a response with the state of the program to what the user is shown.
func (r *relay) shown(m message) message {
	var out struct{ State *api.DebuggerState }
	if failed(m) || json.Unmarshal(m.Result, &out) != nil || out.State == nil || out.State.CurrentThread == nil || !r.changes() {
		return m // of a program that runs nothing else can be asked
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

// outside changes where a thread is that is in a probe, and reports whether it is. Who has set a breakpoint there wants to see it.
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

// top returns where the user's own frames of a goroutine begin.
func (r *relay) top(goroutine int64) (api.Location, bool) {
	_, user, _, err := r.frames(rpc2.StacktraceIn{Id: goroutine})
	if err != nil || len(user) == 0 {
		return api.Location{}, false
	}
	return user[0].Location, true
}

// inside reports whether l is in a probe, or in a piece of one that the compiler has put into the user's function.
func (r *relay) inside(l api.Location) bool {
	return inCollector(l) || r.inlined(l)
}

// inlined reports whether l is in a piece of the collector.
func (r *relay) inlined(l api.Location) bool {
	return l.File != "" && path.Dir(l.File) == r.collector()
}

// inCollector reports whether l is in a function of the collector's.
func inCollector(l api.Location) bool {
	return l.Function != nil && snapshot.Collector(l.Function.Name())
}

// collector returns the folder that the collector's source has in the debug information, or "" if there is no collector.
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
