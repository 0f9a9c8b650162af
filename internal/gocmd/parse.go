package gocmd

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
)

// DefaultAfter is how long a wait is before it is called stuck, where nobody says otherwise.
const DefaultAfter = 10 * time.Second

// Options are our own flags, which every go verb has.
type Options struct {
	// Probes are the kinds of -probe.
	Probes rewrite.ProbeSet
	// ProbeFuncs are the patterns of -probe-func.
	ProbeFuncs []string
	// Deps are the patterns of -deps; none: see Invocation.deps.
	Deps []string
	// ChanCap is -chan-cap: how large the buffer of a channel may be; zero is no limit.
	ChanCap int
	// IOTimeout is -io-timeout: the deadline of network reads and writes that have none; zero is none.
	IOTimeout time.Duration
	// After is -after: how long a wait is before it is called stuck.
	After time.Duration
	// LockOrder is -lock-order: find locks that are taken in orders that can deadlock. With Run and Test.
	LockOrder bool
	// Known is -known, the file of the leaks that are known, and KnownUpdate -known-update, which writes it. With Test.
	Known       string
	KnownUpdate bool
	// NoSource is -no-source: reports have no lines of source. With Run and Test.
	NoSource bool
	// Reports are the files of -html, -junit and -sarif, by format. With Test.
	Reports map[string]string
}

// ourFlags are the names of our flags. All take a value.
var ourFlags = []string{"probe", "probe-func", "deps", "chan-cap", "io-timeout", "after"}

// ReportFormats are the formats of the flags of test that write a report to a file.
var ReportFormats = []string{"html", "junit", "sarif"}

// An Invocation is a parsed command line.
type Invocation struct {
	Verb    Verb
	Options Options
	// Dir is the folder of -C, or empty for the current one. GoArgs does not repeat it.
	Dir string
	// GoArgs is what follows `go VERB`, in the given order, without our flags, -C and -overlay. With Run it ends before
	// the package.
	GoArgs []string
	// ListFlags are the flags of GoArgs that a nested go list needs, each as one -name=value.
	ListFlags []string
	// Packages are the packages, patterns or .go files.
	Packages []string
	// Args are the arguments of the program, with Run.
	Args []string

	// Progress, if it is not nil, is called while probes are put in, one call at a time, with how many packages are
	// done and how many there are.
	Progress func(done, total int)
	// Debugger means that a debugger runs the program. Dependencies then get probes by default in tests too.
	Debugger bool

	values map[string]string // the last value of each go flag; "true" for a boolean without one
}

// Value returns the value of the go flag with that name, or "" if it is not given. A boolean flag has "true".
func (inv *Invocation) Value(name string) string { return inv.values[name] }

// Bool reports whether the boolean go flag with that name is given, and not as -name=false.
func (inv *Invocation) Bool(name string) bool {
	on, err := strconv.ParseBool(inv.values[name])
	return err == nil && on
}

// A UsageError is an error in the command line: exit status 2.
type UsageError struct{ msg string }

func (e *UsageError) Error() string { return e.msg }

func usagef(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// ErrHelp means that the command line asks for help (-h, -help).
var ErrHelp = errors.New("help requested")

// After returns the default for -after, which is env (the value of AWAITTRACE_AFTER) unless that is empty.
func After(env string) (time.Duration, error) {
	if env == "" {
		return DefaultAfter, nil
	}
	d, err := ParseDuration(env)
	if err != nil {
		return 0, usagef("invalid AWAITTRACE_AFTER %q: %v", env, err)
	}
	return d, nil
}

// depsVariable is the variable that sets the default for -deps.
const depsVariable = "AWAITTRACE_DEPS"

// deps returns the patterns of the dependencies that get probes, and whether they are the default, which may match
// nothing: all modules, except in tests, which are about the module itself, and in source that is written.
func (inv *Invocation) deps(env []string) (patterns []string, byDefault bool, err error) {
	if len(inv.Options.Deps) > 0 {
		return inv.Options.Deps, false, nil
	}
	if value := lastValue(env, depsVariable); value != "" {
		if err := load.CheckDeps(value); err != nil {
			return nil, false, usagef("%s: %s", depsVariable, strings.TrimPrefix(err.Error(), "-deps: "))
		}
		return []string{value}, true, nil
	}
	if (inv.Verb == Test || inv.Verb == Instrument) && !inv.Debugger {
		return []string{load.NoDeps}, true, nil
	}
	return []string{load.AllDeps}, true, nil
}

// Parse parses the arguments of verb. after is the default for -after. Its errors are ErrHelp and UsageErrors.
func Parse(verb Verb, args []string, after time.Duration) (*Invocation, error) {
	p := parser{
		inv: &Invocation{Verb: verb, Options: Options{Probes: rewrite.DefaultProbes, After: after},
			values: map[string]string{}},
		args: args,
	}
	var err error
	if verb == Test {
		err = p.testArgs()
	} else {
		err = p.goArgs()
	}
	if err != nil {
		return nil, err
	}
	return p.inv, p.inv.check()
}

// check rejects what cannot work with probes.
func (inv *Invocation) check() error {
	if inv.Options.KnownUpdate && inv.Options.Known == "" {
		return usagef("-known-update needs -known FILE, the file to write")
	}
	if err := inv.checkIdle(); err != nil {
		return err
	}
	if inv.Verb == Instrument {
		if err := inv.checkForm(); err != nil {
			return err
		}
		if flag := inv.coverFlag(); flag != "" {
			return usagef("%s has no meaning for source; awaittrace test and build take it", flag)
		}
	}
	if inv.Options.IOTimeout > 0 && inv.Options.Probes&rewrite.ProbeIO == 0 {
		return usagef("-io-timeout needs io among the kinds of -probe: a deadline is set where a read or write has " +
			"its probe")
	}
	for _, pkg := range inv.Packages {
		if strings.Contains(pkg, "@") && !strings.HasPrefix(pkg, ".") && !strings.HasPrefix(pkg, "/") &&
			!strings.HasSuffix(pkg, ".go") {
			return usagef("%s: a package of the module cache gets no probes; clone its module and give a package of "+
				"the clone", pkg)
		}
	}
	return nil
}

// checkIdle rejects flags about tests that run where none does.
func (inv *Invocation) checkIdle() error {
	idle := "-list"
	switch {
	case inv.Bool("c"):
		idle = "-c"
	case inv.Value("list") == "":
		return nil
	}
	about := slices.Sorted(maps.Keys(inv.Options.Reports))
	if inv.Options.Known != "" {
		about = append(about, "known")
	}
	if inv.Options.LockOrder {
		about = append(about, "lock-order")
	}
	if len(about) > 0 {
		return usagef("-%s is about tests that run, and with %s none does; leave one of them out", about[0], idle)
	}
	return nil
}

// coverFlag is the first of the flags for coverage that is given, or empty.
func (inv *Invocation) coverFlag() string {
	for _, name := range coverFlags {
		if _, given := inv.values[name]; given && (name != "cover" || inv.Bool(name)) {
			return "-" + name
		}
	}
	return ""
}

// A parser walks over a command line.
type parser struct {
	inv  *Invocation
	args []string // not yet walked over
}

// A word is a kind of argument at the front of a command line.
type word int

const (
	aPackage    word = iota // not a flag
	aFlag                   // a go flag or one of ours, which next has taken
	anUnknown               // an unknown flag
	aTerminator             // --
)

// goArgs parses `[flags] [packages]` and, for Run, `[flags] package [args]`, as the flag package does.
func (p *parser) goArgs() error {
	for len(p.args) > 0 {
		w, _, err := p.next()
		if err != nil {
			return err
		}
		if w == aFlag {
			continue
		}
		if w == anUnknown {
			return usagef("flag provided but not defined: %s%s", p.args[0], p.meant())
		}
		if w == aTerminator {
			p.args = p.args[1:]
		}
		break
	}
	if p.inv.Verb == Run {
		return p.program()
	}
	p.inv.Packages = p.args
	p.keep(p.args...)
	return nil
}

// meant returns the error for the unknown flag in front, with a suggestion.
func (p *parser) meant() string {
	names := append(slices.Sorted(maps.Keys(Flags(p.inv.Verb))), ourFlags...)
	for i := range names {
		names[i] = "-" + names[i]
	}
	name, _, _ := strings.Cut(strings.TrimLeft(p.args[0], "-"), "=")
	return DidYouMean("-"+name, names)
}

// program takes the package, or the .go files, and the arguments of the program.
func (p *parser) program() error {
	n := 0
	for n < len(p.args) && strings.HasSuffix(p.args[n], ".go") {
		n++
	}
	if n == 0 {
		if len(p.args) == 0 || strings.HasPrefix(p.args[0], "-") {
			return usagef("no package to run is given; the one of this folder is %q", ".")
		}
		n = 1
	}
	p.inv.Packages, p.inv.Args = p.args[:n:n], p.args[n:]
	return nil
}

// testArgs parses `[flags] [packages] [flags] [-args …]` by the rules of go test, which passes unknown flags on and
// looks for its own beyond: see testFlags in cmd/go/internal/test/testflag.go.
func (p *parser) testArgs() error {
	inPackages, packagesDone, afterUnknown := false, false, false
	for len(p.args) > 0 {
		wasAfterUnknown := afterUnknown
		afterUnknown = false
		w, hasValue, err := p.next()
		if err != nil {
			return err
		}
		switch w {
		case aTerminator:
			p.keep(p.args...)
			return nil
		case aPackage:
			if packagesDone && !inPackages {
				if !wasAfterUnknown { // and everything after it is for the test
					p.keep(p.args...)
					return nil
				}
			} else {
				inPackages, packagesDone = true, true
				p.inv.Packages = append(p.inv.Packages, p.args[0])
			}
			p.keep(p.args[0])
			p.args = p.args[1:]
			continue
		case anUnknown:
			packagesDone = true
			if p.args[0] == "-args" || p.args[0] == "--args" {
				p.keep(p.args...)
				return nil
			}
			p.keep(p.args[0])
			p.args = p.args[1:]
			afterUnknown = !hasValue
		}
		inPackages = false
	}
	return nil
}

// next returns the kind of the first argument, and takes a go flag or one of ours with its value.
func (p *parser) next() (w word, hasValue bool, err error) {
	arg := p.args[0]
	if len(arg) < 2 || arg[0] != '-' {
		return aPackage, false, nil
	}
	if arg == "--" {
		return aTerminator, false, nil
	}
	name := strings.TrimPrefix(arg[1:], "-")
	name, value, hasValue := strings.Cut(name, "=")
	if name == "" || name[0] == '-' {
		return 0, false, usagef("bad flag syntax: %s", arg)
	}
	ours := slices.Contains(ourFlags, name) ||
		p.inv.Verb == Test && (name == "known" || slices.Contains(ReportFormats, name))
	if on := p.ourSwitch(name); on != nil {
		return p.turn(on, name, value, hasValue)
	}
	flag := lookup(p.inv.Verb, name)
	switch {
	case name == "h" || name == "help":
		return 0, false, ErrHelp
	case !ours && flag == nil:
		return anUnknown, hasValue, nil
	}
	taken := p.args[:1]
	if ours || flag.value {
		if !hasValue {
			if len(p.args) < 2 {
				return 0, false, usagef("flag needs an argument: -%s", name)
			}
			value, taken = p.args[1], p.args[:2]
		}
	} else if !hasValue {
		value = "true"
	}
	p.args = p.args[len(taken):]
	if ours {
		return aFlag, true, p.inv.setOurs(name, value)
	}
	return aFlag, true, p.setGo(flag, value, taken)
}

// ourSwitch returns the option that one of our boolean flags sets, or nil if there is no such flag.
func (p *parser) ourSwitch(name string) *bool {
	switch verb := p.inv.Verb; {
	case name == "known-update" && verb == Test:
		return &p.inv.Options.KnownUpdate
	case name == "lock-order" && (verb == Run || verb == Test):
		return &p.inv.Options.LockOrder
	case name == "no-source" && (verb == Run || verb == Test):
		return &p.inv.Options.NoSource
	}
	return nil
}

// turn sets an option to the value of its flag, which is true if the flag has none.
func (p *parser) turn(on *bool, name, value string, hasValue bool) (_ word, _ bool, err error) {
	*on = true
	if hasValue {
		if *on, err = strconv.ParseBool(value); err != nil {
			return 0, false, usagef("invalid -%s %q (want true or false)", name, value)
		}
	}
	p.args = p.args[1:]
	return aFlag, true, nil
}

// setOurs sets our flag with that name.
func (inv *Invocation) setOurs(name, value string) (err error) {
	switch name {
	case "probe":
		if inv.Options.Probes, err = rewrite.ParseProbes(value); err != nil {
			return usagef("%v", err)
		}
	case "probe-func":
		if err := rewrite.CheckProbeFunc(value); err != nil {
			return usagef("%v", err)
		}
		inv.Options.ProbeFuncs = append(inv.Options.ProbeFuncs, value)
	case "deps":
		if err := load.CheckDeps(value); err != nil {
			return usagef("%v", err)
		}
		inv.Options.Deps = append(inv.Options.Deps, value)
	case "chan-cap":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > math.MaxInt32 {
			return usagef("invalid -chan-cap %q: must be the size of a buffer, 1 or more", value)
		}
		inv.Options.ChanCap = n
	case "io-timeout":
		inv.Options.IOTimeout, err = ParseDuration(value)
		if err != nil {
			return usagef("invalid -io-timeout %q: %v", value, err)
		}
	case "html", "junit", "sarif":
		if inv.Options.Reports == nil {
			inv.Options.Reports = make(map[string]string)
		}
		inv.Options.Reports[name] = value
	case "known":
		inv.Options.Known = value
	case "after":
		inv.Options.After, err = ParseDuration(value)
		if err != nil {
			return usagef("invalid -after %q: %v", value, err)
		}
	}
	return nil
}

// ParseDuration returns the duration of a flag, which is positive.
func ParseDuration(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, errors.New("must be a duration such as 500ms, 10s or 2m")
	}
	if d <= 0 {
		return 0, errors.New("must be positive, such as 10s")
	}
	return d, nil
}

// setGo notes a go flag; taken are its arguments.
func (p *parser) setGo(f *goFlag, value string, taken []string) error {
	inv := p.inv
	first := len(inv.GoArgs) == 0 && len(inv.values) == 0
	inv.values[f.name] = value
	switch f.name {
	case "C":
		if !first {
			return usagef("-C flag must be first flag on command line")
		}
		inv.Dir = value
		return nil
	case "overlay": // handed on as a part of our own
		return nil
	case "toolexec": // handed on together with our own
		if inv.Verb != Instrument {
			inv.ListFlags = append(inv.ListFlags, "-toolexec="+value)
			return nil
		}
	case "o", "w":
		if inv.Verb == Instrument {
			return nil
		}
	case "exec": // go build, which run comes down to, does not have it
		if inv.Verb == Run {
			return nil
		}
	}
	if f.list && !forNamed(f.name, value) {
		inv.ListFlags = append(inv.ListFlags, "-"+f.name+"="+value)
	}
	p.keep(taken...)
	return nil
}

func (p *parser) keep(args ...string) {
	p.inv.GoArgs = append(p.inv.GoArgs, args...)
}
