//go:build !lite

package main

import (
	"cmp"
	"context"
	"flag"
	"os"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
)

func mcpVerb() *cli.Command {
	return &cli.Command{
		Name:     "mcp",
		Category: verbsDebug,
		Usage:    "serve coding agents: a Model Context Protocol server on standard input and output",
		Description: `Mcp serves coding agents over the Model Context Protocol, on standard input and output. The tools are ps, report, goroutine, holders, graph, run and test. An agent starts the server itself; the line for its configuration is in docs/agents.md:

	{"mcpServers": {"awaittrace": {"command": "awaittrace", "args": ["mcp"]}}}`,
		Action: serveAgents,
	}
}

func serveAgents(c *cli.Context) error {
	if err := checkArgs(c, 0); err != nil {
		return err
	}
	command, err := os.Executable()
	if err != nil {
		return err
	}
	tools := &agentTools{source: machine{c}, command: command}
	err = tools.server(moduleVersion()).Run(c.Context, &mcp.StdioTransport{})
	if c.Context.Err() != nil {
		return nil
	}
	return err
}

// A machine is the source of the programs that this command sees.
type machine struct{ c *cli.Context }

func (p machine) programs(context.Context) ([]Program, error) {
	after, err := askedAfter(p.c)
	if err != nil {
		return nil, err
	}
	list, err := record.List(record.Dir())
	if err != nil {
		return nil, err
	}
	var all []Program
	for _, e := range list {
		rec, err := record.OpenEntry(e)
		if err != nil {
			continue
		}
		if snap, err := rec.Snapshot(); err == nil {
			r := diagnose.Analyze(snap, diagnose.Options{After: cmp.Or(after, rec.After())})
			all = append(all, Program{
				Pid: e.Pid, State: snap.Process.State, Exe: snap.Process.Exe, Goroutines: len(snap.Goroutines),
				Stuck: r.Bad(),
			})
		}
		rec.Close()
	}
	return all, nil
}

// report diagnoses a program as the verb report does.
func (p machine) report(ctx context.Context, name string, after time.Duration) (*report.Document, error) {
	set := flag.NewFlagSet("report", flag.ContinueOnError)
	set.Duration("after", 0, "")
	if after > 0 {
		if err := set.Set("after", after.String()); err != nil {
			return nil, err
		}
	}
	c := cli.NewContext(p.c.App, set, nil)
	c.Context, c.Command = ctx, reportVerb()
	return document(c, name, "text")
}
