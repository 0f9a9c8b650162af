package dap

import "encoding/json"

// maxSteps bounds what a step is made of: a line with so many probes is damage of ours, and must not keep the user waiting.
const maxSteps = 100

// A step is a request to step into what a line calls. Delve steps into probes too; one that comes there goes out again, and on from the middle of the
// line that it came from:
//
//	from line 7 ── stepIn ──▶ debug.Recv ── stepOut ──▶ line 7 ── stepIn ──▶ line 8, or a function of the user's that line 7 calls too
type step struct {
	arguments json.RawMessage
	from      place
	count     int
}

// A place is where a frame is.
type place struct {
	file, name string
	line       int
	collector  bool
}

// stepIn is the request to step into a call. In a program without probes it is Delve's alone.
func stepIn(p *Proxy, m *message) bool {
	var args struct {
		ThreadID    int64
		Granularity string
	}
	var next *step
	if s := p.program.stopped(); s != nil && json.Unmarshal(m.Arguments, &args) == nil && args.Granularity != "instruction" {
		if s.probes() {
			if from, ok := p.place(args.ThreadID); ok && !from.collector {
				next = &step{arguments: m.Arguments, from: from}
			}
		}
	}
	forward := runs(p, m)
	p.program.mu.Lock()
	p.program.step = next
	p.program.mu.Unlock()
	return forward
}

// place returns where goroutine id is.
func (p *Proxy) place(id int64) (at place, ok bool) {
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
	if json.Unmarshal(f["source"], &source) != nil || json.Unmarshal(f["name"], &at.name) != nil || json.Unmarshal(f["line"], &at.line) != nil {
		return at, false
	}
	at.file, at.collector = source.Path, collectorFrame(f)
	return at, true
}

// stepped is called at the end of a step: the client is told of it, m, unless it has to go on.
func (p *Proxy) stepped(s *stop, st *step, m *message) {
	command, arguments := "", any(st.arguments)
	at, ok := p.place(s.thread)
	switch {
	case !ok || st.count >= maxSteps:
	case at.collector:
		command, arguments = "stepOut", map[string]any{"threadId": s.thread}
	case st.count > 0 && at == st.from:
		command = "stepIn"
	}
	if command != "" {
		st.count++
		p.program.resume()
		p.program.mu.Lock()
		p.program.step, p.program.inner = st, true
		p.program.mu.Unlock()
		if _, err := p.ask(command, arguments); err == nil {
			return
		}
		p.program.restore(s)
	}
	_ = p.client.write(m.raw) // a client that has gone need not know
	p.tell(s, "step")
}

// continued is the event that the program runs. The client has seen it of a step, and sees it once.
func continued(p *Proxy, _ *message) bool {
	p.program.mu.Lock()
	defer p.program.mu.Unlock()
	inner := p.program.inner
	p.program.inner = false
	return !inner
}
