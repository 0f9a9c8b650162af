package gocmd

import (
	"bytes"
	"fmt"
	"go/build/constraint"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	collector "github.com/awaittrace/awaittrace/runtime"
)

// Assembly takes its parameters from the stack, which costs a probe about as much as what it does with them. In a few
// packages of GOROOT it may have them in registers. One of these serves a test of GOROOT alone, and nothing else
// imports it. So the assembly of the collector becomes part of that package, with the names that it has in the
// collector:
//
//	TEXT ·lock(SB), NOSPLIT, $0-16    =>    TEXT debug·Lock<ABIInternal>(SB), NOSPLIT, $0-16
//		MOVQ m+8(FP), BX
//		…                                   …
//		JMP ·lockSlow(SB)                   JMP debug·lockSlow<ABIInternal>(SB)
//
// The assembly is used as it stands with -race, in a tree that was instrumented, and with releases of Go where the
// package is elsewhere.
const registersPath = collector.Assembly

// allowsRegisters reports whether the assembler of goroot takes functions of the register ABI in the package
// registersPath.
func allowsRegisters(goroot string) bool {
	special, err := os.ReadFile(filepath.Join(goroot, "src", "cmd", "internal", "objabi", "pkgspecial.go"))
	_, missing := os.Stat(filepath.Join(goroot, "src", filepath.FromSlash(registersPath)))
	return err == nil && missing == nil && bytes.Contains(special, []byte(`"`+registersPath+`"`))
}

const (
	assemblyFile = "fast_amd64.s"
	lockFile     = "lock_fast.go"
)

// layoutFiles are the files of the collector from which the assembly has its constants and offsets.
var layoutFiles = []string{"layout.go", "op.go", "fastlayout.go"}

var (
	// A probe that is one call of a function in assembly: its name, parameters and that function.
	wholeProbe = regexp.MustCompile(`(?m)^//\n//go:noinline\nfunc (\w+)(\(.*\)) \{ (\w+)\(.*\) \}$`)

	stackLine = regexp.MustCompile(`(?m)^.*\(FP\).*\n`)
	codeName  = regexp.MustCompile(`(?m)^(TEXT|\tJMP) ·(\w+)\(SB\)`)
	ownName   = regexp.MustCompile(`(^|[^\w·])·(\w+)`)
)

// inRegisters changes the files of the collector to those that use the register ABI. It returns the files of the
// package registersPath.
func inRegisters(files map[string][]byte) (map[string][]byte, error) {
	probes := map[string]string{}
	for _, m := range wholeProbe.FindAllSubmatch(files[lockFile], -1) {
		probes[string(m[3])] = string(m[1])
	}
	files[lockFile] = wholeProbe.ReplaceAll(files[lockFile], []byte("func $1$2"))

	var defined, used []string
	text := stackLine.ReplaceAllString(string(files[assemblyFile]), "")
	text = codeName.ReplaceAllStringFunc(text, func(line string) string {
		m := codeName.FindStringSubmatch(line)
		name := m[2]
		if probe := probes[name]; probe != "" {
			name = probe
		}
		if m[1] == "TEXT" {
			defined = append(defined, name)
		}
		return m[1] + " ·" + name + "<ABIInternal>(SB)"
	})
	for _, m := range ownName.FindAllStringSubmatch(text, -1) {
		used = append(used, m[2])
	}
	text = ownName.ReplaceAllString(text, "${1}"+CollectorPath+"·$2")
	without, err := constrain([]byte(text), "!race")
	if err != nil {
		return nil, err
	}
	if files[assemblyFile], err = constrain(files[assemblyFile], "race"); err != nil {
		return nil, err
	}

	// The linker lets code refer to names of another package only if that says so.
	var names strings.Builder
	fmt.Fprintf(&names, "//go:build !race && (linux || darwin)\n\npackage runtime\n\nimport (\n\t_ %q\n"+
		"\t_ \"unsafe\"\n)\n\n", registersPath)
	slices.Sort(used)
	for _, name := range slices.Compact(used) {
		if !slices.Contains(defined, name) {
			fmt.Fprintf(&names, "//go:linkname %s\n", name)
		}
	}
	files["registers_amd64.go"] = []byte(names.String())

	own := map[string][]byte{"awaittrace_amd64.s": without}
	for _, name := range layoutFiles {
		clause := "\npackage " + path.Base(registersPath) + "\n"
		own["awaittrace_"+name] = bytes.Replace(append([]byte("\n"), files[name]...), []byte("\npackage runtime\n"),
			[]byte(clause), 1)
	}
	return own, nil
}

// constrain adds a build tag, or its negation, to the constraint of a file, which has one.
func constrain(text []byte, tag string) ([]byte, error) {
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	is, err := constraint.Parse(string(line))
	if err != nil {
		return nil, err
	}
	and, err := constraint.Parse("//go:build " + tag)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "//go:build %s\n%s", &constraint.AndExpr{X: is, Y: and}, rest), nil
}
