package dap

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// maxParts bounds what is listed of holders.
const maxParts = 16

// addScope adds the scope `Await trace` to those of a frame.
func addScope(p *Proxy, request, resp *message) {
	s := p.program.stopped()
	var args struct{ FrameID int }
	var body map[string]json.RawMessage
	var scopes []json.RawMessage
	if s == nil || !resp.Success || json.Unmarshal(request.Arguments, &args) != nil ||
		json.Unmarshal(resp.Body, &body) != nil ||
		json.Unmarshal(body["scopes"], &scopes) != nil {
		return
	}
	id, ok := p.handles.goroutine(args.FrameID)
	if !ok {
		return
	}
	r := p.reportSoon(s, "variables")
	if r == nil {
		return
	}
	i, ok := r.Find(id)
	if !ok || r.Snapshot.Goroutines[i].Last == nil {
		return
	}
	scope, err := encode(map[string]any{
		"name": "Await trace", "variablesReference": p.handles.add(describe(r, i)), "expensive": false,
		"presentationHint": "locals",
	})
	if err == nil {
		body["scopes"], err = encode(append(scopes, scope))
	}
	if err == nil {
		err = resp.set("body", body)
	}
	if err != nil {
		p.say(err.Error())
	}
}

// describe lists what is known about goroutine i: its last probe, what it waits on, what it holds, and its history.
func describe(r *diagnose.Report, i int) []variable {
	g := &r.Snapshot.Goroutines[i]
	list := []variable{
		{Name: "verdict", Value: string(r.Verdicts[i])},
		{Name: "last probe", Value: fmt.Sprintf("%s, %s ago", g.Last.Expr, r.Ago(g.LastAt)),
			parts: probeParts(r, g.Last)},
	}
	if len(g.Labels) > 0 {
		list = append(list, variable{Name: "labels", Value: report.LabelText(g.Labels)})
	}
	for _, s := range r.Started(i) {
		list = append(list, variable{Name: "started", Value: s})
	}
	if len(g.Waits) > 0 {
		list = append(list, waitsOn(r, &g.Waits[0]))
	}
	var holds []variable
	for n, h := range g.Holds {
		holds = append(holds, variable{
			Name: fmt.Sprintf("[%d]", n), Value: fmt.Sprintf("%s for %s", r.Object(h.Obj, h.Probe), r.Ago(h.Since)),
			parts: []variable{{Name: "taken at", Value: r.Place(h.Probe)}, waiters(r, h.Obj)},
		})
	}
	list = append(list, variable{Name: "holds", Value: counted(len(holds), "lock"), parts: holds})
	var history []variable
	for n, h := range g.History {
		history = append(history, variable{
			Name: fmt.Sprintf("[%d]", n), Value: fmt.Sprintf("%s, %s ago", h.Probe.Expr, r.Ago(h.At)),
			parts: probeParts(r, h.Probe),
		})
	}
	return append(list, variable{Name: "history", Value: counted(len(history), "probe"), parts: history})
}

// counted is a number of things in words.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// probeParts are the parts of a probe.
func probeParts(r *diagnose.Report, p *snapshot.Probe) []variable {
	return []variable{{Name: "operation", Value: p.Op.String()}, {Name: "at", Value: r.Place(p)}}
}

// waitsOn tells what a wait is for.
func waitsOn(r *diagnose.Report, w *snapshot.Wait) variable {
	v := variable{Name: "waits on", Value: w.Probe.Expr, parts: []variable{{Name: "since", Value: r.Ago(w.Since)}}}
	if w.Obj != 0 {
		v.Value = r.Object(w.Obj, w.Probe)
		v.parts = append(v.parts, objectParts(r, w.Obj)...)
	}
	for n, c := range w.Cases {
		dir := "receive from "
		if c.Send {
			dir = "send to "
		}
		name := variable{Name: fmt.Sprintf("case %d", n+1), Value: dir + "a nil channel"}
		if c.Obj != 0 {
			name.Value, name.parts = dir+r.Object(c.Obj, w.Probe), objectParts(r, c.Obj)
		}
		v.parts = append(v.parts, name)
	}
	if w.More > 0 {
		v.parts = append(v.parts, variable{Name: "more", Value: counted(w.More, "case")})
	}
	return v
}

// objectParts are the parts of a lock or channel: who holds it, and what was done with it.
func objectParts(r *diagnose.Report, addr uint64) []variable {
	parts := []variable{{Name: "address", Value: fmt.Sprintf("%#x", addr)}}
	for n, line := range r.Held(addr, maxParts) {
		parts = append(parts, variable{Name: fmt.Sprintf("holder %d", n+1), Value: line})
	}
	for n, line := range r.Facts(addr) {
		parts = append(parts, variable{Name: fmt.Sprintf("fact %d", n+1), Value: line})
	}
	return append(parts, waiters(r, addr))
}

// waiters tells how many wait for an object, and who they are.
func waiters(r *diagnose.Report, addr uint64) variable {
	all := r.Waiters(addr)
	v := variable{Name: "waiters", Value: counted(len(all), "goroutine")}
	for n, i := range all[:min(maxParts, len(all))] {
		v.parts = append(v.parts, variable{Name: fmt.Sprintf("[%d]", n), Value: r.Step(i)})
	}
	return v
}

// variables handles the request for the parts of a variable. Delve does not know ours.
func variables(p *Proxy, m *message) bool {
	var args struct {
		VariablesReference int
		Filter             string
	}
	if json.Unmarshal(m.Arguments, &args) != nil || args.VariablesReference < ownReference {
		return true
	}
	parts, ok := p.handles.get(args.VariablesReference)
	if !ok {
		p.refuse(m, fmt.Sprintf("unknown reference %d: the program has run since", args.VariablesReference), false)
		return false
	}
	if args.Filter == "indexed" {
		parts = nil
	}
	for i := range parts {
		parts[i].Value = report.SafeLine(parts[i].Value)
	}
	p.respond(m, map[string]any{"variables": append([]variable{}, parts...)})
	return false
}

// hideLocals removes the variables of probes from those of a frame.
func hideLocals(p *Proxy, _, resp *message) {
	var body map[string]json.RawMessage
	var list []json.RawMessage
	if !resp.Success || json.Unmarshal(resp.Body, &body) != nil || json.Unmarshal(body["variables"], &list) != nil {
		return
	}
	shown := WithoutLocals(list)
	if len(shown) == len(list) {
		return
	}
	var err error
	if body["variables"], err = encode(shown); err == nil {
		err = resp.set("body", body)
	}
	if err != nil {
		p.say(err.Error())
	}
}

// WithoutLocals returns list, variables as JSON with a name each, without the variables of probes.
func WithoutLocals(list []json.RawMessage) []json.RawMessage {
	return slices.DeleteFunc(slices.Clone(list), func(raw json.RawMessage) bool {
		var v struct{ Name string }
		return json.Unmarshal(raw, &v) == nil && runtime.Local(v.Name)
	})
}
