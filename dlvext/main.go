package dlvext

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-delve/delve/cmd/dlv/cmds"
	"github.com/go-delve/delve/pkg/version"
	delvedebugger "github.com/go-delve/delve/service/debugger"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
)

// An Env is what a session needs of the command that embeds it.
type Env struct {
	// Prepare instruments the packages of a build, and prints what the user should know.
	Prepare func(*gocmd.Invocation) (*gocmd.Prepared, error)
	// After is the default of -after; zero is that of the run that watches the program, else diagnose.DefaultAfter.
	// Answers says how the commands answer.
	After   time.Duration
	Answers inspect.ConsoleOptions
	// Adapter configures the proxy of the command dap; without a Prepare, dap is Delve's own.
	Adapter dap.Options
}

// Main runs `awaittrace dlv` with the arguments args, and returns its exit status. It uses the process's standard
// files, as Delve does.
func Main(args []string, env Env) int {
	root := cmds.New(false)
	root.Use = "dlv"
	root.CompletionOptions.DisableDefaultCmd = true // it would complete the command dlv
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "awaittrace dlv"}
	root.Long = "awaittrace dlv is Delve, with the commands stuck, probe, probes, holders and waitgraph in its " +
		"terminal.\n" +
		"debug and test build with probes.\n\n" + root.Long
	s := &starter{env: env, after: env.After}
	usage := "How long a wait is before it is called stuck."
	if env.After == 0 {
		usage += " (default $AWAITTRACE_AFTER, else that of the run, else 10s)"
	}
	root.PersistentFlags().Var((*duration)(&s.after), "after", usage)
	for _, c := range root.Commands() {
		s.take(c)
	}
	root.SetArgs(doubleDashes(root, args))
	root.SilenceErrors = true
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "awaittrace:", err)
		return 2
	}
	return s.status
}

// A starter runs the Delve commands that open a session.
type starter struct {
	env    Env
	after  time.Duration
	status int
}

// A duration is the value of a flag: positive, or zero without the flag.
type duration time.Duration

func (d *duration) Set(s string) error {
	v, err := gocmd.ParseDuration(s)
	*d = duration(v)
	return err
}

func (d *duration) Type() string { return "duration" }

// String returns nothing for zero, so that help shows no default.
func (d *duration) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}

// take replaces the function of c, if it opens a session: Delve's would exit the process, and build without probes.
func (s *starter) take(c *cobra.Command) {
	var begin func(*settings, []string) int
	switch c.Name() {
	case "debug", "test":
		s.addProbeFlags(c)
		verb := gocmd.Build
		if c.Name() == "test" {
			verb = gocmd.Test
		}
		begin = func(set *settings, args []string) int { return s.build(verb, set, args) }
	case "exec":
		begin = func(set *settings, args []string) int {
			return set.execute(opening{args: args, packages: args, kind: delvedebugger.ExecutingExistingFile})
		}
	case "attach":
		begin = attach
	case "core":
		begin = func(set *settings, args []string) int {
			return set.execute(opening{args: args[:1], core: args[1], packages: args[:1]})
		}
	case "replay":
		begin = func(set *settings, args []string) int {
			set.backend, set.rrCleanup = "rr", false
			return set.execute(opening{core: args[0], packages: args, recording: true})
		}
	case "connect":
		begin = func(set *settings, args []string) int { return set.connect(args[0]) }
	case "dap":
		if s.env.Adapter.Prepare == nil {
			return
		}
		begin = func(set *settings, _ []string) int {
			s.env.Adapter.Diagnosis.After = s.after
			return adapter(s.env, set)
		}
	default:
		return
	}
	c.Run = func(c *cobra.Command, args []string) {
		set := newSettings(c.Flags())
		set.answers = s.env.Answers
		set.answers.After = s.after
		s.status = begin(set, args)
	}
}

// addProbeFlags adds our own build flags.
func (s *starter) addProbeFlags(c *cobra.Command) {
	c.Flags().String("probe", "", "Which kinds of operation get a probe: a list of chan, lock, io, sync, sleep "+
		"(these are the default) and loop.")
	c.Flags().StringArray("probe-func", nil,
		"Also probe calls of these functions: a pattern as go doc takes it. May be repeated.")
	c.Flags().StringArray("deps", nil,
		"Also instrument these dependencies: a pattern of import paths, all (modules), std or none. May be repeated. "+
			"(default $AWAITTRACE_DEPS, or all)")
}

// build runs the commands debug and test.
func (s *starter) build(verb gocmd.Verb, set *settings, args []string) int {
	packages, programArgs := set.split(args)
	b, err := newBuild(verb, set.str("output"), set.str("build-flags"), set.ours(), packages, s.env)
	if err != nil {
		return set.fail(err, 2)
	}
	defer b.remove()
	if err := b.run(); err != nil {
		return set.fail(err, 1)
	}
	kind := delvedebugger.ExecutingGeneratedFile
	if verb == gocmd.Test {
		kind = delvedebugger.ExecutingGeneratedTest
		set.workingDir = cmp.Or(set.workingDir, packageDir(packages))
	}
	set.rebuild = b.run
	return set.execute(opening{args: append([]string{b.exe}, programArgs...), packages: packages, kind: kind})
}

// attach runs the command attach.
func attach(set *settings, args []string) int {
	o := opening{args: args, packages: args, attach: true}
	if len(args) > 0 {
		pid, err := strconv.Atoi(args[0])
		if err != nil {
			return set.fail(fmt.Errorf("attach: invalid process id %q", args[0]), 2)
		}
		o.pid, o.args, o.packages = pid, args[1:], args[1:]
		procfs.AwaitUntraced(pid)
	}
	return set.execute(o)
}

// doubleDashes writes long flags with two dashes, as Delve takes them; for us -flag and --flag are the same.
func doubleDashes(root *cobra.Command, args []string) []string {
	long := make(map[string]bool)
	add := func(f *pflag.Flag) { long[f.Name] = true }
	root.PersistentFlags().VisitAll(add)
	for _, c := range root.Commands() {
		c.Flags().VisitAll(add)
	}
	out := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(out[i:], args[i:])
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if out[i] = arg; strings.HasPrefix(arg, "-") && len(name) > 1 && long[name] {
			out[i] = "-" + arg
		}
	}
	return out
}

// DelveVersion returns what `dlv version` prints of the Delve that is embedded here.
func DelveVersion() string { return version.DelveVersion.String() }
