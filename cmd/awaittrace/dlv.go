//go:build (linux && (amd64 || arm64 || 386)) || (darwin && (amd64 || arm64)) || (windows && amd64)

package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/dlvext/terminal"
	"github.com/awaittrace/awaittrace/internal/console"
	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/report"
)

func dlvVerb() *cli.Command {
	return &cli.Command{
		Name:      "dlv",
		Usage:     "a Delve session that knows who is stuck",
		ArgsUsage: "debug|test|exec|attach|core|connect [flags] [arguments]",
		Description: "Delve is part of awaittrace: its flags and arguments are those of dlv, see awaittrace dlv help. debug and test build\n" +
			"   with probes. In the terminal there are the commands stuck, probe, probes, holders and waitgraph besides Delve's own.\n\n" +
			"   awaittrace dlv -script prints a script that gives these commands to a dlv of your own: source awaittrace.star",
		SkipFlagParsing: true,
		Action:          dlv,
	}
}

func dlv(c *cli.Context) error {
	after, err := gocmd.After(os.Getenv("AWAITTRACE_AFTER"))
	if err != nil {
		return err
	}
	args := c.Args().Slice()
	if len(args) == 1 && (args[0] == "-script" || args[0] == "--script") {
		_, err := fmt.Fprint(c.App.Writer, terminal.Script())
		return err
	}
	return ended(terminal.Main(args, terminal.Env{
		Prepare: func(inv *gocmd.Invocation) (*gocmd.Prepared, error) { return prepare(c, inv) },
		After:   after,
		Answers: console.Options{
			Options: diagnose.Options{Path: shownPath("text")},
			Color:   report.Color(os.Stdout, os.Getenv),
		},
	}))
}
