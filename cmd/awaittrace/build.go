//go:build !lite

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
)

func buildVerb() *cli.Command {
	return goVerb(gocmd.Build, cli.Command{
		Usage:     "build with probes, as go build does",
		ArgsUsage: "[packages]",
		Description: `Build is go build, with probes. The programs that it makes keep a record while they run, which awaittrace report and awaittrace ps read at any time, also after they were killed. They need no awaittrace where they run.

	awaittrace build -o server ./cmd/server
	awaittrace build -v -tags netgo ./...`,
	}, build)
}

func build(c *cli.Context, inv *gocmd.Invocation) error {
	p, err := prepare(c, inv)
	if err != nil {
		return err
	}
	defer p.Close()
	status, err := goBuild(c, p, p.Command())
	if err != nil {
		return err
	}
	return ended(status)
}

// ended ends a verb with the exit status of a command.
func ended(status int) error {
	if status == 0 {
		return nil
	}
	return exitCode(status)
}
