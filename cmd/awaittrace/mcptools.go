//go:build !lite

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/awaittrace/awaittrace/internal/report"
)

// pageSize is the number of list elements in an answer.
const pageSize = 20

// A Page says which part of a list an answer has.
type Page struct {
	Total int `json:"total"`
	// Next is the offset of the next page; absent at the end.
	Next int `json:"next_offset,omitempty" jsonschema:"the offset to ask for next; absent at the end of the list"`
}

// paged returns the part of list that begins at offset.
func paged[T any](list []T, offset int) ([]T, Page, error) {
	if offset < 0 || offset > len(list) {
		return nil, Page{}, fmt.Errorf("invalid offset %d: the list has %d elements", offset, len(list))
	}
	p := Page{Total: len(list)}
	end := min(offset+pageSize, len(list))
	if end < len(list) {
		p.Next = end
	}
	return list[offset:end], p, nil
}

// NoInput is the input of a tool without arguments.
type NoInput struct {
	Offset int `json:"offset,omitempty" jsonschema:"where in the list to begin"`
}

// PsOutput is the output of ps.
type PsOutput struct {
	Programs []Program `json:"programs"`
	Page
}

func (h *agentTools) ps(ctx context.Context, _ *mcp.CallToolRequest, in NoInput) (*mcp.CallToolResult, *PsOutput,
	error) {
	list, err := h.source.programs(ctx)
	if err != nil {
		return nil, nil, err
	}
	part, page, err := paged(list, in.Offset)
	return nil, &PsOutput{append([]Program{}, part...), page}, err
}

// Target names a program.
type Target struct {
	Program string `json:"program,omitempty" jsonschema:"a pid, the file of a record, or a report that was saved as JSON; without it the program with probes that runs"`
	After   string `json:"after,omitempty" jsonschema:"how long a wait is before it is called stuck, such as 10s"`
}

// document diagnoses the program that t names.
func (h *agentTools) document(ctx context.Context, t Target) (*report.Document, error) {
	after, err := duration("after", t.After)
	if err != nil {
		return nil, err
	}
	return h.source.report(ctx, t.Program, after)
}

// duration parses the argument of that name; empty is zero.
func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("invalid %s %q: must be a positive duration, such as 10s", name, text)
	}
	return d, nil
}

// ReportInput is the input of report.
type ReportInput struct {
	Target
	Offset   int  `json:"offset,omitempty" jsonschema:"where in the list of findings to begin"`
	Possible bool `json:"possible,omitempty" jsonschema:"also return findings that are only possible"`
}

// ReportOutput is the output of report and run.
type ReportOutput struct {
	Process  report.Process `json:"process"`
	Counts   report.Counts  `json:"counts"`
	Note     string         `json:"note,omitempty"`
	Findings []Finding      `json:"findings"`
	Page
	// Possible counts the findings that are only possible, if they were not asked for.
	Possible int `json:"possible_findings,omitempty"`
}

// A Finding is one cause, with the first few of its goroutines.
type Finding struct {
	report.Finding
	Goroutines []int64 `json:"goroutines"`
	Count      int     `json:"count" jsonschema:"how many goroutines it has"`
	File       string  `json:"file,omitempty"`
	Line       int     `json:"line,omitempty"`
}

func (h *agentTools) report(ctx context.Context, _ *mcp.CallToolRequest, in ReportInput) (*mcp.CallToolResult,
	*ReportOutput, error) {
	doc, err := h.document(ctx, in.Target)
	if err != nil {
		return nil, nil, err
	}
	out, err := findings(doc, in.Offset, in.Possible)
	return nil, out, err
}

// findings returns those of doc that begin at offset.
func findings(doc *report.Document, offset int, possible bool) (*ReportOutput, error) {
	out := &ReportOutput{Process: doc.Process, Counts: doc.Counts, Note: doc.Note}
	var all []Finding
	for _, f := range doc.Findings {
		if f.Certainty == "possible" && !possible {
			out.Possible++
			continue
		}
		const shown = 10
		j := Finding{Finding: f, Goroutines: f.Goroutines[:min(shown, len(f.Goroutines))], Count: len(f.Goroutines)}
		if g := f.Lead(func(id int64) *report.Goroutine { return goroutineOf(doc, id) }); g != nil && g.Probe != nil {
			j.File, j.Line = g.Probe.File, g.Probe.Line
		}
		all = append(all, j)
	}
	part, page, err := paged(all, offset)
	out.Findings, out.Page = append([]Finding{}, part...), page
	return out, err
}

func goroutineOf(doc *report.Document, id int64) *report.Goroutine {
	i, ok := slices.BinarySearchFunc(doc.Goroutines, id,
		func(g report.Goroutine, id int64) int { return cmp.Compare(g.ID, id) })
	if !ok {
		return nil
	}
	return &doc.Goroutines[i]
}

// GoroutineInput is the input of goroutine.
type GoroutineInput struct {
	Target
	ID int64 `json:"id" jsonschema:"the id of the goroutine"`
}

// GoroutineOutput is the output of goroutine. It has no schema: an Object has Objects as its cases, which the SDK's
// schemas cannot express.
type GoroutineOutput struct {
	Goroutine *report.Goroutine `json:"goroutine"`
	// Findings are the titles of the findings that it is part of.
	Findings []string `json:"findings,omitempty"`
}

func (h *agentTools) goroutine(ctx context.Context, _ *mcp.CallToolRequest, in GoroutineInput) (*mcp.CallToolResult,
	any, error) {
	doc, err := h.document(ctx, in.Target)
	if err != nil {
		return nil, nil, err
	}
	g := goroutineOf(doc, in.ID)
	if g == nil {
		return nil, nil, fmt.Errorf("no goroutine %d: it has exited, or never existed", in.ID)
	}
	out := &GoroutineOutput{Goroutine: g}
	for _, f := range doc.Findings {
		if slices.Contains(f.Goroutines, in.ID) {
			out.Findings = append(out.Findings, f.Kind+": "+f.Title)
		}
	}
	return nil, out, nil
}

// HoldersInput is the input of holders.
type HoldersInput struct {
	Target
	Object string `json:"object" jsonschema:"a lock or channel as a report names it, such as s.mu, or its address, such as 0xc000012345"`
}

// HoldersOutput is the output of holders, without a schema, as GoroutineOutput.
type HoldersOutput struct {
	Objects []Object `json:"objects"`
}

// An Object is a lock or channel with who waits for it.
type Object struct {
	report.Object
	Waiters     []int64 `json:"waiters" jsonschema:"goroutines that wait for it"`
	MoreWaiters int     `json:"more_waiters,omitempty"`
}

func (h *agentTools) holders(ctx context.Context, _ *mcp.CallToolRequest, in HoldersInput) (*mcp.CallToolResult, any,
	error) {
	doc, err := h.document(ctx, in.Target)
	if err != nil {
		return nil, nil, err
	}
	out := &HoldersOutput{Objects: objects(doc, in.Object)}
	if len(out.Objects) == 0 {
		return nil, nil, fmt.Errorf("nobody waits for or holds %q: name it as a report does, or by its address",
			in.Object)
	}
	return nil, out, nil
}

// objects returns the objects of that name or address that goroutines wait for or hold, at most pageSize.
func objects(doc *report.Document, name string) []Object {
	var list []*Object
	at := make(map[string]*Object)
	note := func(o *report.Object, waiter int64) {
		if o == nil || o.Addr != name && o.Expr != name && o.Kind+" "+o.Expr != name {
			return
		}
		key := cmp.Or(o.Addr, o.Expr)
		if at[key] == nil {
			at[key] = &Object{Object: *o, Waiters: []int64{}}
			list = append(list, at[key])
		}
		const shown = 50
		switch j := at[key]; {
		case waiter == 0:
		case len(j.Waiters) < shown:
			j.Waiters = append(j.Waiters, waiter)
		default:
			j.MoreWaiters++
		}
	}
	for i := range doc.Goroutines {
		g := &doc.Goroutines[i]
		if w := g.WaitsOn; w != nil {
			note(w, g.ID)
			for c := range w.Cases {
				note(&w.Cases[c].Object, g.ID)
			}
		}
		for j := range g.Holds {
			note(&g.Holds[j].Lock, 0)
		}
	}
	var out []Object
	for _, o := range list[:min(pageSize, len(list))] {
		out = append(out, *o)
	}
	return out
}

// GraphOutput is the output of graph.
type GraphOutput struct {
	// Edges are lines such as "goroutine 7 waits for mutex s.mu at main.go:12" and "mutex s.mu is held by goroutine
	// 9, taken at main.go:8".
	Edges []string `json:"edges"`
	Page
}

// GraphInput is the input of graph.
type GraphInput struct {
	Target
	Offset int `json:"offset,omitempty" jsonschema:"where in the list of edges to begin"`
}

func (h *agentTools) graph(ctx context.Context, _ *mcp.CallToolRequest, in GraphInput) (*mcp.CallToolResult,
	*GraphOutput, error) {
	doc, err := h.document(ctx, in.Target)
	if err != nil {
		return nil, nil, err
	}
	part, page, err := paged(edges(doc), in.Offset)
	return nil, &GraphOutput{append([]string{}, part...), page}, err
}

// edges returns the wait-for graph of the findings of doc, a line for each edge.
func edges(doc *report.Document) []string {
	var lines []string
	seen := make(map[string]bool)
	add := func(format string, args ...any) {
		if line := fmt.Sprintf(format, args...); !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	for _, f := range doc.Findings {
		for _, id := range append([]int64{f.Root}, f.Goroutines...) {
			g := goroutineOf(doc, id)
			if g == nil || g.WaitsOn == nil || g.Probe == nil {
				continue
			}
			targets := []*report.Object{g.WaitsOn}
			if n := len(g.WaitsOn.Cases); n > 0 {
				targets = nil
				for c := range n {
					targets = append(targets, &g.WaitsOn.Cases[c].Object)
				}
			}
			for _, o := range targets {
				name := strings.TrimSpace(o.Kind + " " + cmp.Or(o.Expr, o.Addr))
				add("goroutine %d waits for %s at %s:%d", id, name, g.Probe.File, g.Probe.Line)
				for _, w := range o.Holders {
					add("%s is held by goroutine %d, taken at %s:%d%s", name, w.Goroutine, w.File, w.Line,
						exited(w.Exited))
				}
				if s := o.LastSend; s != nil {
					add("%s was last sent on by goroutine %d at %s:%d%s", name, s.Goroutine, s.File, s.Line,
						exited(s.Exited))
				}
				if s := o.LastRecv; s != nil {
					add("%s was last received from by goroutine %d at %s:%d%s", name, s.Goroutine, s.File, s.Line,
						exited(s.Exited))
				}
			}
		}
	}
	return lines
}

func exited(yes bool) string {
	if yes {
		return ", which has exited"
	}
	return ""
}

var errNoPackage = errors.New("run needs a package: an import path or a folder, such as ./cmd/server")
