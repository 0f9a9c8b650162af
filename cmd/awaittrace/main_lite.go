//go:build lite

// Command awaittrace, built with -tags lite, has the verbs that need neither Delve nor the go command: check, ps and
// report -no-stop. It is small, and with CGO_ENABLED=0 static, so it can be copied into an image.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/recorded"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/terminal"
)

const usage = `usage: awaittrace check [-after D] [-kind LIST] [-certainty certain|likely] [-write FILE] [PID | FILE]
       awaittrace ps [-after D] [-clean]
       awaittrace report -no-stop [-after D] [-f text|json] [-all] [-exit-code] PID | FILE
This is the lite build; the whole command has more verbs.`

// errUsage is an error in the command line.
var errUsage = errors.New("wrong usage")

func main() {
	status, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, errUsage) {
		fmt.Fprintln(os.Stderr, "awaittrace:", terminal.Text(err.Error()))
	}
	os.Exit(status)
}

// run runs the command, and returns its exit status.
func run(args []string, stdout, stderr io.Writer) (status int, err error) {
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("awaittrace "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprintln(stderr, usage) }
	after := flags.Duration("after", 0, "")
	switch verb {
	case "check":
		status, err = checkPrograms(flags, after, args, stdout)
	case "ps":
		status, err = listPrograms(flags, after, args, stdout, stderr)
	case "report":
		status, err = reportProgram(flags, after, args, stdout)
	default:
		flags.Usage()
		return 2, errUsage
	}
	return status, err
}

// parse parses the flags of a verb that takes at most n arguments.
func parse(flags *flag.FlagSet, after *time.Duration, args []string, n int) error {
	if err := flags.Parse(args); err != nil {
		return errUsage // flag has printed the error
	}
	if flags.NArg() > n {
		return fmt.Errorf("%s takes at most %d arguments, got %d", flags.Name(), n, flags.NArg())
	}
	if env := os.Getenv("AWAITTRACE_AFTER"); *after == 0 && env != "" {
		d, err := time.ParseDuration(env)
		if err != nil || d <= 0 {
			return fmt.Errorf("invalid AWAITTRACE_AFTER %q: must be a positive duration, such as 10s", env)
		}
		*after = d
	}
	if *after < 0 {
		return fmt.Errorf("invalid -after %v: must be positive, such as 10s", *after)
	}
	return nil
}

func checkPrograms(flags *flag.FlagSet, after *time.Duration, args []string, stdout io.Writer) (int, error) {
	kinds := flags.String("kind", "deadlock,orphaned-lock", "")
	certainty := flags.String("certainty", "certain", "")
	write := flags.String("write", "", "")
	if err := parse(flags, after, args, 1); err != nil {
		return 2, err
	}
	o := recorded.CheckOptions{After: *after, Write: *write}
	var err error
	if o.Kinds, err = recorded.ParseKinds(*kinds); err != nil {
		return 2, err
	}
	if o.Certainty, err = recorded.ParseCertainty(*certainty); err != nil {
		return 2, err
	}
	var line string
	var status int
	if flags.NArg() == 0 {
		line, status, err = recorded.CheckAll(o)
	} else {
		rec, openErr := record.OpenArg(flags.Arg(0))
		if openErr != nil {
			return recorded.StatusNoRecord, openErr
		}
		defer rec.Close()
		line, status, err = recorded.Check(rec, o)
	}
	if line != "" {
		fmt.Fprintln(stdout, line)
	}
	return status, err
}

func listPrograms(flags *flag.FlagSet, after *time.Duration, args []string, stdout, stderr io.Writer) (int, error) {
	clean := flags.Bool("clean", false, "")
	if err := parse(flags, after, args, 0); err != nil {
		return 2, err
	}
	if *clean {
		n, err := recorded.Clean()
		fmt.Fprintf(stderr, "awaittrace: removed %d records from %s\n", n, record.Dir())
		return failed(err), err
	}
	err := recorded.List(stdout, stderr, *after)
	return failed(err), err
}

func reportProgram(flags *flag.FlagSet, after *time.Duration, args []string, stdout io.Writer) (int, error) {
	noStop := flags.Bool("no-stop", false, "")
	format := flags.String("f", "text", "")
	all := flags.Bool("all", false, "")
	exitCode := flags.Bool("exit-code", false, "")
	if err := parse(flags, after, args, 1); err != nil {
		return 2, err
	}
	switch {
	case !*noStop:
		return 2, errors.New("the lite build cannot stop a program to read its stacks: use -no-stop")
	case flags.NArg() != 1:
		return 2, errors.New("give the pid of a program, or the file of a record; awaittrace ps lists them")
	case *format != "text" && *format != "json":
		return 2, fmt.Errorf("invalid -f %q (want text or json)", *format)
	}
	rec, err := record.OpenArg(flags.Arg(0))
	if err != nil {
		return 1, err
	}
	defer rec.Close()
	r, err := recorded.Diagnose(rec, diagnose.Options{After: cmp.Or(*after, rec.After(), diagnose.DefaultAfter)})
	if err != nil {
		return 1, err
	}
	new(recorded.Labels).Add(rec, r.Snapshot)
	if *format == "json" {
		err = report.JSON(stdout, r)
	} else {
		err = report.Text(stdout, r, report.TextOptions{Color: report.Color(os.Stdout, os.Getenv), All: *all})
	}
	if err == nil && r.Bad() > 0 && *exitCode {
		return recorded.StatusStuck, nil
	}
	return failed(err), err
}

func failed(err error) int {
	if err != nil {
		return 1
	}
	return 0
}
