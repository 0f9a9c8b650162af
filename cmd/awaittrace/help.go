//go:build !lite

package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
)

// The categories of verbs, and of flags.
const (
	verbsBuild  = "Verbs that build"
	verbsLook   = "Verbs that look at programs"
	verbsDebug  = "Verbs for debuggers and agents"
	verbsOther  = "Other verbs"
	flagsProbe  = "Flags that say where probes are"
	flagsAid    = "Flags that are debugging aids"
	flagsReport = "Flags of the report"
)

const description = `Awaittrace tells which goroutines of a Go program are stuck, on what, since when, and who holds them up. It builds the program with a probe around every operation that can wait; the source tree is not touched.

To begin with, run a program that hangs:

	awaittrace run ./cmd/server -addr :8080

Awaittrace watches it from outside. It reports on standard error what has been stuck for longer than 10s (-after), and what is stuck when the program ends or is killed.`

// topics are the help pages that are not about a verb.
var topics = []topic{
	{name: "environment", short: "environment variables", text: `These variables are read by awaittrace:

	AWAITTRACE_AFTER
		The default of -after, such as 5s.
	AWAITTRACE_DEPS
		The default of -deps.
	AWAITTRACE_DIR
		The folder that records are kept in, and are looked for; mode 0700.
	NO_COLOR, FORCE_COLOR, TERM=dumb
		Whether output on a terminal has colours.

A program with probes reads these when it starts:

	AWAITTRACE
		off: its probes do nothing. log: every probe that is reached is
		printed on standard error, with the goroutine and the elapsed time.
	AWAITTRACE_DIR
		The folder that its record is kept in; by default
		/dev/shm/awaittrace-UID, on macOS in the user's cache folder.
	AWAITTRACE_GOROUTINES
		How many goroutines its record has room for (default 262144).
	AWAITTRACE_LOCK_ORDER=1
		It notes the orders in which locks are taken, as -lock-order asks.`},
	{name: "exit-status", short: "what the exit status means", text: `The exit status is

	0	done, and nothing was found
	1	failed
	2	wrong usage
	3	done, and something is stuck (report only with -exit-code)

The verb run ends with the exit status of the program, and test with that of go test: 1 when a test fails, also because it leaves goroutines stuck.`},
	{name: "glossary", short: "the words of reports", text: `A goroutine

	waits for	a lock, a Done, a reply: it goes on when somebody else acts
	holds		a lock: it locked it, and has not unlocked it
	owes		a Done or an Unlock: others wait for it
	sends to	a channel, and waits until somebody receives
	receives from	a channel, and waits until somebody sends, or closes it

Of an object a report tells where it was made, and who last sent, received or closed, where, and how long ago.

The verdicts are

	deadlock	it is on a cycle of waits, or behind one
	orphaned	it waits for what an exited goroutine owed
	leaked		nothing that can still be reached can wake it
	stuck		it has waited for longer than -after, and not for new work
	busy		it has been on a processor for that long, and has reached no probe
	idle		a wait that is normal, however long it takes
	ok		everything else

A finding is certain, likely or possible. Exit status, run and test go by what is certain or likely.`},
}

// manualOf returns the help on the command of c.
func manualOf(c *cli.Context) manual { return manual{c.App, topics} }

func helpVerb() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Category:  verbsOther,
		Usage:     "print help on a verb or a topic",
		ArgsUsage: "[verb | topic]",
		Description: `Help prints help on a verb or a topic; without an argument it lists them. The flag -h after a verb does the same.

	awaittrace help run
	awaittrace run -h
	awaittrace help glossary`,
		Action: func(c *cli.Context) error {
			switch c.Args().Len() {
			case 0:
				return manualOf(c).overview(c.App.Writer)
			case 1:
				return showPage(c, c.Args().First())
			}
			return usageError(c, fmt.Errorf("help takes one verb or topic, got %q too", c.Args().Get(1)))
		},
	}
}

// showPage writes the help on a verb or a topic.
func showPage(c *cli.Context, name string) error {
	found, err := manualOf(c).page(c.App.Writer, name)
	if err == nil && !found {
		err = usageError(c, fmt.Errorf("no help on %q%s", name, gocmd.DidYouMean(name, manualOf(c).names())))
	}
	return err
}

// showHelp writes the help on the verb of c, or on all of them.
func showHelp(c *cli.Context) error {
	err := manualOf(c).overview
	if c.Command.Name != c.App.Name {
		return cmpErr(showPage(c, c.Command.Name), exitCode(0))
	}
	return cmpErr(err(c.App.Writer), exitCode(0))
}

// usageError returns err as a usage error. If err asks for help, usageError prints it.
func usageError(c *cli.Context, err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return showHelp(c)
	}
	return cli.Exit(explain(c, err), 2)
}

// explain rewrites an error of package flag.
func explain(c *cli.Context, err error) string {
	var name, value string
	if n, _ := fmt.Sscanf(err.Error(), "flag provided but not defined: -%s", &name); n == 1 {
		var names []string
		for _, f := range c.Command.Flags {
			names = append(names, "-"+f.Names()[0])
		}
		if c.Command.Name == c.App.Name {
			return fmt.Sprintf("flag -%s must come after a verb; awaittrace help lists the verbs", name)
		}
		return err.Error() + gocmd.DidYouMean("-"+name, names)
	}
	if n, _ := fmt.Sscanf(err.Error(), "invalid value %q for flag -%s", &value, &name); n == 2 {
		name = strings.TrimSuffix(name, ":")
		return fmt.Sprintf("invalid -%s %q: must be %s", name, value, wanted(c, name))
	}
	if n, _ := fmt.Sscanf(err.Error(), "invalid boolean value %q for -%s", &value, &name); n == 2 {
		name = strings.TrimSuffix(name, ":")
		return fmt.Sprintf("invalid -%s %q: must be true or false", name, value)
	}
	return err.Error()
}

// wanted says what the value of a flag must be, if package flag parses it.
func wanted(c *cli.Context, name string) string {
	for _, f := range c.Command.Flags {
		if _, ok := f.(*cli.DurationFlag); ok && f.Names()[0] == name {
			return "a duration such as 500ms, 10s or 2m"
		}
	}
	return "a number"
}
