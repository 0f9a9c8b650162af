//go:build !lite

// Command awaittrace builds Go programs with a probe around every operation that can wait, and tells which goroutines are stuck, on
// what, and since when.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/printable"
)

func main() {
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command, and returns its exit status: 0 done, 1 failed, 2 wrong usage, and what a verb says.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := &cli.App{
		Name:            "awaittrace",
		Usage:           "see which goroutines are stuck, on what, and since when",
		UsageText:       "awaittrace VERB [flags] [arguments]",
		Description:     description,
		HideVersion:     true, // there is a verb
		HideHelpCommand: false,
		Reader:          stdin,
		Writer:          stdout,
		ErrWriter:       stderr,
		Action:          unknownVerb,
		OnUsageError:    usageError,
		ExitErrHandler:  func(*cli.Context, error) {}, // the error is dealt with below
		Commands:        verbs(),
	}
	for _, verb := range app.Commands {
		verb.OnUsageError = usageError
		verb.HideHelpCommand = true
	}
	return exitStatus(app.Run(args), stderr)
}

const description = `The source tree is not touched: probes are put in on the way to the compiler.
   To begin with, run a program that hangs:

       awaittrace run ./cmd/server -addr :8080

   It is watched from outside, and what has been stuck for longer than 10s (-after) is reported on
   standard error; so is what was stuck when it ended or was killed.

   AWAITTRACE_AFTER is the default of -after everywhere. Instrumented programs look at AWAITTRACE=off (no probes),
   AWAITTRACE=log (print every probe that is reached), AWAITTRACE_DIR (where the record is kept) and
   AWAITTRACE_GOROUTINES (how many goroutines it has room for).`

// verbs are the verbs in the order in which the help lists them.
func verbs() []*cli.Command {
	return []*cli.Command{runVerb(), buildVerb(), testVerb(), instrumentVerb(), revertVerb(), reportVerb(), psVerb(), topVerb(), checkVerb(), diffVerb(), mcpVerb(), dlvVerb(), dapVerb(), guessVerb(), versionVerb(), toolexecVerb()}
}

// unknownVerb is what happens when no verb is known by the first argument.
func unknownVerb(c *cli.Context) error {
	if !c.Args().Present() {
		return cli.ShowAppHelp(c)
	}
	return usageError(c, fmt.Errorf("unknown verb %q; awaittrace help lists the verbs", c.Args().First()), false)
}

// An exitCode is an error that has been reported already, or is none: the program ends with it and says nothing.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError makes err an error in the command line.
func usageError(_ *cli.Context, err error, _ bool) error {
	return cli.Exit(err, 2)
}

// exitStatus reports err, and returns the exit status that it stands for.
func exitStatus(err error, stderr io.Writer) int {
	var code exitCode
	var usage *gocmd.UsageError
	var coded cli.ExitCoder
	var theirs *gocmd.GoError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &theirs):
		fmt.Fprintln(stderr, printable.Text(theirs.Error()))
		return 1
	}
	fmt.Fprintln(stderr, "awaittrace:", printable.Text(err.Error()))
	switch {
	case errors.As(err, &usage):
		return 2
	case errors.As(err, &coded):
		return coded.ExitCode()
	}
	return 1
}
