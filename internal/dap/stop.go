package dap

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
)

// runs handles a request that lets the program run.
func runs(p *Proxy, m *message) bool {
	p.handles.reset()
	p.program.ending(m.Seq, p.program.resume())
	p.watch()
	return true
}

// ran handles the response to a request that lets the program run. If it failed, the program is still stopped.
func ran(p *Proxy, request, resp *message) {
	before := p.program.ended(request.Seq)
	switch {
	case before == nil:
	case resp.Success:
		p.program.ran(before)
	default:
		p.program.restore(before)
	}
}

// pauses handles a request to stop the program: the stop that follows is not the watcher's.
func pauses(p *Proxy, _ *message) bool {
	p.program.mu.Lock()
	defer p.program.mu.Unlock()
	p.program.paused = true
	return true
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
	p.handles.reset()
	s, st := p.program.halt(body.ThreadID)
	if asked := p.watcher.take(); asked != nil {
		if body.Reason == "pause" && !p.program.wanted() {
			asked <- s
			return false
		}
		asked <- nil
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
	if line, news := p.note(r, why == "step"); news {
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

// except tells the client that the program has stopped, at s, for finding f of its report.
func (p *Proxy) except(s *stop, r *diagnose.Report, f *diagnose.Finding) {
	p.program.mu.Lock()
	s.found, s.thread, s.atProbe = f, f.At(), true
	p.program.mu.Unlock()
	p.send(&event{Type: "event", Event: "stopped", Body: map[string]any{
		"reason": "exception", "description": filterOf(f).label, "text": report.Safe(f.Title), "threadId": f.At(),
		"allThreadsStopped": true,
	}})
	if line, _ := p.note(r, false); line != "" {
		p.say(line)
	}
}

// goOn resumes the program after a stop that the client must not see, unless the client has asked for one meanwhile.
func (p *Proxy) goOn(s *stop) {
	if !p.program.wanted() {
		p.program.resume()
		switch _, err := p.ask("continue", map[string]any{"threadId": s.thread}); err {
		case nil:
			p.program.ran(s)
			if p.program.wanted() && p.program.runs() { // Delve may have seen that request before ours
				_, _ = p.ask("pause", map[string]any{"threadId": 0}) // it fails if the session is over
			}
			return
		case errOver:
			return
		}
		p.program.restore(s)
	}
	p.send(&event{Type: "event", Event: "stopped",
		Body: map[string]any{"reason": "pause", "threadId": s.thread, "allThreadsStopped": true}})
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
		"exceptionId": filterOf(f).id, "description": report.Safe(strings.Join(details, "\n")), "breakMode": "always",
		// editors show a stackTrace below the description
		"details": map[string]any{"message": report.Safe(f.Title), "typeName": string(f.Kind)},
	})
	return false
}
