package dap

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

const (
	// delveThreads is the most goroutines that Delve lists.
	delveThreads = 1024
	// maxThreads bounds the goroutines that we list: editors show them all.
	maxThreads = 10_000
)

// A thread of the protocol is a goroutine.
type thread struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// nameThreads adds to the names of threads what their goroutines do, moves stuck ones to the front, and adds those that
// Delve leaves out.
//
//	[Go 7] debug.recvBlock[int]
//	[Go 7] main.worker · stuck 12s: <-jobs · path=/transfer
func nameThreads(p *Proxy, _, resp *message) {
	s := p.program.stopped()
	var body struct {
		Threads []thread `json:"threads"`
	}
	if s == nil || !resp.Success || json.Unmarshal(resp.Body, &body) != nil {
		return
	}
	if len(body.Threads) == 1 && !strings.Contains(body.Threads[0].Name, "[Go ") {
		return // a placeholder before there are any
	}
	r := p.reportSoon(s, "threads")
	if r == nil {
		return
	}
	list := p.addThreads(body.Threads, r)
	for n := range list {
		if i, ok := r.Find(list[n].ID); ok && list[n].ID != 0 {
			list[n].Name = report.SafeLine(threadName(list[n].Name, r, i) + labelled(&r.Snapshot.Goroutines[i]))
		}
	}
	worstFirst(list, r)
	if left := len(list) - maxThreads; left > 0 {
		list = list[:maxThreads]
		p.say(fmt.Sprintf("%d goroutines are not listed; awaittrace stuck and awaittrace probes show all", left))
	}
	if err := resp.set("body", struct {
		Threads []thread `json:"threads"`
	}{list}); err != nil {
		p.say(err.Error())
	}
}

// worstFirst sorts threads as the report sorts its findings; those that are not stuck follow in their former order.
func worstFirst(list []thread, r *diagnose.Report) {
	rank := make(map[int64]int)
	for n := len(r.Findings) - 1; n >= 0; n-- {
		for _, id := range r.Findings[n].Goroutines {
			if i, ok := r.Find(id); ok && r.Verdicts[i].Bad() {
				rank[id] = n - len(r.Findings)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b thread) int { return cmp.Compare(rank[a.ID], rank[b.ID]) })
}

// reportSoon returns the report of a stop if it is ready soon, or nil if there is nothing to add. If it comes later,
// the client is then told to ask again for an area of its display.
func (p *Proxy) reportSoon(s *stop, area string) *diagnose.Report {
	r, done := s.soon()
	if !done && p.renews.Load() {
		go func() {
			<-s.done
			if r, _ := s.soon(); r != nil && p.program.stopped() == s {
				p.send(&event{Type: "event", Event: "invalidated", Body: map[string]any{"areas": []string{area}}})
			}
		}()
	}
	return r
}

// addThreads adds the goroutines beyond the first ones, which Delve lists. With filters of the client, which only Delve
// can apply, it adds none.
func (p *Proxy) addThreads(list []thread, r *diagnose.Report) []thread {
	have := make(map[int64]bool, len(list))
	for _, t := range list {
		have[t.ID] = true
	}
	var more []thread
	all := 0
	for i := range r.Snapshot.Goroutines {
		g := &r.Snapshot.Goroutines[i]
		if g.State == "exited" {
			continue
		}
		if all++; !have[g.ID] {
			more = append(more, thread{g.ID, fmt.Sprintf("[Go %d] %s", g.ID, where(g))})
		}
	}
	switch {
	case len(more) == 0 || len(list) < delveThreads && all < delveThreads:
		return list
	case p.filtered():
		p.say(fmt.Sprintf("of %d goroutines only the first %d were filtered for this list; awaittrace stuck and "+
			"awaittrace probes show all", all, delveThreads))
		return list
	}
	return append(list, more...)
}

// filtered reports whether the client's goroutineFilters leave out more than the runtime's own goroutines, which we
// never list. Delve answers with the name of the setting, a tab, and its value in quotes.
func (p *Proxy) filtered() bool {
	m, err := p.ask("evaluate", map[string]any{"expression": "dlv config -list goroutineFilters", "context": "repl"})
	if err != nil {
		return false
	}
	var body struct{ Result string }
	if json.Unmarshal(m.Body, &body) != nil {
		return false
	}
	_, value, _ := strings.Cut(body.Result, "\t")
	filters, err := strconv.Unquote(strings.TrimSpace(value))
	return err == nil && filters != "" && filters != "-with user"
}

// where returns the function of goroutine g.
func where(g *snapshot.Goroutine) string {
	switch {
	case len(g.Stack) > 0:
		return path.Base(g.Stack[0].Func)
	case g.Last != nil:
		return path.Base(g.Last.Func)
	}
	return ""
}

// labelled returns the profiler labels of a goroutine for the name of its thread.
func labelled(g *snapshot.Goroutine) string {
	if len(g.Labels) == 0 {
		return ""
	}
	return " · " + report.LabelText(g.Labels)
}

// threadName adds to a thread's name what goroutine i does. For one that waits, Delve names a function of the standard
// library or the collector; threadName names the user's.
func threadName(name string, r *diagnose.Report, i int) string {
	g := &r.Snapshot.Goroutines[i]
	if g.Last == nil {
		return name
	}
	if head, rest, ok := strings.Cut(name, "] "); ok && len(g.Waits) > 0 {
		tail := ""
		if at := strings.Index(rest, " (Thread "); at >= 0 {
			tail = rest[at:]
		}
		name = head + "] " + path.Base(g.Waits[0].Probe.Func) + tail
	}
	probe, since, waits := g.Last, g.LastAt, len(g.Waits) > 0
	if waits {
		probe, since = g.Waits[0].Probe, g.Waits[0].Since
	}
	switch v := r.Verdicts[i]; {
	case v.Bad():
		return fmt.Sprintf("%s · %s %s: %s", name, v, r.Ago(since), probe.Expr)
	case waits:
		return fmt.Sprintf("%s · waits %s: %s", name, r.Ago(since), probe.Expr)
	}
	return fmt.Sprintf("%s · %s ago: %s", name, r.Ago(since), probe.Expr)
}
