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
)

const usage = `usage: awaittrace check [-after D] [-kind LIST] [-certainty certain|likely] [-write FILE] [PID | FILE]
       awaittrace ps [-after D] [-clean]
       awaittrace report -no-stop [-after D] [-f text|json] [-all] [-exit-code] PID | FILE
This is the lite build; the whole command has more verbs.`

func main() {
	status, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "awaittrace:", report.Safe(err.Error()))
	}
	os.Exit(status)
}

// run runs the command, and returns its exit status.
func run(args []string, stdout, stderr io.Writer) (status int, err error) {
	verb := ""
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	c := &invocation{flags: flag.NewFlagSet("awaittrace "+verb, flag.ContinueOnError), stdout: stdout, stderr: stderr}
	c.flags.SetOutput(io.Discard) // main writes the error
	c.flags.StringVar(&c.value, "after", "", "")
	switch verb {
	case "check":
		status, err = c.check(args)
	case "ps":
		status, err = c.list(args)
	case "report":
		status, err = c.report(args)
	case "help", "-h", "-help", "--help":
		err = flag.ErrHelp
	case "":
		err = errors.New("a verb is missing\n" + usage)
	default:
		err = fmt.Errorf("the lite build has no verb %q\n%s", verb, usage)
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = fmt.Fprintln(stdout, usage)
		return failed(err), err
	case err != nil && status == 0:
		status = 2
	}
	return status, err
}

// An invocation is one run of the command.
type invocation struct {
	flags          *flag.FlagSet
	stdout, stderr io.Writer
	value          string        // of -after
	after          time.Duration // zero: not given
}

// parse parses the flags of a verb that takes at most n arguments.
func (c *invocation) parse(args []string, n int) (err error) {
	if err := c.flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return fmt.Errorf("%w\n%s", err, usage)
	}
	if c.flags.NArg() > n {
		return fmt.Errorf("unexpected argument %q\n%s", c.flags.Arg(n), usage)
	}
	name, value := "-after", c.value
	if value == "" {
		name, value = "AWAITTRACE_AFTER", os.Getenv("AWAITTRACE_AFTER")
	}
	if value == "" {
		return nil
	}
	if c.after, err = time.ParseDuration(value); err != nil {
		return fmt.Errorf("invalid %s %q: must be a duration such as 500ms, 10s or 2m", name, value)
	}
	if c.after <= 0 {
		return fmt.Errorf("invalid %s %v: must be positive, such as 10s", name, value)
	}
	return nil
}

func (c *invocation) check(args []string) (int, error) {
	kinds := c.flags.String("kind", "deadlock,orphaned-lock", "")
	certainty := c.flags.String("certainty", "certain", "")
	write := c.flags.String("write", "", "")
	if err := c.parse(args, 1); err != nil {
		return 2, err
	}
	o := recorded.CheckOptions{After: c.after, Write: *write}
	var err error
	if o.Kinds, err = recorded.ParseKinds(*kinds); err != nil {
		return 2, err
	}
	if o.Certainty, err = recorded.ParseCertainty(*certainty); err != nil {
		return 2, err
	}
	var line string
	var status int
	if c.flags.NArg() == 0 {
		line, status, err = recorded.CheckAll(o)
	} else {
		rec, openErr := record.OpenArg(c.flags.Arg(0))
		if openErr != nil {
			return recorded.StatusNoRecord, openErr
		}
		defer rec.Close()
		line, status, err = recorded.Check(rec, o)
	}
	if line != "" {
		if _, writeErr := fmt.Fprintln(c.stdout, line); writeErr != nil {
			status, err = max(status, 1), errors.Join(err, writeErr)
		}
	}
	return status, err
}

func (c *invocation) list(args []string) (int, error) {
	clean := c.flags.Bool("clean", false, "")
	if err := c.parse(args, 0); err != nil {
		return 2, err
	}
	if *clean {
		n, err := recorded.Clean()
		fmt.Fprintf(c.stderr, "awaittrace: removed %d records from %s\n", n, record.Dir())
		return failed(err), err
	}
	err := recorded.List(c.stdout, c.stderr, c.after)
	return failed(err), err
}

func (c *invocation) report(args []string) (int, error) {
	noStop := c.flags.Bool("no-stop", false, "")
	format := c.flags.String("f", "text", "")
	all := c.flags.Bool("all", false, "")
	exitCode := c.flags.Bool("exit-code", false, "")
	if err := c.parse(args, 1); err != nil {
		return 2, err
	}
	switch {
	case !*noStop:
		return 2, errors.New("the lite build cannot stop a program to read its stacks: use -no-stop")
	case c.flags.NArg() != 1:
		return 2, errors.New("give the pid of a program, or the file of a record; awaittrace ps lists them")
	case *format != "text" && *format != "json":
		return 2, fmt.Errorf("invalid -f %q (want text or json)", *format)
	}
	rec, err := record.OpenArg(c.flags.Arg(0))
	if err != nil {
		return 1, err
	}
	defer rec.Close()
	r, err := recorded.Diagnose(rec, diagnose.Options{After: cmp.Or(c.after, rec.After(), diagnose.DefaultAfter)})
	if err != nil {
		return 1, err
	}
	new(recorded.Labels).Add(rec, r.Snapshot)
	if *format == "json" {
		err = report.JSON(c.stdout, r)
	} else {
		err = report.Text(c.stdout, r, report.TextOptions{Color: report.Color(os.Stdout, os.Getenv), All: *all})
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
