//go:build !lite

package main

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/awaittrace/awaittrace/internal/report"
)

// A Program is a program that ps lists.
type Program struct {
	Pid        int    `json:"pid"`
	State      string `json:"state" jsonschema:"live, stopped, exited or killed"`
	Exe        string `json:"exe,omitempty"`
	Goroutines int    `json:"goroutines"`
	Stuck      int    `json:"stuck" jsonschema:"goroutines that are stuck, as far as the record tells"`
}

// A source knows the programs of this machine.
type source interface {
	// programs lists the programs with a record, live and dead.
	programs(ctx context.Context) ([]Program, error)
	// report diagnoses a program: by pid, or by the file of a record or a JSON report; empty means the one that runs.
	// An after of zero means the default.
	report(ctx context.Context, program string, after time.Duration) (*report.Document, error)
}

// The agentTools are verbs as tools for coding agents, over the Model Context Protocol (modelcontextprotocol.io). Each
// answers with structured content: findings with their certainty and file:line, goroutines, who holds what. Answers are
// bounded: a list has a page, its total length, and the offset of the next page.
type agentTools struct {
	source  source
	command string // the awaittrace executable, by which run and test build and start programs
}

// server returns the server of the tools.
func (h *agentTools) server(version string) *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "awaittrace", Title: "awaittrace", Version: version},
		&mcp.ServerOptions{
			Instructions: "Tells which goroutines of a Go program are stuck, on what, since when, and who holds what " +
				"they wait for. " +
				"Start with run (it builds a package with probes, runs it until something is stuck, and returns the " +
				"findings), test, or report on a pid from ps.",
		})
	readOnly := &mcp.ToolAnnotations{ReadOnlyHint: true}
	mcp.AddTool(s, &mcp.Tool{Name: "ps", Annotations: readOnly,
		Description: "List the Go programs with awaittrace probes, live and dead, with how many of their goroutines " +
			"are stuck."}, h.ps)
	mcp.AddTool(s, &mcp.Tool{Name: "report", Annotations: readOnly,
		Description: "Say what is stuck in a program, worst first: the kind of each finding, how certain it is, why " +
			"step by step with file:line, and how to mend it. " +
			"A program that runs is stopped for a moment."}, h.report)
	mcp.AddTool(s, &mcp.Tool{Name: "goroutine", Annotations: readOnly,
		Description: "All that is known of one goroutine: its last probe, what it waits on, the locks it holds, its " +
			"history and stack, who could end its wait."}, h.goroutine)
	mcp.AddTool(s, &mcp.Tool{Name: "holders", Annotations: readOnly,
		Description: "Who holds, waits for and last used a lock or channel, which is named as a report names it " +
			"(s.mu) or by its address."}, h.holders)
	mcp.AddTool(s, &mcp.Tool{Name: "graph", Annotations: readOnly,
		Description: "The wait-for graph of the findings: which goroutine waits for which object, and who holds it."},
		h.graph)
	mcp.AddTool(s, &mcp.Tool{Name: "run",
		Description: "Build a main package with probes, run it until something is stuck, it ends, or the time is " +
			"over, and return the findings. The program is ended afterwards."}, h.run)
	mcp.AddTool(s, &mcp.Tool{Name: "test",
		Description: "Run go test with probes: a test that leaves goroutines stuck fails, and its output says which " +
			"and why."}, h.test)
	return s
}
