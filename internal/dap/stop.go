package dap

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/terminal"
)

// runs handles a request that lets the program run.
func runs(p *Proxy, m *message) bool {
	p.handles.reset()
	p.watcher.request(m.Seq, p.program.resume())
	p.watch()
	return true
}

// ran handles the response to a request that lets the program run. If it failed, the program is still stopped.
func ran(p *Proxy, request, resp *message) {
	before := p.watcher.response(request.Seq)
	if before == nil {
		return
	}
	if resp.Success {
		p.program.ran(before)
		return
	}
	p.watcher.stop()
	p.program.restore(before)
}

// leave handles a request to end the session.
func leave(p *Proxy, _ *message) bool {
	p.program.leave()
	return true
}

// stopped handles the event that the program has stopped.
func stopped(p *Proxy, m *message) bool {
	var body struct {
		Reason   string `json:"reason"`
		ThreadID int64  `json:"threadId"`
	}
	if json.Unmarshal(m.Body, &body) != nil {
		return true
	}
	p.watcher.stop()
	p.handles.reset()
	s, st := p.program.halt(body.ThreadID)
	if f := p.watcher.take(); f != nil && body.Reason == "pause" {
		go p.confirm(s, f)
		return false
	}
	if st != nil && body.Reason == "step" {
		go p.stepped(s, st, m)
		return false
	}
	if body.Reason == "pause" && body.ThreadID == 0 {
		go p.paused(s, m)
		return false
	}
	go p.tell(s, body.Reason)
	return true
}

// paused passes on the event m of a pause at which no goroutine is on a processor. Delve names none then, and editors
// show the last or the first; paused names one that is stuck, if any is.
func (p *Proxy) paused(s *stop, m *message) {
	var body map[string]json.RawMessage
	if r, _ := s.soon(); r != nil && r.Bad() > 0 && len(r.Findings) > 0 && json.Unmarshal(m.Body, &body) == nil {
		p.program.mu.Lock()
		s.thread, s.atProbe = r.Findings[0].At(), true
		p.program.mu.Unlock()
		body["threadId"] = fmt.Append(nil, s.thread)
		if err := m.set("body", body); err != nil {
			p.say(err.Error())
		}
	}
	_ = p.client.write(m.raw) // the client may have gone
	p.tell(s, "pause")
}

// tell prints a line in the console if something is stuck at this stop. While the user steps it is not repeated.
func (p *Proxy) tell(s *stop, why string) {
	if !s.probes() {
		return
	}
	r, err := s.report()
	if err != nil || p.program.stopped() != s {
		return
	}
	if line, news := p.watcher.note(r, why == "step"); news {
		p.say(line)
	}
}

// summary returns a line that says what is stuck, or "".
func summary(r *diagnose.Report) string {
	if r.Snapshot.NoProbes != "" || r.Bad() == 0 || len(r.Findings) == 0 {
		return ""
	}
	return fmt.Sprintf("%s; %s (awaittrace stuck tells more)", report.Verdict(r), r.Findings[0].Title)
}

// confirm is called when the program has stopped for a finding of the watcher, which sees only the record. If the
// states of goroutines confirm the finding, the client is told of an exception; else the program goes on, unseen by the
// client.
func (p *Proxy) confirm(s *stop, f *diagnose.Finding) {
	r, err := s.report()
	if err == nil && r.Snapshot.HasStates {
		now := r.Same(f)
		if now == nil {
			p.goOn(s)
			return
		}
		f = now
	}
	p.program.mu.Lock()
	s.found, s.thread, s.atProbe = f, f.At(), true
	p.program.mu.Unlock()
	p.send(&event{Type: "event", Event: "stopped", Body: map[string]any{
		"reason": "exception", "description": filterOf(f).label, "text": terminal.Text(f.Title), "threadId": f.At(), "allThreadsStopped": true,
	}})
	if err == nil {
		if line, _ := p.watcher.note(r, false); line != "" {
			p.say(line)
		}
	}
}

// goOn resumes the program after a stop that the client must not see.
func (p *Proxy) goOn(s *stop) {
	p.program.resume()
	p.watch()
	switch _, err := p.ask("continue", map[string]any{"threadId": s.thread}); err {
	case nil:
		p.program.ran(s)
	case errOver:
	default:
		p.watcher.stop()
		p.program.restore(s)
		p.send(&event{Type: "event", Event: "stopped", Body: map[string]any{"reason": "pause", "threadId": s.thread, "allThreadsStopped": true}})
	}
}

// exceptionInfo handles the request for the details of an exception.
func exceptionInfo(p *Proxy, m *message) bool {
	s := p.program.stopped()
	if s == nil || s.found == nil {
		return true
	}
	f := s.found
	details := append([]string{f.Title}, f.Why...)
	if f.Fix != "" {
		details = append(details, "fix: "+f.Fix)
	}
	p.respond(m, map[string]any{
		"exceptionId": filterOf(f).id, "description": terminal.Text(strings.Join(details, "\n")), "breakMode": "always",
		"details": map[string]any{"message": terminal.Text(f.Title), "typeName": string(f.Kind)}, // editors show a stackTrace below the description
	})
	return false
}
