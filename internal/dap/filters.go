package dap

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// A filter is one of our exception filters: the program stops when a finding that it matches appears.
type filter struct {
	id, label, description string
	match                  func(*diagnose.Finding) bool
}

// filters lists our filters, the narrowest first.
func filters() []filter {
	return []filter{
		{"awaittrace-deadlock", "Deadlock", "Stop when goroutines wait for each other in a circle", func(f *diagnose.Finding) bool { return f.Kind == diagnose.KindDeadlock }},
		{"awaittrace-stuck", "Stuck goroutine", "Stop when a goroutine is stuck, for whatever reason", func(*diagnose.Finding) bool { return true }},
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
		raw, err := encode(map[string]any{"filter": f.id, "label": f.label, "description": f.description, "default": false})
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
	return slices.ContainsFunc(body.ExceptionBreakpointFilters, func(f struct{ Filter string }) bool { return ours(f.Filter) })
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
	running := p.program.stopped() == nil && p.program.started()
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

// A watcher looks at the program while it runs, through its record alone.
type watcher struct {
	mu     sync.Mutex
	on     map[string]bool
	theirs []string                  // Delve's filters that are on, sorted
	seen   map[diagnose.Symptom]bool // findings that the client knows
	told   string                    // the line of the last stop
	cancel context.CancelFunc
	found  *diagnose.Finding // what the program is being stopped for
	before map[int]*stop     // requests to run, and the stops that they ended
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

// request notes a request that ended a stop, and response its answer.
func (w *watcher) request(seq int, s *stop) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.before == nil {
		w.before = make(map[int]*stop)
	}
	w.before[seq] = s
}

func (w *watcher) response(seq int) *stop {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.before[seq]
	delete(w.before, seq)
	return s
}

// stop ends the watching.
func (w *watcher) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		w.cancel()
		w.cancel = nil
	}
}

// take returns the finding for which we stopped the program, if we did.
func (w *watcher) take() *diagnose.Finding {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.found
	w.found = nil
	return f
}

// note remembers all findings of a stop. It returns the line that tells the client of them, and whether to show it.
func (w *watcher) note(r *diagnose.Report, quiet bool) (line string, show bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range r.Findings {
		w.see(&r.Findings[i])
	}
	line = summary(r)
	show = line != "" && !(quiet && line == w.told)
	w.told = line
	return line, show
}

// see remembers a finding, and reports whether it is new. A finding stays the same while others join it.
func (w *watcher) see(f *diagnose.Finding) bool {
	if w.seen[f.Lead()] {
		return false
	}
	if w.seen == nil {
		w.seen = make(map[diagnose.Symptom]bool)
	}
	w.seen[f.Lead()] = true
	return true
}

// watch starts looking at the program, if a filter is on.
func (p *Proxy) watch() {
	w := &p.watcher
	w.mu.Lock()
	defer w.mu.Unlock()
	any := false
	for _, on := range w.on {
		any = any || on
	}
	if !any || w.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go p.watching(ctx)
}

const (
	minLook = 100 * time.Millisecond
	maxLook = time.Second
	// lookShare bounds the cost of looks: the watcher waits this many times as long as a look took.
	lookShare = 10
)

// watching looks at the program until ctx ends or there is a finding to stop it for.
func (p *Proxy) watching(ctx context.Context) {
	began := time.Now()
	opt := p.opt.Diagnosis
	interval := min(max(opt.After/10, minLook), maxLook)
	for wait := interval; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		start := time.Now()
		r, err := p.program.look(ctx, nil, opt)
		wait = max(interval, lookShare*time.Since(start))
		if err != nil {
			continue // it has reached no probe yet, or is about to end
		}
		f := p.watcher.news(r, time.Since(began) > opt.After)
		if f == nil || ctx.Err() != nil {
			continue
		}
		p.watcher.mu.Lock()
		p.watcher.found = f
		p.watcher.mu.Unlock()
		if _, err := p.ask("pause", map[string]any{"threadId": f.At()}); err != nil {
			p.watcher.take()
			continue
		}
		return
	}
}

// news returns a finding that a filter matches and that is new. Waits that were long when the program was resumed do
// not count, because it stood still. A certain finding needs no minimum time.
func (w *watcher) news(r *diagnose.Report, long bool) *diagnose.Finding {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range r.Findings {
		f := &r.Findings[i]
		if r.Doubtful(f) || !long && f.Certainty != diagnose.Certain {
			continue
		}
		wanted := slices.ContainsFunc(filters(), func(l filter) bool { return w.on[l.id] && l.match(f) })
		if wanted && w.see(f) {
			return f
		}
	}
	return nil
}
