package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
)

// somethingStuck is the exit status of report -exit-code when something is.
const somethingStuck = exitCode(3)

func reportVerb() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "say what is stuck in a live, stopped or dead program",
		ArgsUsage: "[PID | FILE]",
		Description: "PID is that of an instrumented program, which may have ended; FILE is a record, or a copy of one. Without either it\n" +
			"   is the program of yours that runs, or, if none does, the last that did.\n\n" +
			"   A program that runs is stopped for a moment, a quarter of a second or so, to read what its goroutines do, and goes\n" +
			"   on. Where that is not permitted, its record alone is told.",
		Flags: append(formatFlags(),
			afterFlag(),
			&cli.BoolFlag{Name: "all", Usage: "in text, also list the goroutines with which nothing is wrong"},
			&cli.BoolFlag{Name: "exit-code", Usage: "end with exit status 3 if something is stuck"},
		),
		Action: reportProgram,
	}
}

// afterFlag is the flag -after of the verbs that do not take those of a go verb.
func afterFlag() cli.Flag {
	return &cli.DurationFlag{
		Name: "after", EnvVars: []string{"AWAITTRACE_AFTER"},
		Usage: "how long a wait is before it is called stuck: a `DURATION`", DefaultText: "that of the run, else 10s",
	}
}

func reportProgram(c *cli.Context) error {
	if err := checkArgs(c, 1); err != nil {
		return err
	}
	format, err := checkFormat(c)
	if err != nil {
		return err
	}
	rec, after, err := namedProgram(c)
	if err != nil {
		return err
	}
	defer rec.Close()
	r, err := inspect.Program(c.Context, rec, diagnose.Options{After: after, Path: shownPath(format)})
	if err != nil {
		return err
	}
	if err := writeReport(c, r, format); err != nil {
		return err
	}
	if r.Bad() > 0 && c.Bool("exit-code") {
		return somethingStuck
	}
	return nil
}

// namedProgram opens the record that the arguments name. The second result is how long a wait is before it is called stuck: -after or
// AWAITTRACE_AFTER, else what the run used that wrote the record, else the default.
func namedProgram(c *cli.Context) (*record.Record, time.Duration, error) {
	after := c.Duration("after")
	if c.IsSet("after") && after <= 0 {
		return nil, 0, usageError(c, fmt.Errorf("invalid -after %v: must be positive, such as 10s", after), false)
	}
	rec, err := openRecord(c.Args().First())
	if err != nil {
		return nil, 0, err
	}
	return rec, cmp.Or(after, rec.After(), diagnose.DefaultAfter), nil
}

// shownPath returns how a report shows paths: whole in JSON, and for people relative to where they are.
func shownPath(format string) func(string) string {
	dir, err := os.Getwd()
	if format == "json" || err != nil {
		return nil
	}
	return report.Relative(dir)
}

// checkArgs checks that there are at most n arguments, and no flag behind them, which would not be heard.
func checkArgs(c *cli.Context, n int) error {
	for _, arg := range c.Args().Slice() {
		if strings.HasPrefix(arg, "-") && len(arg) > 1 && arg[1] > '9' {
			return usageError(c, fmt.Errorf("flag %s has to stand before the arguments", arg), false)
		}
	}
	switch {
	case c.Args().Len() > 0 && n == 0:
		return usageError(c, fmt.Errorf("%s takes no arguments, and got %q", c.Command.Name, c.Args().First()), false)
	case c.Args().Len() > n:
		return usageError(c, fmt.Errorf("%s takes at most %d argument, and got %q too", c.Command.Name, n, c.Args().Get(n)), false)
	}
	return nil
}

// openRecord opens the record of the program that arg names, a pid or a file; without one, of the program that runs, or of the last that did.
func openRecord(arg string) (*record.Record, error) {
	if arg != "" {
		return record.OpenArg(arg)
	}
	list, err := record.List(record.Dir())
	if err != nil {
		return nil, err
	}
	var live []record.Entry
	for _, e := range list {
		if e.Live {
			live = append(live, e)
		}
	}
	switch {
	case len(list) == 0:
		return nil, fmt.Errorf("there is no instrumented program, live or dead, in %s: awaittrace run builds and starts one", record.Dir())
	case len(live) > 1:
		return nil, cli.Exit(fmt.Sprintf("%d instrumented programs run, say which: %s", len(live), candidates(live)), 2)
	case len(live) == 1:
		return record.OpenEntry(live[0])
	}
	return record.OpenEntry(list[len(list)-1])
}

// candidates lists live programs, as many as a line has room for.
func candidates(live []record.Entry) string {
	const room = 6
	var parts []string
	for _, e := range live[:min(room, len(live))] {
		parts = append(parts, fmt.Sprintf("%d (%s)", e.Pid, filepath.Base(procfs.Exe(e.Pid))))
	}
	s := strings.Join(parts, ", ")
	if n := len(live) - room; n > 0 {
		s += fmt.Sprintf(" and %d more, see awaittrace ps", n)
	}
	return s
}
