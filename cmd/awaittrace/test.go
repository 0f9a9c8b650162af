//go:build !lite

package main

import (
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/testwatch"
	"github.com/awaittrace/awaittrace/internal/watch"
)

func testVerb() *cli.Command {
	verb := goVerb(gocmd.Test, cli.Command{
		Usage:     "test with probes, as go test does",
		ArgsUsage: "[packages] [-args ...]",
		Description: `Test is go test, with probes: a test that leaves goroutines stuck behind fails. A test that hangs is reported on standard error after -after; awaittrace report tells more about it from another terminal.

	awaittrace test ./...
	awaittrace test -run TestServer -race -json ./server
	awaittrace test -known leaks.txt -known-update ./...
	awaittrace test -known leaks.txt ./...

A flag of the test binary that has the name of one of ours goes behind -args.`,
	}, test)
	verb.Flags = append(verb.Flags,
		&cli.StringFlag{Name: "known", Category: flagsReport, Usage: "do not fail tests for the leaks that are listed in `FILE`"},
		&cli.BoolFlag{Name: "known-update", Category: flagsReport, Usage: "write all leaks that are found to the file of -known, and fail no test for them"})
	return verb
}

func test(c *cli.Context, inv *gocmd.Invocation) error {
	start := time.Now()
	defer func() { watch.Sweep(record.Dir(), start) }()
	known := inv.Options.Known
	if (os.Getenv("AWAITTRACE") != "" || known != "") && inv.Value("count") == "" {
		// The go command does not know that the result depends on it, and would take the one without it, now and later.
		inv.GoArgs = append([]string{"-count=1"}, inv.GoArgs...)
	}
	p, err := prepare(c, inv)
	if err != nil {
		return err
	}
	defer p.Close()
	cmd := p.Command()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.App.Reader, c.App.Writer, c.App.ErrWriter
	service, err := testwatch.Start(testwatch.Options{After: inv.Options.After, Log: c.App.ErrWriter, Known: known, Update: inv.Options.KnownUpdate})
	switch {
	case err == nil:
		cmd.Env = append(cmd.Environ(), service.Env())
	case known != "":
		return err
	}
	status, err := goCommand(c, p, cmd)
	if service != nil {
		if closed := service.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return err
	}
	return ended(status)
}
