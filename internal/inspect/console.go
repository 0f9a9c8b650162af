package inspect

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
)

// The commands in a debugger are stuck, probe, probes, holders and waitgraph. They answer alike in a Delve terminal and
// in the debug console of an editor.

// A Debugger is what the commands need of the debugger that they are typed in.
type Debugger interface {
	// Report diagnoses the program as it is now.
	Report(context.Context, diagnose.Options) (*diagnose.Report, error)
	// Selected returns the selected goroutine, or 0.
	Selected() int64
	// Address returns the address of the lock or channel that an expression means in the selected frame.
	Address(expr string) (uint64, error)
}

// A Command is a command that can be typed.
type Command struct {
	Name string
	// Help is a line that says what the command does, an empty line, the syntax, and the rest.
	Help string
	// Flags are the flags in Help, for completion.
	Flags []string
	run   func(c *call, args string) error
}

// A call is a command that is being answered.
type call struct {
	ctx context.Context
	w   io.Writer
	d   Debugger
	opt ConsoleOptions
}

// Commands returns the commands in the order of the help.
func Commands() []Command {
	return []Command{
		{"stuck", "Tells which goroutines are stuck, on what, since when, and why.\n\n" +
			"\tstuck [-all] [-after <duration>]\n\n" +
			"Durations count up to the moment at which the program stopped.\n\n" +
			"\t-all\t\talso lists the goroutines with which nothing is wrong, and what is only possible\n" +
			"\t-after\t\thow long a wait is before it is called stuck", []string{"-all", "-after"}, stuck},
		{"probe", "Tells the last probe of a goroutine, what it waits on, holds, and did before.\n\n" +
			"\tprobe [-g <goroutine id>]\n\n" +
			"Without -g, of the selected goroutine.", []string{"-g"}, probe},
		{"probes", "Lists all goroutines with their last probes, those that are stuck first.\n\n" +
			"\tprobes [-n <number>]\n\n" +
			"\t-n\t\thow many are listed at most; 200 if it is not given", []string{"-n"}, probes},
		{"holders", "Tells who holds a lock or has used a channel, and who waits for it.\n\n" +
			"\tholders <expression>\n\n" +
			"The expression is one of the current frame that is a lock, a channel, or a pointer to one; an address " +
			"such as 0xc000012345; or\n" +
			"the text by which a report calls it.", nil, holders},
		{"waitgraph", "Shows the wait-for graph: every lock and channel that somebody waits for, with its holders " +
			"and waiters.\n\n\twaitgraph", nil, waitgraph},
	}
}

// ConsoleOptions say how commands answer.
type ConsoleOptions struct {
	diagnose.Options
	// Color permits escape sequences for colour.
	Color bool
}

// Answer runs a command line, which begins with the name of a command, and writes the answer to w.
func Answer(ctx context.Context, w io.Writer, d Debugger, line string, opt ConsoleOptions) error {
	name, args, _ := strings.Cut(strings.TrimSpace(line), " ")
	var names []string
	for _, c := range Commands() {
		if c.Name == name {
			return c.run(&call{ctx, w, d, opt}, strings.TrimSpace(args))
		}
		names = append(names, c.Name)
	}
	return fmt.Errorf("unknown command %q (want %s)", name, strings.Join(names, ", "))
}

// parse parses args with -after and the flags that add adds. It takes no arguments besides flags.
func (c *call) parse(name, args string, add func(*flag.FlagSet)) error {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("after", "", func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return errors.New("must be positive, such as 10s")
		}
		c.opt.After = d
		return nil
	})
	if add != nil {
		add(flags)
	}
	if err := flags.Parse(strings.Fields(args)); err != nil {
		return fmt.Errorf("%s: %v", name, err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s takes no argument %q; help %s", name, flags.Arg(0), name)
	}
	return nil
}

func (c *call) report() (*diagnose.Report, error) { return c.d.Report(c.ctx, c.opt.Options) }

func stuck(c *call, args string) error {
	all := false
	if err := c.parse("stuck", args, func(f *flag.FlagSet) { f.BoolVar(&all, "all", false, "") }); err != nil {
		return err
	}
	r, err := c.report()
	if err != nil {
		return err
	}
	return report.Text(c.w, r, report.TextOptions{Color: c.opt.Color, All: all})
}

func probe(c *call, args string) error {
	var id int64
	if err := c.parse("probe", args, func(f *flag.FlagSet) { f.Int64Var(&id, "g", 0, "") }); err != nil {
		return err
	}
	r, err := c.probed()
	if err != nil {
		return err
	}
	if id == 0 {
		if id = c.d.Selected(); id == 0 {
			return errors.New("probe: no goroutine is selected; name one with -g")
		}
	}
	return report.TextGoroutine(c.w, r, id)
}

// probed is report for answers that need probes.
func (c *call) probed() (*diagnose.Report, error) {
	r, err := c.report()
	if err == nil && r.Snapshot.NoProbes != "" {
		return nil, errors.New("no probes: " + r.Snapshot.NoProbes)
	}
	return r, err
}

// listed is the default of probes -n.
const listed = 200

func probes(c *call, args string) error {
	n := listed
	if err := c.parse("probes", args, func(f *flag.FlagSet) { f.IntVar(&n, "n", n, "") }); err != nil {
		return err
	}
	if n < 1 {
		return fmt.Errorf("probes: invalid -n %d: must be positive", n)
	}
	r, err := c.report()
	if err != nil {
		return err
	}
	return report.TextGoroutines(c.w, r, n)
}

func holders(c *call, expr string) error {
	if expr == "" {
		return errors.New("holders: name a lock or channel; help holders")
	}
	r, err := c.probed()
	if err != nil {
		return err
	}
	if addr, err := strconv.ParseUint(expr, 0, 64); err == nil {
		return report.TextHolders(c.w, r, addr)
	}
	addr, evalErr := c.d.Address(expr)
	if evalErr == nil {
		return report.TextHolders(c.w, r, addr)
	}
	known := called(r, expr)
	if len(known) == 0 {
		return fmt.Errorf("holders: %v", evalErr)
	}
	for _, addr := range known {
		if err := report.TextHolders(c.w, r, addr); err != nil {
			return err
		}
	}
	return nil
}

// called returns the addresses of the objects that a report calls name.
func called(r *diagnose.Report, name string) []uint64 {
	var list []uint64
	for addr, o := range r.Snapshot.Objects {
		if o.Expr == name {
			list = append(list, addr)
		}
	}
	slices.Sort(list)
	return list
}

func waitgraph(c *call, args string) error {
	if err := c.parse("waitgraph", args, nil); err != nil {
		return err
	}
	r, err := c.probed()
	if err != nil {
		return err
	}
	return report.TextWaitGraph(c.w, r)
}
