package gocmd

import "strings"

// A Verb is one of our verbs that stands for a go verb.
type Verb string

// The verbs.
const (
	Build Verb = "build"
	Test  Verb = "test"
	Run   Verb = "run"
	// Instrument takes the flags of build, but -o and -overlay say where it writes.
	Instrument Verb = "instrument"
)

// verbs is a set of Verbs.
type verbs uint8

const (
	inBuild verbs = 1 << iota
	inTest
	inRun
	inInstrument // alone: it has the flags of inBuild too
	inAll        = inBuild | inTest | inRun
)

func (v Verb) set() verbs {
	switch v {
	case Build:
		return inBuild
	case Test:
		return inTest
	case Instrument:
		return inBuild | inInstrument
	default:
		return inRun
	}
}

// A goFlag is a flag of the go command.
type goFlag struct {
	name  string
	value bool  // it takes a value; otherwise it is boolean: -x or -x=true
	verbs verbs // the verbs that have it
	// list: it decides which packages and files are loaded, or how their export data is compiled, so a nested go list
	// needs it.
	list bool
	// prefixed: go test knows it as -test.NAME too.
	prefixed bool
	// hidden: the help of the go command does not list it.
	hidden bool
}

// goFlags are the flags of go build, go test and go run. A test compares them with the help of the installed go
// command.
var goFlags = []goFlag{
	// go help build
	{name: "C", value: true, verbs: inAll},
	{name: "a", verbs: inAll},
	{name: "asan", verbs: inAll, list: true},
	{name: "asmflags", value: true, verbs: inAll, list: true},
	{name: "buildmode", value: true, verbs: inAll, list: true},
	{name: "buildvcs", verbs: inAll, list: true},
	{name: "compiler", value: true, verbs: inAll, list: true},
	{name: "cover", verbs: inAll},
	{name: "covermode", value: true, verbs: inAll},
	{name: "coverpkg", value: true, verbs: inAll},
	{name: "gccgoflags", value: true, verbs: inAll, list: true},
	{name: "gcflags", value: true, verbs: inAll, list: true},
	{name: "installsuffix", value: true, verbs: inAll, list: true},
	{name: "json", verbs: inAll}, // go list has another -json
	{name: "ldflags", value: true, verbs: inAll},
	{name: "linkshared", verbs: inAll, list: true},
	{name: "mod", value: true, verbs: inAll, list: true},
	{name: "modcacherw", verbs: inAll, list: true},
	{name: "modfile", value: true, verbs: inAll, list: true},
	{name: "msan", verbs: inAll, list: true},
	{name: "n", verbs: inAll},
	{name: "overlay", value: true, verbs: inAll}, // merged with ours, see overlay.go
	{name: "p", value: true, verbs: inAll, list: true},
	{name: "pgo", value: true, verbs: inAll, list: true},
	{name: "pkgdir", value: true, verbs: inAll, list: true},
	{name: "race", verbs: inAll, list: true},
	{name: "tags", value: true, verbs: inAll, list: true},
	{name: "toolexec", value: true, verbs: inAll, list: true},
	{name: "trimpath", verbs: inAll, list: true},
	{name: "v", verbs: inAll, prefixed: true},
	{name: "work", verbs: inAll},
	{name: "x", verbs: inAll},
	{name: "debug-actiongraph", value: true, verbs: inAll, hidden: true},
	{name: "debug-runtime-trace", value: true, verbs: inAll, hidden: true},
	{name: "debug-trace", value: true, verbs: inAll, hidden: true},

	{name: "o", value: true, verbs: inBuild | inTest},
	{name: "w", verbs: inInstrument}, // ours

	// go help run, go help test
	{name: "exec", value: true, verbs: inRun | inTest},
	{name: "c", verbs: inTest},

	// go help testflag
	{name: "artifacts", verbs: inTest, prefixed: true},
	{name: "bench", value: true, verbs: inTest, prefixed: true},
	{name: "benchmem", verbs: inTest, prefixed: true},
	{name: "benchtime", value: true, verbs: inTest, prefixed: true},
	{name: "blockprofile", value: true, verbs: inTest, prefixed: true},
	{name: "blockprofilerate", value: true, verbs: inTest, prefixed: true},
	{name: "count", value: true, verbs: inTest, prefixed: true},
	{name: "coverprofile", value: true, verbs: inTest, prefixed: true},
	{name: "cpu", value: true, verbs: inTest, prefixed: true},
	{name: "cpuprofile", value: true, verbs: inTest, prefixed: true},
	{name: "failfast", verbs: inTest, prefixed: true},
	{name: "fullpath", verbs: inTest, prefixed: true},
	{name: "fuzz", value: true, verbs: inTest, prefixed: true},
	{name: "fuzzminimizetime", value: true, verbs: inTest, prefixed: true},
	{name: "fuzztime", value: true, verbs: inTest, prefixed: true},
	{name: "list", value: true, verbs: inTest, prefixed: true},
	{name: "memprofile", value: true, verbs: inTest, prefixed: true},
	{name: "memprofilerate", value: true, verbs: inTest, prefixed: true},
	{name: "mutexprofile", value: true, verbs: inTest, prefixed: true},
	{name: "mutexprofilefraction", value: true, verbs: inTest, prefixed: true},
	{name: "outputdir", value: true, verbs: inTest, prefixed: true},
	{name: "parallel", value: true, verbs: inTest, prefixed: true},
	{name: "run", value: true, verbs: inTest, prefixed: true},
	{name: "short", verbs: inTest, prefixed: true},
	{name: "shuffle", value: true, verbs: inTest, prefixed: true},
	{name: "skip", value: true, verbs: inTest, prefixed: true},
	{name: "timeout", value: true, verbs: inTest, prefixed: true},
	{name: "trace", value: true, verbs: inTest, prefixed: true},
	{name: "vet", value: true, verbs: inTest},
}

// forNamed reports whether a flag with that value applies to the named packages only: -gcflags=-N without a pattern. A
// go list for the export data of other packages must not have it, because it names those, and would compile them again.
func forNamed(name, value string) bool {
	switch name {
	case "asmflags", "gccgoflags", "gcflags":
		value = strings.TrimSpace(value)
		return value == "" || value[0] == '-'
	}
	return false
}

// lookup returns the flag of verb with that name, or nil.
func lookup(verb Verb, name string) *goFlag {
	short, prefixed := strings.CutPrefix(name, "test.")
	for i := range goFlags {
		f := &goFlags[i]
		if f.verbs&verb.set() == 0 || f.name != short {
			continue
		}
		if !prefixed || verb == Test && f.prefixed {
			return f
		}
	}
	return nil
}

// Flags returns the names of the flags of the go command that verb takes, and whether each has a value.
func Flags(verb Verb) map[string]bool {
	flags := make(map[string]bool)
	for _, f := range goFlags {
		if f.verbs&verb.set() != 0 && !f.hidden {
			flags[f.name] = f.value
		}
	}
	return flags
}
