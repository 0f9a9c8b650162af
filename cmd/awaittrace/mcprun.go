//go:build !lite

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/awaittrace/awaittrace/internal/report"
)

// Bounds of what run and test do.
const (
	defaultRun  = time.Minute
	defaultTest = 5 * time.Minute
	longest     = 30 * time.Minute
	outputBytes = 16 << 10 // the last bytes of a program's output, for an answer
)

// RunInput is the input of run.
type RunInput struct {
	Dir     string   `json:"dir" jsonschema:"the folder to run in, of the module"`
	Package string   `json:"package" jsonschema:"an import path or folder of a main package, such as ./cmd/server"`
	Args    []string `json:"args,omitempty" jsonschema:"the arguments of the program"`
	After   string   `json:"after,omitempty" jsonschema:"how long a wait is before it is called stuck, such as 5s; without it 10s"`
	Timeout string   `json:"timeout,omitempty" jsonschema:"how long the program may run, such as 30s; without it 1m"`
}

// RunOutput is the output of run.
type RunOutput struct {
	*ReportOutput
	// Ended means that the program ended by itself, with Status.
	Ended  bool   `json:"ended"`
	Status int    `json:"status,omitempty"`
	Output string `json:"output,omitempty" jsonschema:"the end of what the program and the build wrote"`
}

func (h *agentTools) run(ctx context.Context, _ *mcp.CallToolRequest, in RunInput) (*mcp.CallToolResult, *RunOutput,
	error) {
	if in.Package == "" {
		return nil, nil, errNoPackage
	}
	limit, err := timeout(in.Timeout, defaultRun)
	if err != nil {
		return nil, nil, err
	}
	if _, err := duration("after", in.After); err != nil {
		return nil, nil, err
	}
	records, err := os.MkdirTemp("", "awaittrace-agent") // mode 0700, as the collector wants it
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(records)
	p := &subcommand{dir: in.Dir, command: h.command, env: append(os.Environ(), "AWAITTRACE_DIR="+records),
		after: in.After}
	if err := p.start("run", append([]string{in.Package}, in.Args...)); err != nil {
		return nil, nil, err
	}
	doc, ended := p.watch(ctx, limit)
	p.end()
	out := &RunOutput{Ended: ended, Output: p.output.String(), Status: p.status()}
	switch {
	case doc != nil:
		out.ReportOutput, err = findings(doc, 0, false)
	case !ended:
		err = fmt.Errorf("the program has no record yet after %v: the build may take longer; give a longer timeout. "+
			"Output:\n%s", limit, out.Output)
	}
	return nil, out, err
}

// timeout parses the argument timeout.
func timeout(text string, otherwise time.Duration) (time.Duration, error) {
	d, err := duration("timeout", text)
	switch {
	case err != nil:
		return 0, err
	case d == 0:
		return otherwise, nil
	case d > longest:
		return 0, fmt.Errorf("invalid timeout %v: must be at most %v", d, longest)
	}
	return d, nil
}

// A subcommand is an awaittrace command that runs.
type subcommand struct {
	command, dir, after string
	env                 []string
	output              tail
	cmd                 *exec.Cmd
	done                chan struct{}
}

// start starts a verb of the command.
func (p *subcommand) start(verb string, args []string) error {
	flags := []string{verb}
	if p.after != "" {
		flags = append(flags, "-after", p.after)
	}
	p.cmd = exec.Command(p.command, append(flags, args...)...)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.dir, p.env, &p.output, &p.output
	p.cmd.WaitDelay = time.Second // a child of the program may keep the output open
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.done = make(chan struct{})
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	return nil
}

// status returns the exit status; the command has ended.
func (p *subcommand) status() int { return max(p.cmd.ProcessState.ExitCode(), 0) }

// watch waits until something is stuck in the program, it has ended, or limit is over. It returns the last report, or
// nil.
func (p *subcommand) watch(ctx context.Context, limit time.Duration) (doc *report.Document, ended bool) {
	over := time.After(limit)
	for {
		select {
		case <-p.done:
			doc, _ = p.report(ctx)
			return doc, true
		case <-ctx.Done():
			return nil, false
		case <-over:
			doc, _ = p.report(ctx)
			return doc, false
		case <-time.After(time.Second):
		}
		if doc, stuck := p.report(ctx, "-no-stop"); doc != nil && stuck {
			if whole, _ := p.report(ctx); whole != nil {
				doc = whole
			}
			return doc, false
		}
	}
}

// report returns the report on the program, and whether something counts as stuck, or nil if there is no record.
func (p *subcommand) report(ctx context.Context, flags ...string) (*report.Document, bool) {
	args := append([]string{"report", "-f", "json", "-exit-code"}, flags...)
	if p.after != "" {
		args = append(args, "-after", p.after)
	}
	cmd := exec.CommandContext(ctx, p.command, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	text, err := cmd.Output()
	doc := new(report.Document)
	if json.Unmarshal(text, doc) != nil {
		return nil, false
	}
	var status *exec.ExitError
	const somethingStuck = 3
	return doc, errors.As(err, &status) && status.ExitCode() == somethingStuck
}

// end ends the command, and what it has started, unless it has ended.
func (p *subcommand) end() {
	terminate(p.cmd)
	select {
	case <-p.done:
	case <-time.After(3 * time.Second):
	}
	kill(p.cmd) // children may have outlived the command
	<-p.done
}

// TestInput is the input of test.
type TestInput struct {
	Dir      string   `json:"dir" jsonschema:"the folder to run in, of the module"`
	Packages []string `json:"packages,omitempty" jsonschema:"the packages, such as ./...; without it that of the folder"`
	Flags    []string `json:"flags,omitempty" jsonschema:"flags of go test, such as -run=TestServer or -race"`
	Timeout  string   `json:"timeout,omitempty" jsonschema:"how long it may take, such as 2m; without it 5m"`
}

// TestOutput is the output of test.
type TestOutput struct {
	Passed bool   `json:"passed"`
	Status int    `json:"status"`
	Output string `json:"output" jsonschema:"the end of what go test wrote; a test that leaves goroutines stuck says which and why"`
}

func (h *agentTools) test(ctx context.Context, _ *mcp.CallToolRequest, in TestInput) (*mcp.CallToolResult, *TestOutput,
	error) {
	limit, err := timeout(in.Timeout, defaultTest)
	if err != nil {
		return nil, nil, err
	}
	p := &subcommand{dir: in.Dir, command: h.command, env: os.Environ()}
	if err := p.start("test", append(append([]string{}, in.Flags...), in.Packages...)); err != nil {
		return nil, nil, err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.end()
		return nil, nil, ctx.Err()
	case <-time.After(limit):
		p.end()
		return nil, nil, fmt.Errorf("the tests have not ended after %v; their output:\n%s", limit, p.output.String())
	}
	return nil, &TestOutput{p.status() == 0, p.status(), p.output.String()}, nil
}

// A tail keeps the last bytes that are written to it. Its methods may be called by several goroutines.
type tail struct {
	mu    sync.Mutex
	bytes bytes.Buffer
	cut   bool
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes.Write(b)
	if n := t.bytes.Len() - outputBytes; n > 0 {
		t.bytes.Next(n)
		t.cut = true
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cut {
		return "…" + t.bytes.String()
	}
	return t.bytes.String()
}
