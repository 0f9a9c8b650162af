package export

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/awaittrace/awaittrace/internal/report"
)

// A traceEvent is an event of the Trace Event Format, which chrome://tracing and Perfetto open. Times are microseconds.
type traceEvent struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Time  float64        `json:"ts"`
	Dur   *float64       `json:"dur,omitempty"`
	Pid   int            `json:"pid"`
	Tid   int64          `json:"tid"`
	Scope string         `json:"s,omitempty"`
	Cat   string         `json:"cat,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

// Trace writes the waits and histories of all goroutines as a Chrome trace. A goroutine becomes a thread, a wait that
// goes on becomes a slice up to the moment of the report, and a probe that was passed an instant. Time 0 is the oldest
// moment in the document.
func Trace(w io.Writer, doc *report.Document, opt Options) error {
	out := bufio.NewWriter(w)
	io.WriteString(out, `{"displayTimeUnit":"ms","traceEvents":[`)
	t := &tracer{out: out, doc: doc, end: oldest(doc)}
	t.add(traceEvent{Name: "process_name", Phase: "M", Pid: doc.Process.Pid,
		Args: map[string]any{"name": program(doc)}})
	for i := range doc.Goroutines {
		t.goroutine(&doc.Goroutines[i])
	}
	io.WriteString(out, "\n]}\n")
	if t.err != nil {
		return t.err
	}
	return out.Flush()
}

// oldest returns how long before the report the oldest moment in doc is, in nanoseconds.
func oldest(doc *report.Document) int64 {
	var most int64
	for i := range doc.Goroutines {
		g := &doc.Goroutines[i]
		if g.SinceNS != nil {
			most = max(most, *g.SinceNS)
		}
		for _, s := range g.History {
			most = max(most, s.AgoNS)
		}
	}
	return most
}

type tracer struct {
	out   *bufio.Writer
	doc   *report.Document
	end   int64 // the moment of the report
	count int
	err   error
}

func (t *tracer) add(e traceEvent) {
	b, err := json.Marshal(e)
	if err != nil && t.err == nil {
		t.err = err
	}
	if t.count++; t.count > 1 {
		t.out.WriteByte(',')
	}
	t.out.WriteByte('\n')
	t.out.Write(b)
}

// at converts a moment so many nanoseconds before the report.
func (t *tracer) at(ago int64) float64 { return float64(t.end-ago) / 1e3 }

func (t *tracer) goroutine(g *report.Goroutine) {
	pid := t.doc.Process.Pid
	name := fmt.Sprintf("goroutine %d", g.ID)
	if g.Verdict != "ok" && g.Verdict != "idle" {
		name += " (" + g.Verdict + ")"
	}
	t.add(traceEvent{Name: "thread_name", Phase: "M", Pid: pid, Tid: g.ID, Args: map[string]any{"name": name}})
	for i := len(g.History) - 1; i >= 0; i-- {
		s := &g.History[i]
		t.add(traceEvent{
			Name: s.Probe.Expr, Phase: "i", Scope: "t", Cat: s.Probe.Op, Time: t.at(s.AgoNS), Pid: pid, Tid: g.ID,
			Args: siteArgs(&s.Probe),
		})
	}
	if g.Phase == "waiting" && g.Probe != nil && g.SinceNS != nil {
		dur := float64(*g.SinceNS) / 1e3
		args := siteArgs(g.Probe)
		args["verdict"] = g.Verdict
		if g.WaitsOn != nil {
			args["waits_on"] = objectName(g.WaitsOn)
		}
		t.add(traceEvent{
			Name: g.Probe.Expr, Phase: "X", Cat: g.Probe.Op, Time: t.at(*g.SinceNS), Dur: &dur, Pid: pid, Tid: g.ID,
			Args: args,
		})
	}
}

func siteArgs(p *report.Probe) map[string]any {
	return map[string]any{"func": p.Func, "at": fmt.Sprintf("%s:%d", p.File, p.Line)}
}
