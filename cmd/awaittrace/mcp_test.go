//go:build !lite

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/awaittrace/awaittrace/internal/report"
)

// A fakeSource is a source with one program, which has a deadlock and many leaks.
type fakeSource struct{}

func (fakeSource) programs(context.Context) ([]Program, error) {
	return []Program{{Pid: 7, State: "live", Exe: "/bin/app", Goroutines: 33, Stuck: 32}}, nil
}

func (fakeSource) report(_ context.Context, program string, after time.Duration) (*report.Document, error) {
	if program != "" && program != "7" {
		return nil, errors.New("there is no process " + program)
	}
	mu := report.Object{Kind: "mutex", Addr: "0x10", Expr: "s.mu",
		Holders: []report.Holder{{Goroutine: 2, File: "main.go", Line: 8}}}
	ch := report.Object{Kind: "chan", Addr: "0x20", Expr: "ch",
		LastSend: &report.Fact{Goroutine: 1, File: "main.go", Line: 5, Exited: true}}
	doc := &report.Document{
		Process: report.Process{Pid: 7, State: "live"},
		Findings: []report.Finding{{Kind: "deadlock", Certainty: "certain",
			Title: "goroutines 1 and 2 wait for each other", Goroutines: []int64{1, 2}}},
		Goroutines: []report.Goroutine{
			{ID: 1, Verdict: "deadlock", Probe: &report.Probe{File: "main.go", Line: 12}, WaitsOn: &mu},
			{ID: 2, Verdict: "deadlock", Probe: &report.Probe{File: "main.go", Line: 9},
				WaitsOn: &report.Object{Kind: "chan", Cases: []report.Case{{Object: ch, Dir: "recv"}}},
				Holds:   []report.Hold{{Lock: mu}}},
		},
	}
	for i := range int64(30) {
		doc.Findings = append(doc.Findings,
			report.Finding{Kind: "leak", Certainty: "likely", Title: fmt.Sprint("leak ", i),
				Goroutines: []int64{100 + i}})
	}
	doc.Findings = append(doc.Findings, report.Finding{Kind: "stuck", Certainty: "possible", Title: "perhaps"})
	return doc, nil
}

// callTool calls a tool through the SDK's client, and returns its answer as JSON, or the text of its error.
func callTool(t *testing.T, name string, args map[string]any) (map[string]any, string) {
	t.Helper()
	ctx := t.Context()
	client, server := mcp.NewInMemoryTransports()
	if _, err := (&agentTools{source: fakeSource{}}).server("v1").Connect(ctx, server, nil); err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(ctx, client, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	res, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		return nil, err.Error()
	}
	text := res.Content[0].(*mcp.TextContent).Text
	if res.IsError {
		return nil, text
	}
	out := make(map[string]any)
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v: %s", name, err, text)
	}
	return out, ""
}

func TestAgentTools(t *testing.T) {
	for _, test := range []struct {
		tool  string
		args  map[string]any
		wants []string // in the JSON, or the error
	}{
		{"ps", nil, []string{`"pid":7`, `"stuck":32`, `"total":1`}},
		{"report", nil, []string{`"total":31`, `"next_offset":20`, `"possible_findings":1`, `"line":12`,
			`"certainty":"certain"`}},
		{"report", map[string]any{"offset": 20}, []string{`"leak 19"`, `"leak 29"`}},
		{"report", map[string]any{"possible": true, "offset": 31}, []string{`"perhaps"`}},
		{"report", map[string]any{"offset": 99}, []string{"invalid offset 99: the list has 31 elements"}},
		{"report", map[string]any{"program": "8"}, []string{"there is no process 8"}},
		{"report", map[string]any{"after": "soon"}, []string{`invalid after "soon": must be a positive duration`}},
		{"goroutine", map[string]any{"id": 1}, []string{`"expr":"s.mu"`, "deadlock: goroutines 1 and 2"}},
		{"goroutine", map[string]any{"id": 3}, []string{"no goroutine 3"}},
		{"holders", map[string]any{"object": "s.mu"}, []string{`"waiters":[1]`, `"goroutine":2`}},
		{"holders", map[string]any{"object": "0x20"}, []string{`"waiters":[2]`}},
		{"holders", map[string]any{"object": "nothing"}, []string{"name it as a report does"}},
		{"graph", nil, []string{
			"goroutine 1 waits for mutex s.mu at main.go:12", "mutex s.mu is held by goroutine 2, taken at main.go:8",
			"chan ch was last sent on by goroutine 1 at main.go:5, which has exited",
		}},
		{"run", map[string]any{"dir": ".", "package": ""}, []string{"run needs a package"}},
		{"run", map[string]any{"dir": ".", "package": ".", "timeout": "2h"}, []string{"at most 30m0s"}},
	} {
		out, problem := callTool(t, test.tool, test.args)
		text := problem
		if problem == "" {
			b, err := json.Marshal(out)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		for _, want := range test.wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s %v lacks %s:\n%s", test.tool, test.args, want, text)
			}
		}
	}
}

func TestOutputTail(t *testing.T) {
	var out tail
	out.Write([]byte("first"))
	out.Write([]byte(strings.Repeat("x", outputBytes)))
	if s := out.String(); !strings.HasPrefix(s, "…x") || len(s) != outputBytes+len("…") {
		t.Errorf("the tail has %d bytes and begins with %q", len(s), s[:8])
	}
}
