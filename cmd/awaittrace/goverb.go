//go:build !lite

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/watch"
	"github.com/awaittrace/awaittrace/rewrite"
)

// goVerb returns the command that replaces a verb of the go command. Gocmd parses the flags; those here are for the
// help.
func goVerb(verb gocmd.Verb, c cli.Command, do func(*cli.Context, *gocmd.Invocation) error) *cli.Command {
	c.Name, c.Category = string(verb), verbsBuild
	c.SkipFlagParsing = true
	c.Flags = []cli.Flag{
		&cli.StringFlag{Name: "probe", Category: flagsProbe,
			Usage:       "put probes on operations of these kinds: a `LIST` of chan, lock, io, sync, sleep and loop",
			DefaultText: "all but loop"},
		&cli.StringSliceFlag{Name: "probe-func", Category: flagsProbe,
			Usage: "also probe calls of the functions that match `PATTERN`, in the form of go doc, such as " +
				"github.com/redis/go-redis/v9.Client.Get; may be repeated"},
		&cli.StringSliceFlag{Name: "deps", Category: flagsProbe,
			Usage: "also put probes into the dependencies that match `PATTERN`: import paths such as " +
				"golang.org/x/sync/..., all (modules), std or none; may be repeated", DefaultText: depsDefault(verb)},
		&cli.IntFlag{Name: "chan-cap", Category: flagsAid,
			Usage: "limit the buffer of every channel to `N` elements, which shows who does not keep up"},
		&cli.DurationFlag{Name: "io-timeout", Category: flagsAid,
			Usage: "give network reads and writes that have no deadline one of `D`"},
		&cli.DurationFlag{Name: "after", Category: flagsReport,
			Usage: "call a wait stuck after `D`, such as 500ms or 10s", DefaultText: "$AWAITTRACE_AFTER, else 10s"},
	}
	goName := string(verb)
	if verb == gocmd.Instrument {
		goName = string(gocmd.Build)
	}
	c.Description += "\n\nIt takes all flags of go " + goName + "; see go help " + goName +
		". -v also lists what got a probe and what did not, with the reason."
	c.Action = func(c *cli.Context) error {
		after, err := gocmd.After(os.Getenv("AWAITTRACE_AFTER"))
		if err != nil {
			return err
		}
		inv, err := gocmd.Parse(verb, c.Args().Slice(), after)
		if errors.Is(err, gocmd.ErrHelp) {
			return showHelp(c)
		}
		if err != nil {
			return err
		}
		return do(c, inv)
	}
	return &c
}

// noSourceFlag is the flag -no-source of a go verb, whose reports show source in where.
func noSourceFlag(where string) cli.Flag {
	return &cli.BoolFlag{Name: "no-source", Category: flagsReport,
		Usage: "leave the lines of the source out of " + where}
}

// lockOrderFlag is the flag -lock-order of run and test.
var lockOrderFlag = &cli.BoolFlag{Name: "lock-order", Category: flagsReport,
	Usage: "also report locks that goroutines take in orders that can deadlock, before they do"}

// depsDefault returns the default of -deps, for the help.
func depsDefault(verb gocmd.Verb) string {
	if verb == gocmd.Test || verb == gocmd.Instrument {
		return "$AWAITTRACE_DEPS, or none"
	}
	return "$AWAITTRACE_DEPS, or all"
}

// putIn shows that probes are put in, and bounds the memory for it.
func putIn(c *cli.Context, inv *gocmd.Invocation) (done func()) {
	bar := startProgress(c.App.ErrWriter, "putting in probes", time.Second)
	inv.Progress = func(done, total int) { bar.tell(fmt.Sprintf("putting in probes: %d of %d packages", done, total)) }
	restore := boundRewriting()
	return func() {
		bar.stop()
		restore()
	}
}

// prepare instruments the packages of inv, and prints what the user should know.
func prepare(c *cli.Context, inv *gocmd.Invocation) (*gocmd.Prepared, error) {
	done := putIn(c, inv)
	p, err := gocmd.Prepare(inv, os.Environ())
	done()
	if err != nil {
		return nil, err
	}
	if p.Result == nil {
		return p, nil
	}
	if err := unused(c, p.Result); err != nil {
		p.Close()
		return nil, err
	}
	switch {
	case len(p.Result.Files) > 0:
	case len(p.Result.Already) > 0:
		fmt.Fprintln(c.App.ErrWriter, "awaittrace: the source has probes already; it is built as it is")
	default:
		fmt.Fprintln(c.App.ErrWriter, "awaittrace: nothing gets a probe: the build has no package of a main module")
	}
	if inv.Bool("v") {
		writeSummary(c.App.ErrWriter, p.Result, true)
	}
	return p, nil
}

// unused returns an error for -probe-func patterns that match nothing.
func unused(c *cli.Context, r *rewrite.Result) error {
	if len(r.Unused) == 0 {
		return nil
	}
	return usageError(c, errors.New(strings.Join(r.Unused, "\nawaittrace: ")))
}

// goBuild is goCommand with a progress line on a terminal.
func goBuild(c *cli.Context, p *gocmd.Prepared, cmd *exec.Cmd) (int, error) {
	bar := startProgress(c.App.ErrWriter, "building", time.Second)
	defer bar.stop()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.App.Reader, c.App.Writer, bar.over(c.App.ErrWriter)
	return goCommand(p, cmd)
}

// goCommand runs a go command of p, and returns its exit status. It fails if the go command succeeds without probes,
// because the user would take the result for instrumented.
func goCommand(p *gocmd.Prepared, cmd *exec.Cmd) (int, error) {
	status, err := watch.Alone(cmd)
	if err == nil && status == 0 && p.Broken != nil {
		err = fmt.Errorf("built without probes, because the packages could not be loaded: %v", p.Broken)
	}
	return status, err
}
