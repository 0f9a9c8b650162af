package dap

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/watch"
)

// A filter is one of our exception filters: the program stops when a finding that it matches appears.
type filter struct {
	id, label, description string
	match                  func(*diagnose.Finding) bool
}

// filters lists our filters, the narrowest first.
func filters() []filter {
	return []filter{
		{"awaittrace-deadlock", "Deadlock", "Stop when goroutines wait for each other in a circle",
			func(f *diagnose.Finding) bool { return f.Kind == diagnose.KindDeadlock }},
		{"awaittrace-stuck", "Stuck goroutine", "Stop when a goroutine is stuck, for whatever reason",
			func(*diagnose.Finding) bool { return true }},
	}
}

// filterOf returns the narrowest filter that matches f.
func filterOf(f *diagnose.Finding) filter {
	all := filters()
	return all[slices.IndexFunc(all, func(l filter) bool { return l.match(f) })]
}

// addFilters adds our filters to Delve's capabilities.
func addFilters(p *Proxy, _, resp *message) {
	var body map[string]json.RawMessage
	var list []json.RawMessage
	if !resp.Success || json.Unmarshal(resp.Body, &body) != nil {
		return
	}
	if raw, ok := body["exceptionBreakpointFilters"]; ok && json.Unmarshal(raw, &list) != nil {
		return
	}
	var on []string
	for _, raw := range list {
		var f struct {
			Filter  string
			Default bool
		}
		if json.Unmarshal(raw, &f) == nil && f.Default {
			on = append(on, f.Filter)
		}
	}
	p.watcher.set(nil, on, false)
	for _, f := range filters() {
		raw, err := encode(map[string]any{"filter": f.id, "label": f.label, "description": f.description,
			"default": false})
		if err != nil {
			return
		}
		list = append(list, raw)
	}
	var err error
	if body["exceptionBreakpointFilters"], err = encode(list); err == nil {
		err = resp.set("body", body)
	}
	if err != nil {
		p.say(err.Error())
	}
}

// hasFilters reports whether an adapter's capabilities have our filters.
func hasFilters(capabilities json.RawMessage) bool {
	var body struct{ ExceptionBreakpointFilters []struct{ Filter string } }
	if json.Unmarshal(capabilities, &body) != nil {
		return false
	}
	return slices.ContainsFunc(body.ExceptionBreakpointFilters,
		func(f struct{ Filter string }) bool { return ours(f.Filter) })
}

// ours reports whether a filter is ours.
func ours(id string) bool {
	return slices.ContainsFunc(filters(), func(f filter) bool { return f.id == id })
}

// takeFilters handles the request that sets filters. Delve sees its own. It cannot change them while the program runs,
// so a request that changes only ours is answered here.
func takeFilters(p *Proxy, m *message) bool {
	var args map[string]json.RawMessage
	var list []string
	if json.Unmarshal(m.Arguments, &args) != nil || json.Unmarshal(args["filters"], &list) != nil {
		return true
	}
	on := make(map[string]bool)
	rest := slices.DeleteFunc(slices.Clone(list), func(id string) bool {
		on[id] = ours(id)
		return on[id]
	})
	running := p.program.runs()
	same := p.watcher.set(on, rest, running)
	if len(rest) != len(list) {
		var err error
		if args["filters"], err = encode(append([]string{}, rest...)); err == nil {
			err = m.set("arguments", args)
		}
		if err != nil {
			p.say(err.Error())
		}
	}
	if !running {
		return true
	}
	p.watch()
	if same {
		p.respond(m, map[string]any{})
	}
	return !same
}

// A watcher stops the program for the findings that filters match.
type watcher struct {
	mu     sync.Mutex
	on     map[string]bool
	theirs []string // Delve's filters that are on, sorted
	told   string   // the line of the last stop
	// findings remembers which findings of this program the client has seen. Once looks is set it looks for more, until
	// over is closed. Nil means that nothing is known yet.
	findings *watch.Watcher
	over     chan struct{}
	looks    bool
	asked    chan *stop // gets the stop that the watcher has asked for; nil: it has asked for none
}

// set sets our filters and Delve's, and reports whether Delve's stay the same.
func (w *watcher) set(on map[string]bool, theirs []string, running bool) (same bool) {
	theirs = slices.Sorted(slices.Values(theirs))
	w.mu.Lock()
	defer w.mu.Unlock()
	same = slices.Equal(w.theirs, theirs)
	w.on = on
	if !running {
		w.theirs = theirs
	}
	return same
}

// wants reports whether a filter that is on matches f.
func (w *watcher) wants(f *diagnose.Finding) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(filters(), func(l filter) bool { return w.on[l.id] && l.match(f) })
}

// any reports whether a filter is on.
func (w *watcher) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(slices.Collect(maps.Values(w.on)), true)
}

// stop ends the watching, and forgets what the client was told: the next program is another one.
func (w *watcher) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.findings != nil {
		close(w.over)
	}
	if w.asked != nil {
		w.asked <- nil
	}
	w.findings, w.over, w.looks, w.asked, w.told = nil, nil, false, nil, ""
}

// request returns a channel for the stop that the watcher asks for next, unless over is closed.
func (w *watcher) request(over <-chan struct{}) (<-chan *stop, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-over:
		return nil, errOver
	default:
	}
	w.asked = make(chan *stop, 1)
	return w.asked, nil
}

// take returns the channel of request, once, or nil.
func (w *watcher) take() chan<- *stop {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := w.asked
	w.asked = nil
	return asked
}

// note remembers all findings of a stop. It returns the line that tells the client of them, and whether to show it.
func (p *Proxy) note(r *diagnose.Report, quiet bool) (line string, show bool) {
	w := &p.watcher
	w.mu.Lock()
	defer w.mu.Unlock()
	p.known()
	for i := range r.Findings {
		w.findings.Know(r.Symptoms(&r.Findings[i]))
	}
	line = summary(r)
	show = line != "" && !(quiet && line == w.told)
	w.told = line
	return line, show
}

// known makes watcher.findings, unless there are any. The caller holds watcher.mu.
func (p *Proxy) known() {
	if w := &p.watcher; w.findings == nil {
		w.over = make(chan struct{})
		w.findings = watch.New(0, watch.Options{
			After: cmp.Or(p.opt.Diagnosis.After, diagnose.DefaultAfter), Log: io.Discard, Examine: p.examiner(w.over),
			Runs: func() bool { return p.program.runs() && p.watcher.any() },
		})
	}
}

// watch starts looking at the program, if a filter is on.
func (p *Proxy) watch() {
	w := &p.watcher
	if !w.any() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.known(); !w.looks {
		w.looks = true
		go w.findings.Watch(w.over)
	}
}

// examiner returns the function that looks at the program: at its record while it runs, and, if that shows a finding,
// at the program itself, which Delve stops for that. If the states of goroutines confirm the finding, the client gets
// an exception; else the program goes on, and the client does not notice. Once over is closed, no program is stopped.
func (p *Proxy) examiner(over <-chan struct{}) func(*record.Record, watch.Question) (*watch.Answer, error) {
	var last *diagnose.Report // by the record alone
	return func(_ *record.Record, q watch.Question) (*watch.Answer, error) {
		if !q.Stacks {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			r, err := p.program.look(ctx, nil, p.opt.Diagnosis)
			if err != nil {
				return nil, err // it has reached no probe yet, or is about to end
			}
			last = r
			return p.matching(r, nil), nil
		}
		s, err := p.pause(over)
		if err != nil {
			return nil, err
		}
		r, err := s.report()
		if err != nil {
			r = last
		}
		return p.matching(r, s), nil
	}
}

// matching returns the findings of r that filters match, at the stop s that the watcher asked for, or nil. Waits that
// were long when the program was resumed do not count, because it stood still. A certain finding needs no minimum time.
func (p *Proxy) matching(r *diagnose.Report, s *stop) *watch.Answer {
	a := &watch.Answer{NoStates: !r.Snapshot.HasStates}
	long := p.program.ranFor(s) > r.Options.After
	var found []*diagnose.Finding
	for i := range r.Findings {
		f := &r.Findings[i]
		if !r.Doubtful(f) && (long || f.Certainty == diagnose.Certain) && p.watcher.wants(f) {
			found = append(found, f)
			a.Findings = append(a.Findings, r.Symptoms(f))
		}
	}
	a.Write = func(io.Writer) error {
		p.except(s, r, found[a.First])
		return nil
	}
	if s != nil {
		a.Resume = func() time.Duration {
			p.goOn(s)
			return time.Since(s.at)
		}
	}
	return a
}

// errStopped is the error for a program that has stopped by itself before the watcher could stop it.
var errStopped = errors.New("the program has stopped by itself")

// pause stops the program for the watcher, unless over is closed.
func (p *Proxy) pause(over <-chan struct{}) (*stop, error) {
	stopped, err := p.watcher.request(over)
	if err != nil {
		return nil, err
	}
	err = errStopped
	if p.program.runs() {
		_, err = p.ask("pause", map[string]any{"threadId": 0})
	}
	if err != nil {
		p.watcher.take()
		return nil, err
	}
	select {
	case s := <-stopped:
		if s == nil {
			return nil, errStopped
		}
		return s, nil
	case <-p.done:
		return nil, errOver
	}
}
