package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/record"
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
	return build(c, inv)
}
