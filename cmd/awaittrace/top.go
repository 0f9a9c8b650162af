//go:build !lite

package main

import (
	"context"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/screen"
)

func topVerb() *cli.Command {
	return &cli.Command{
		Name:      "top",
		Category:  verbsLook,
		Usage:     "the report of a program, live in the terminal",
		ArgsUsage: "[PID | FILE]",
		Description: "PID is that of an instrumented program, FILE a record. Without either it is the program of yours that runs.\n\n" +
			"   The screen is drawn anew every second; q ends it, any other key draws it at once. The program is not stopped for it:\n" +
			"   what it shows is what the record tells, without states and stacks. If the output is no terminal, or a dumb one, it is written once.",
		Flags:  []cli.Flag{afterFlag()},
		Action: top,
	}
}

// interval is how often top draws.
const interval = time.Second

func top(c *cli.Context) error {
	if err := checkArgs(c, 1); err != nil {
		return err
	}
	s, after, err := namedProgram(c)
	if err != nil {
		return err
	}
	defer s.Close()
	in, isIn := c.App.Reader.(*os.File)
	out, isOut := c.App.Writer.(*os.File)
	draw := func(w io.Writer) error { return drawTop(c.Context, w, s, after, out) }
	if !isIn || !isOut || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) || os.Getenv("TERM") == "dumb" {
		return draw(c.App.Writer)
	}
	return screen.Show(in, out, interval, draw)
}

// drawTop writes what the record says now.
func drawTop(ctx context.Context, w io.Writer, s *inspect.Session, after time.Duration, out *os.File) error {
	r, err := s.Report(ctx, inspect.Options{Options: diagnose.Options{After: after, Path: shownPath("text")}, NoStop: true})
	if err != nil {
		return err
	}
	return report.Text(w, r, report.TextOptions{Color: report.Color(out, os.Getenv), All: true, Name: strconv.Itoa(s.Pid())})
}
