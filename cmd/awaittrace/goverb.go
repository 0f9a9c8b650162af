//go:build !lite

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/child"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/progress"
)

// goVerb makes the command for a verb that takes the place of a verb of the go command. The flags are parsed by gocmd; those here
// are for the help.
func goVerb(verb gocmd.Verb, c cli.Command, do func(*cli.Context, *gocmd.Invocation) error) *cli.Command {
	c.Name = string(verb)
	c.SkipFlagParsing = true
	c.Flags = []cli.Flag{
		&cli.StringFlag{Name: "probe", Usage: "which `KINDS` of operation get a probe: a list of chan, lock, io, sync, sleep (these are the default) and loop"},
		&cli.StringSliceFlag{Name: "probe-func", Usage: "also probe calls of these functions: a `PATTERN` as go doc takes it, such as github.com/redis/go-redis/v9.Client.Get; may be repeated"},
		&cli.StringSliceFlag{Name: "deps", Usage: "also instrument these dependencies: a `PATTERN` of import paths such as golang.org/x/sync/..., all (modules), std or none; may be repeated", DefaultText: depsDefault(verb)},
		&cli.IntFlag{Name: "chan-cap", Usage: "a debugging aid: limit the buffer of every channel to `N` elements, to bring out who does not keep up"},
		&cli.DurationFlag{Name: "io-timeout", Usage: "a debugging aid: give network reads and writes that have no deadline one of `DURATION`"},
		&cli.DurationFlag{Name: "after", Usage: "how long a wait is before it is called stuck: a `DURATION`", DefaultText: "10s, or $AWAITTRACE_AFTER"},
	}
	goName := string(verb)
	if verb == gocmd.Instrument {
		goName = string(gocmd.Build)
	}
	c.Description += "\n\n   All flags of go " + goName + " are taken, and mean what they mean there; see go help " + goName +
		".\n   -v also tells what got a probe and what did not, with the reason."
	c.Action = func(c *cli.Context) error {
		after, err := gocmd.After(os.Getenv("AWAITTRACE_AFTER"))
		if err != nil {
			return err
		}
		inv, err := gocmd.Parse(verb, c.Args().Slice(), after)
		if errors.Is(err, gocmd.ErrHelp) {
			return cli.ShowSubcommandHelp(c)
		}
		if err != nil {
			return err
		}
		return do(c, inv)
	}
	return &c
}

// depsDefault says what -deps is without the flag.
func depsDefault(verb gocmd.Verb) string {
	if verb == gocmd.Test || verb == gocmd.Instrument {
		return "$AWAITTRACE_DEPS, or none"
	}
	return "$AWAITTRACE_DEPS, or all"
}

// putIn is called while probes are put in: it shows that, and bounds the memory for it.
func putIn(c *cli.Context) (done func()) {
	bar := progress.Start(c.App.ErrWriter, "putting in probes", time.Second)
	restore := boundMemory()
	return func() {
		bar.Stop()
		restore()
	}
}

// prepare instruments the packages of inv, and tells about it what the user should know.
func prepare(c *cli.Context, inv *gocmd.Invocation) (*gocmd.Prepared, error) {
	done := putIn(c)
	p, err := gocmd.Prepare(inv, os.Environ())
	done()
	if err != nil {
		return nil, err
	}
	if p.Result == nil {
		return p, nil
	}
	switch {
	case len(p.Result.Files) > 0:
	case len(p.Result.Already) > 0:
		fmt.Fprintln(c.App.ErrWriter, "awaittrace: the source has probes already; it is built as it is")
	default:
		fmt.Fprintln(c.App.ErrWriter, "awaittrace: nothing gets a probe: the build has no package of a main module")
	}
	for _, line := range p.Result.Unused {
		fmt.Fprintf(c.App.ErrWriter, "awaittrace: %s\n", line)
	}
	if inv.Bool("v") {
		writeSummary(c.App.ErrWriter, p.Result, true)
	}
	return p, nil
}

// goCommand runs a go command of p with our standard files, and returns its exit status. It is an error when the go command succeeds
// with packages that could not be given probes: the user would take what it made for instrumented.
func goCommand(c *cli.Context, p *gocmd.Prepared, cmd *exec.Cmd) (int, error) {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.App.Reader, c.App.Writer, c.App.ErrWriter
	status, err := child.Run(cmd)
	if err == nil && status == 0 && p.Broken != nil {
		err = fmt.Errorf("go built this without probes, because the packages could not be loaded to put them in: %v", p.Broken)
	}
	return status, err
}
