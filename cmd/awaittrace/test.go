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
	return goVerb(gocmd.Test, cli.Command{
		Usage:     "test with probes, as go test does",
		ArgsUsage: "[packages] [-args ...]",
		Description: "A test that hangs can be looked at from another terminal with awaittrace report.\n" +
			"   A flag of the test binary that has the name of one of ours goes behind -args.",
	}, test)
}

func test(c *cli.Context, inv *gocmd.Invocation) error {
	start := time.Now()
	defer func() { watch.Sweep(record.Dir(), start) }()
	if os.Getenv("AWAITTRACE") != "" && inv.Value("count") == "" {
		// The go command does not know that it looks at the variable, and would take the result for one without it, now and later.
		inv.GoArgs = append([]string{"-count=1"}, inv.GoArgs...)
	}
	p, err := prepare(c, inv)
	if err != nil {
		return err
	}
	defer p.Close()
	cmd := p.Command()
	service, err := testwatch.Start(testwatch.Options{After: inv.Options.After, Log: c.App.ErrWriter})
	if err == nil {
		defer service.Close()
		cmd.Env = append(cmd.Environ(), service.Env())
	}
	status, err := goCommand(c, p, cmd)
	if err != nil {
		return err
	}
	return ended(status)
}
