package dap

import (
	"encoding/json"

	"github.com/awaittrace/awaittrace/internal/inspect"
)

// A step is a request to step into what a line calls. Delve steps into probes too, which inspect.Step passes over.
type step struct {
	arguments json.RawMessage
	rule      *inspect.Step
}

// stepIn handles the request to step into a call. Without probes it is Delve's alone.
func stepIn(p *Proxy, m *message) bool {
	var args struct {
		ThreadID    int64
		Granularity string
	}
	var next *step
	if s := p.program.stopped(); s != nil && json.Unmarshal(m.Arguments, &args) == nil &&
		args.Granularity != "instruction" {
		if s.probes() {
			if from, ok := p.place(args.ThreadID); ok && !from.Collector {
				next = &step{arguments: m.Arguments, rule: inspect.NewStep(from)}
			}
		}
	}
	forward := runs(p, m)
	p.program.mu.Lock()
	p.program.step = next
	p.program.mu.Unlock()
	return forward
}

// place returns the place of goroutine id.
func (p *Proxy) place(id int64) (at inspect.Place, ok bool) {
	m, err := p.ask("stackTrace", map[string]any{"threadId": id, "levels": 1})
	if err != nil {
		return at, false
	}
	var body struct {
		StackFrames []map[string]json.RawMessage
	}
	if json.Unmarshal(m.Body, &body) != nil || len(body.StackFrames) == 0 {
		return at, false
	}
	f := body.StackFrames[0]
	var source struct{ Path string }
	if json.Unmarshal(f["source"], &source) != nil || json.Unmarshal(f["name"], &at.Func) != nil ||
		json.Unmarshal(f["line"], &at.Line) != nil {
		return at, false
	}
	at.File, at.Collector = source.Path, collectorFrame(f)
	return at, true
}

// stepped is called at the end of a step. It passes on the event m, unless the step has to continue.
func (p *Proxy) stepped(s *stop, st *step, m *message) {
	move := inspect.StepDone
	if at, ok := p.place(s.thread); ok {
		move = st.rule.Next(at)
	}
	if move != inspect.StepDone {
		command, arguments := "stepIn", any(st.arguments)
		if move == inspect.StepOut {
			command, arguments = "stepOut", map[string]any{"threadId": s.thread}
		}
		p.program.resume()
		p.program.mu.Lock()
		p.program.step, p.program.inner = st, true
		p.program.mu.Unlock()
		if _, err := p.ask(command, arguments); err == nil {
			return
		}
		p.program.restore(s)
	}
	_ = p.client.write(m.raw) // the client may have gone
	p.tell(s, "step")
}

// continued handles the event that the program runs. The client sees it once for a step.
func continued(p *Proxy, _ *message) bool {
	p.program.mu.Lock()
	defer p.program.mu.Unlock()
	inner := p.program.inner
	p.program.inner = false
	return !inner
}
