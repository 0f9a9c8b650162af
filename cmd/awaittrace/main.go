//go:build !lite

// Command awaittrace builds Go programs with a probe around every operation that can wait, and tells which goroutines
// are stuck, on what, and since when.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/report"
)

func main() {
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run runs the command, and returns its exit status: 0 done, 1 failed, 2 wrong usage, or that of the verb.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	onUsageError := func(c *cli.Context, err error, _ bool) error { return usageError(c, err) }
	app := &cli.App{
		Name:           "awaittrace",
		Usage:          "see which goroutines are stuck, on what, and since when",
		UsageText:      "awaittrace <verb> [flags] [arguments]",
		Description:    description,
		HideVersion:    true, // there is a verb
		HideHelp:       true, // there is a verb; usageError handles -h
		Reader:         stdin,
		Writer:         stdout,
		ErrWriter:      stderr,
		Action:         unknownVerb,
		OnUsageError:   onUsageError,
		ExitErrHandler: func(*cli.Context, error) {}, // exitStatus handles the error
		Commands:       verbs(),
	}
	for _, verb := range app.Commands {
		verb.OnUsageError = onUsageError
		verb.HideHelp = true
	}
	if len(args) > 1 && (args[1] == "-version" || args[1] == "--version") {
		args = slices.Concat(args[:1], []string{"version"}, args[2:])
	}
	return exitStatus(app.Run(args), stderr)
}

// verbs returns the verbs in the order of the help.
func verbs() []*cli.Command {
	return []*cli.Command{
		runVerb(), buildVerb(), testVerb(), instrumentVerb(), revertVerb(),
		reportVerb(), psVerb(), topVerb(), checkVerb(), diffVerb(),
		dlvVerb(), dapVerb(), mcpVerb(), serveVerb(),
		helpVerb(), completionVerb(), manVerb(), versionVerb(),
		completeVerb(), guessVerb(), toolexecVerb(),
	}
}

// unknownVerb handles a command line without a known verb.
func unknownVerb(c *cli.Context) error {
	if !c.Args().Present() {
		return manualOf(c).overview(c.App.Writer)
	}
	name := c.Args().First()
	hint := cmp.Or(gocmd.DidYouMean(name, manualOf(c).names()), "; awaittrace help lists the verbs")
	return usageError(c, fmt.Errorf("unknown verb %q%s", name, hint))
}

// An exitCode ends the program without a message: the error, if any, was reported before.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exitStatus prints err, and returns its exit status.
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
		fmt.Fprintln(stderr, report.Safe(theirs.Error()))
		return 1
	}
	fmt.Fprintln(stderr, "awaittrace:", report.Safe(err.Error()))
	switch {
	case errors.As(err, &usage):
		return 2
	case errors.As(err, &coded):
		return coded.ExitCode()
	}
	return 1
}
