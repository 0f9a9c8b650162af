//go:build !lite

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
)

// somethingStuck is the exit status of report -exit-code if something is stuck.
const somethingStuck = exitCode(3)

func reportVerb() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Category:  verbsLook,
		Usage:     "say what is stuck in a live, stopped, dead or dumped program",
		ArgsUsage: "[PID | FILE | CORE [EXE]]",
		Description: `Report tells what is stuck in a program. PID names a program, which may have ended; FILE is a record, a copy of one, or a goroutine dump; CORE is a core of the executable EXE, or of the one that the core names. Without an argument it reports on your program with probes that runs, or, if none does, the last that did.

	awaittrace report 4711
	awaittrace report -all -after 2s 4711
	awaittrace report -g 7 4711
	awaittrace report -f html -o page.html core ./server
	awaittrace report -f json 4711 | jq '.findings[].title'
	kill -QUIT 4711 2>goroutines.txt; awaittrace report goroutines.txt

Any Go program will do. For a program without probes the report has states, stacks, and what follows from them; with -after it looks twice, that far apart, to see which goroutines have waited all the time.

A program that runs is stopped for a moment, to read what its goroutines do, and goes on. Where that is not permitted, or with -no-stop, only its record is reported.`,
		Flags: append(formatFlags(),
			afterFlag(),
			&cli.BoolFlag{Name: "all", Usage: "in text, also list the goroutines that are well; with -sites, " +
				"all places"},
			&cli.Int64Flag{Name: "g", Usage: "print all that is known of the goroutine `ID`, as text"},
			&cli.BoolFlag{Name: "no-stop", Usage: "do not stop the program: report only its record"},
			&cli.StringFlag{
				Name: "prove", Usage: "read the heap to prove leaks: `WHEN` is auto, if the program stands still for " +
					"at most 200 ms, always or never", DefaultText: "auto",
			},
			&cli.StringFlag{Name: "by", Usage: "in text and JSON, also group the goroutines by the profiler " +
				"label `KEY`"},
			&cli.BoolFlag{Name: "sites", Usage: "list the places where goroutines waited longest in sum, in text or " +
				"JSON; implies -no-stop"},
			&cli.BoolFlag{Name: "v", Usage: "in text, fold nothing: all goroutines of a list, whole stacks, and all " +
				"that is only possible"},
			&cli.BoolFlag{Name: "exit-code", Usage: "end with exit status 3 if something is stuck"},
		),
		Action: reportProgram,
	}
}

// afterFlag is the flag -after of verbs that are not go verbs.
func afterFlag() cli.Flag {
	return &cli.DurationFlag{
		Name: "after", Usage: "call a wait stuck after `D`, such as 500ms or 10s",
		DefaultText: "$AWAITTRACE_AFTER, else that of the run, else 10s",
	}
}

func reportProgram(c *cli.Context) error {
	if err := checkArgs(c, 2); err != nil {
		return err
	}
	format, err := checkFormat(c)
	if err != nil {
		return err
	}
	prove, err := checkProve(c)
	if err != nil {
		return err
	}
	s, after, err := namedProgram(c)
	if err != nil {
		return err
	}
	defer s.Close()
	defer boundMemory(reportGC, math.MaxInt64)()
	// without probes, two looks are -after apart
	bar := startProgress(c.App.ErrWriter, "looking at the program", time.Second)
	r, err := s.Report(c.Context, inspect.Options{
		Options: diagnose.Options{After: after, Path: shownPath(format, outOf(c))},
		NoStop:  c.Bool("no-stop") || c.Bool("sites"),
		Twice:   c.IsSet("after"),
		Watch:   true,
		Prove:   prove,
	})
	bar.stop()
	if err != nil {
		return err
	}
	if c.IsSet("g") {
		return writeGoroutine(c, r)
	}
	if c.Bool("sites") && r.Snapshot.NoProbes != "" {
		return errors.New("-sites needs probes, and the program has none")
	}
	if err := writeReport(c, r, format); err != nil {
		return err
	}
	if r.Bad() > 0 && c.Bool("exit-code") {
		return somethingStuck
	}
	return nil
}

// writeGoroutine writes what is known of goroutine -g.
func writeGoroutine(c *cli.Context, r *diagnose.Report) error {
	id := c.Int64("g")
	if _, ok := r.Find(id); !ok {
		return fmt.Errorf("no goroutine %d; awaittrace report -all lists them", id)
	}
	return writeOut(c, func(w io.Writer) error {
		return cmpErr(report.TextGoroutine(w, r, id), report.TextStack(w, r, id))
	})
}

// checkProve returns the value of -prove. It fails for -prove always with -no-stop, which implies never.
func checkProve(c *cli.Context) (inspect.Prove, error) {
	prove := inspect.Prove(cmp.Or(c.String("prove"), string(inspect.ProveAuto)))
	switch {
	case !slices.Contains(inspect.Proves, prove):
		return "", usageError(c, fmt.Errorf("invalid -prove %q (want auto, always or never)", prove))
	case c.Bool("no-stop") && prove == inspect.ProveAlways:
		return "", usageError(c, errors.New("-prove always stops the program to read its heap: leave out -no-stop"))
	case c.Bool("sites") && prove == inspect.ProveAlways:
		return "", usageError(c, errors.New("-sites reads only the record: leave out -prove always"))
	case c.Bool("no-stop") || c.Bool("sites"):
		return inspect.ProveNever, nil
	}
	return prove, nil
}

// namedProgram opens the program that the arguments name. The second result is askedAfter.
func namedProgram(c *cli.Context) (*inspect.Session, time.Duration, error) {
	return program(c, c.Args().Get(0), c.Args().Get(1))
}

// program is namedProgram for arg, and the executable of a core.
func program(c *cli.Context, arg, exe string) (*inspect.Session, time.Duration, error) {
	after, err := askedAfter(c)
	if err != nil {
		return nil, 0, err
	}
	s, err := openProgram(arg, exe)
	if noCore := inspect.NoCoreError(""); errors.As(err, &noCore) {
		return nil, 0, usageError(c, err)
	}
	if err != nil {
		return nil, 0, err
	}
	return s, after, nil
}

// askedAfter returns -after, else AWAITTRACE_AFTER, else zero.
func askedAfter(c *cli.Context) (time.Duration, error) {
	after := c.Duration("after")
	if c.IsSet("after") && after <= 0 {
		return 0, usageError(c, fmt.Errorf("invalid -after %v: must be positive, such as 10s", after))
	}
	if env := os.Getenv("AWAITTRACE_AFTER"); after == 0 && env != "" {
		return gocmd.After(env)
	}
	return after, nil
}

// shownPath returns how a report on w shows paths: absolute in JSON, relative to the current folder in text.
func shownPath(format string, w io.Writer) func(string) string {
	if format == "json" {
		return nil
	}
	return report.Paths(w)
}

// checkArgs checks that there are at most n arguments, none of them empty, and no flag behind them, which package flag
// would not parse.
func checkArgs(c *cli.Context, n int) error {
	for _, arg := range c.Args().Slice() {
		if arg == "-h" || arg == "-help" || arg == "--help" {
			return showHelp(c)
		}
		if strings.HasPrefix(arg, "-") && len(arg) > 1 && arg[1] > '9' {
			return usageError(c, fmt.Errorf("flag %s must come before the arguments", arg))
		}
		if arg == "" { // the value of a variable that is not set, which does not mean "any program"
			return usageError(c, errors.New("an argument is empty; leave it out, or give it a value"))
		}
	}
	switch {
	case c.Args().Len() > 0 && n == 0:
		return usageError(c, fmt.Errorf("%s takes no arguments, got %q", c.Command.Name, c.Args().First()))
	case c.Args().Len() > n:
		err := fmt.Errorf("%s takes at most %s, got %q too", c.Command.Name, count(n, "argument"), c.Args().Get(n))
		return usageError(c, err)
	}
	return nil
}

// openProgram opens the program that arg names; without one, the program with probes that runs, or the last that did.
// exe is the executable of a core, or empty.
func openProgram(arg, exe string) (*inspect.Session, error) {
	if arg != "" {
		return inspect.Open(arg, exe)
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
		return nil, fmt.Errorf("no instrumented program, live or dead, in %s; awaittrace run starts one", record.Dir())
	case len(live) > 1:
		return nil, cli.Exit(fmt.Sprintf("%d instrumented programs are running; name one: %s", len(live), candidates(live)), 2)
	case len(live) == 1:
		return sessionOf(live[0])
	}
	return sessionOf(list[len(list)-1])
}

// sessionOf opens the program of a record.
func sessionOf(e record.Entry) (*inspect.Session, error) {
	rec, err := record.OpenEntry(e)
	if err != nil {
		return nil, err
	}
	return inspect.Recorded(rec), nil
}

// candidates lists live programs, as many as fit in a line.
func candidates(live []record.Entry) string {
	const room = 6
	var parts []string
	for _, e := range live[:min(room, len(live))] {
		parts = append(parts, fmt.Sprintf("%d (%s)", e.Pid, report.SafeLine(filepath.Base(procfs.Exe(e.Pid)))))
	}
	s := strings.Join(parts, ", ")
	if n := len(live) - room; n > 0 {
		s += fmt.Sprintf(" and %d more, see awaittrace ps", n)
	}
	return s
}
