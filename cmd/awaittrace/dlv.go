//go:build !lite && ((linux && (amd64 || arm64 || 386)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/dlvext"
	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/report"
)

func dlvVerb() *cli.Command {
	return &cli.Command{
		Name:      "dlv",
		Category:  verbsDebug,
		Usage:     "a Delve session with commands that tell what is stuck",
		ArgsUsage: "debug|test|exec|attach|core|connect [flags] [arguments]",
		Description: `Dlv is a Delve session with commands that tell what is stuck: stuck, probe, probes, holders and waitgraph. Delve is part of awaittrace: flags and arguments are those of dlv, see awaittrace dlv help. The commands debug and test build with probes.

	awaittrace dlv debug ./cmd/server -- -addr :8080
	awaittrace dlv attach 4711
	awaittrace dlv core ./server core

A dlv of your own gets these commands from a script:

	awaittrace dlv -script >awaittrace.star
	(dlv) source awaittrace.star`,
		SkipFlagParsing: true,
		Action:          dlv,
	}
}

func dlv(c *cli.Context) error {
	after, err := askedAfter(c)
	if err != nil {
		return err
	}
	args := c.Args().Slice()
	if len(args) == 1 && (args[0] == "-script" || args[0] == "--script") {
		_, err := fmt.Fprint(c.App.Writer, dlvext.Script())
		return err
	}
	if len(args) > 0 && args[0] == "completion" {
		return usageError(c, errors.New("awaittrace completion bash, zsh or fish also completes awaittrace dlv"))
	}
	env := terminalEnv(c, after)
	return ended(dlvext.Main(args, env))
}

// terminalEnv returns what a Delve session needs of the command.
func terminalEnv(c *cli.Context, after time.Duration) dlvext.Env {
	return dlvext.Env{
		Prepare: func(inv *gocmd.Invocation) (*gocmd.Prepared, error) { return prepare(c, inv) },
		After:   after,
		Answers: inspect.ConsoleOptions{
			Options: diagnose.Options{Path: report.Paths(os.Stdout)},
			Color:   report.Color(os.Stdout, os.Getenv),
		},
	}
}

func dapVerb() *cli.Command {
	return &cli.Command{
		Name:      "dap",
		Category:  verbsDebug,
		Usage:     "a debug adapter for editors, in place of dlv dap",
		ArgsUsage: "[flags of dlv dap]",
		Description: `Dap is a debug adapter in place of dlv dap. Editors start it as they start dlv dap, with the same flags; see awaittrace dap -h. Programs that it builds have probes, and threads, scopes, the debug console and exception filters tell what is stuck.

	awaittrace dap -listen 127.0.0.1:4711

In VS Code one setting will do; docs/editors.md has those of other editors:

	"go.alternateTools": {"dlv": "/path/to/awaittrace"}`,
		SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			after, err := askedAfter(c)
			if err != nil {
				return err
			}
			env := terminalEnv(c, after)
			env.Adapter = dap.Options{
				Prepare: func(inv *gocmd.Invocation, vars []string) (*gocmd.Prepared, error) {
					defer boundRewriting()()
					return gocmd.Prepare(inv, vars)
				},
				Diagnosis: env.Answers.Options,
			}
			return ended(dlvext.Main(append([]string{"dap"}, c.Args().Slice()...), env))
		},
	}
}

// guessVerb is the Delve command that editors call to find out where they are.
func guessVerb() *cli.Command {
	return &cli.Command{
		Name:            "substitute-path-guess-helper",
		Hidden:          true,
		SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			return ended(dlvext.Main(append([]string{c.Command.Name}, c.Args().Slice()...), dlvext.Env{}))
		},
	}
}

// delveVersion is the version of the embedded Delve.
func delveVersion() string { return dlvext.DelveVersion() }
