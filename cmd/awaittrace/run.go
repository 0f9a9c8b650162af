//go:build !lite

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/watch"
)

func runVerb() *cli.Command {
	verb := goVerb(gocmd.Run, cli.Command{
		Usage:     "build with probes, run, and report what gets stuck",
		ArgsUsage: "package [arguments...]",
		Description: `Run builds a program with probes, runs it, watches it from outside, and reports what gets stuck. The package is an import path, a folder, or .go files, as with go run; what follows it is for the program.

	awaittrace run ./cmd/server -addr :8080
	awaittrace run -race -after 2s .
	awaittrace run -deps none -probe chan,lock ./cmd/server

The program has the terminal, and gets the signals that are sent to awaittrace. Its exit status becomes that of awaittrace, as a shell gives it: 128 plus the number of the signal for a program that a signal ended.

What has been stuck for longer than -after is reported on standard error, each finding once, and again when the program ends with something stuck. The record of the program then stays for awaittrace report.`,
	}, runProgram)
	verb.Flags = append(verb.Flags, lockOrderFlag, noSourceFlag("reports on a terminal"))
	return verb
}

func runProgram(c *cli.Context, inv *gocmd.Invocation) error {
	interrupted, release := watch.HearInterrupt(func() { os.Exit(statusInterrupted) })
	defer release()
	p, err := prepare(c, inv)
	if err != nil {
		return err
	}
	defer p.Close()
	if report.IsTerminal(c.App.ErrWriter) {
		tellFirst(c.App.ErrWriter, inv.Options.After)
	}
	var status int
	if !interrupted() { // while the packages were loaded
		status, err = goBuild(c, p, p.BuildProgram())
	}
	if interrupted() {
		return ended(statusInterrupted)
	}
	if err != nil || status != 0 || inv.Bool("n") {
		return cmpErr(err, ended(status))
	}
	cmd, err := p.Program()
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.App.Reader, c.App.Writer, c.App.ErrWriter
	release()
	status, err = watch.Run(cmd, watch.Options{After: inv.Options.After, Log: c.App.ErrWriter,
		NoSource: inv.Options.NoSource})
	if err != nil {
		return fmt.Errorf("cannot run the program: %v", err)
	}
	return ended(status)
}

// statusInterrupted is how a shell gives the end by SIGINT.
const statusInterrupted = 128 + 2

// tellFirst tells each user once what run does.
func tellFirst(w io.Writer, after time.Duration) {
	cache, err := gocmd.OpenCache()
	if err == nil && cache.First("ran") {
		fmt.Fprintf(w, "awaittrace: your source stays as it is: the compiler gets a copy with probes. The program "+
			"runs as always, and what is stuck\n"+
			"for longer than %s is reported here. This is said once; awaittrace help run has more.\n",
			diagnose.Duration(after))
	}
}

// cmpErr returns the first error that is not nil.
func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
