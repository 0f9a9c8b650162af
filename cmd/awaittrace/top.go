//go:build !lite

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/top"
)

func topVerb() *cli.Command {
	return &cli.Command{
		Name:      "top",
		Category:  verbsLook,
		Usage:     "look at a program live in the terminal",
		ArgsUsage: "[PID | FILE]",
		Description: `Top shows the findings of a program and the groups of its goroutines, live: what is stuck, what is new, and what grows. PID names a program, FILE a record. Without either it lists the programs to choose from.

	awaittrace top 4711
	awaittrace top

The arrow keys and those of vi move, Enter tells all about a row, / filters, s sorts, f freezes, q quits, and ? tells the others. The program is not stopped for the list, which is what the record tells once a second; it is stopped for a moment when a row is opened, for states and stacks, and each time if it has no probes. If the output is no terminal, or a dumb one, the report is written once.`,
		Flags:  []cli.Flag{afterFlag()},
		Action: showTop,
	}
}

// interval is the time between two looks.
const interval = time.Second

func showTop(c *cli.Context) error {
	if err := checkArgs(c, 1); err != nil {
		return err
	}
	in, isIn := c.App.Reader.(*os.File)
	out, isOut := c.App.Writer.(*os.File)
	onScreen := isIn && isOut && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())) &&
		os.Getenv("TERM") != "dumb"
	if onScreen && !c.Args().Present() {
		return runTop(c, nil, in, out)
	}
	s, after, err := namedProgram(c)
	if err != nil {
		return err
	}
	p := &lookedAt{s, after}
	if onScreen {
		return runTop(c, p, in, out)
	}
	defer s.Close()
	return writeTop(c.Context, c.App.Writer, p)
}

// hasEnded returns 1 for a program that has ended.
func hasEnded(e top.Entry) int {
	if e.State == "live" || e.State == "stopped" {
		return 0
	}
	return 1
}

func runTop(c *cli.Context, p top.Program, in, out *os.File) error {
	err := top.Run(c.Context, p, top.Options{
		Every: interval,
		Open: func(arg string) (top.Program, error) {
			s, after, err := program(c, arg, "")
			if err != nil {
				return nil, err
			}
			return &lookedAt{s, after}, nil
		},
		Programs: func(ctx context.Context) ([]top.Entry, error) {
			list, err := machine{c}.programs(ctx)
			var entries []top.Entry
			for _, p := range list {
				entries = append(entries, top.Entry{
					Arg: strconv.Itoa(p.Pid), State: p.State, Name: filepath.Base(p.Exe), Goroutines: p.Goroutines,
					Stuck: p.Stuck,
				})
			}
			// Live programs first, then the latest.
			slices.Reverse(entries)
			slices.SortStableFunc(entries, func(a, b top.Entry) int { return hasEnded(a) - hasEnded(b) })
			return entries, err
		},
	}, tea.WithInput(in), tea.WithOutput(out))
	if errors.Is(err, tea.ErrInterrupted) {
		return exitCode(130)
	}
	return err
}

// A lookedAt is the program that top shows.
type lookedAt struct {
	s     *inspect.Session
	after time.Duration
}

func (p *lookedAt) Close() { p.s.Close() }

func (p *lookedAt) Report(ctx context.Context, stop bool) (*diagnose.Report, error) {
	opt := inspect.Options{Options: diagnose.Options{After: p.after, Path: report.Paths(os.Stdout)}, NoStop: !stop,
		Prove: inspect.ProveNever}
	r, err := p.s.Report(ctx, opt)
	if errors.Is(err, inspect.ErrUnprobed) { // there is no record to show
		opt.NoStop, opt.Prove, opt.MaxPause = false, inspect.ProveAuto, interval/100
		r, err = p.s.Report(ctx, opt)
	}
	return r, err
}

// writeTop writes the report that top shows.
func writeTop(ctx context.Context, w io.Writer, p *lookedAt) error {
	r, err := p.Report(ctx, false)
	if err != nil {
		return err
	}
	opt := report.ForWriter(w)
	opt.All, opt.Name = true, strconv.Itoa(p.s.Pid())
	return report.Text(w, r, opt)
}
