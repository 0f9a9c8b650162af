//go:build linux

// Versions tries awaittrace with other releases of Go as the user's go command, and prints a table with a row for each;
// docs/versions.md says what came of it.
//
//	go run ./scripts/versions [VERSION]...
//
// A version is such as 1.21.13; the default is the last release of each that awaittrace works with. The go command
// fetches those that are not in the module cache. awaittrace itself is built by the newest of them, or by the go
// command at hand if that is newer. The exit status is 1 if anything does not work.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/version"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

var defaults = []string{"1.21.13", "1.22.12", "1.23.12", "1.24.13", "1.25.14", "1.26.8", "1.27.4"}

// module is a program that hangs, with tests of which one leaves a goroutine.
//
//go:embed module.txtar
var module []byte

func main() {
	script.Main("versions", func(s *script.Script, versions []string) error {
		if len(versions) == 0 {
			versions = defaults
		}
		for _, v := range versions {
			if !version.IsValid("go" + v) {
				return script.Usagef("%q is no version such as %s", v, defaults[0])
			}
		}
		slices.SortFunc(versions, func(a, b string) int { return version.Compare("go"+a, "go"+b) })
		failed, err := table(s, versions, os.Stdout, os.Stderr)
		if err == nil && failed > 0 {
			err = fmt.Errorf("%d cells of the table are not yes", failed)
		}
		return err
	})
}

// table writes a line for each version, and returns how many of its cells say no.
func table(s *script.Script, versions []string, w, log io.Writer) (failed int, err error) {
	builder := versions[len(versions)-1]
	if version.Compare("go"+builder, runtime.Version()) < 0 {
		builder = strings.TrimPrefix(runtime.Version(), "go")
	}
	newest, err := find(s, "", builder)
	if err != nil {
		return 0, err
	}
	at := s.Path("awaittrace")
	if _, err := newest.run("", "go", "build", "-o", at, "./cmd/awaittrace"); err != nil {
		return 0, err
	}
	fmt.Fprintf(w, "| Go |")
	for _, f := range faces {
		fmt.Fprintf(w, " %s |", f.name)
	}
	fmt.Fprintf(w, "\n|%s\n", strings.Repeat("---|", len(faces)+1))
	for _, v := range versions {
		t, err := find(s, at, v)
		if err != nil {
			return failed, err
		}
		if err := t.prepare(); err != nil {
			return failed, err
		}
		fmt.Fprintf(w, "| %s |", v)
		for _, f := range faces {
			cell := "yes"
			if err := f.try(t); err != nil {
				cell = "**no**"
				failed++
				fmt.Fprintf(log, "%s, %s: %v\n", v, f.name, err)
			}
			fmt.Fprintf(w, " %s |", cell)
		}
		fmt.Fprintln(w)
		os.RemoveAll(t.work)
	}
	return failed, nil
}

// A toolchain is a release of Go in the place of the user's.
type toolchain struct {
	version string
	minor   int // of the version
	at      string
	work    string // a folder for what is built
	env     []string
}

// find has the go command fetch a toolchain, if need be.
func find(s *script.Script, at, v string) (*toolchain, error) {
	out, err := s.With("GOTOOLCHAIN=go"+v).Output("", "go", "env", "GOROOT", "GOCACHE")
	if err != nil {
		return nil, err
	}
	goroot, goCache, _ := strings.Cut(strings.TrimSpace(out), "\n")
	t := &toolchain{version: v, at: at, work: s.Path(v)}
	if _, err := fmt.Sscanf(v, "1.%d", &t.minor); err != nil {
		return nil, err
	}
	records := s.Path("records")
	if err := os.MkdirAll(records, 0o700); err != nil {
		return nil, err
	}
	t.env = append(os.Environ(), "PATH="+filepath.Join(goroot, "bin")+":"+os.Getenv("PATH"), "GOTOOLCHAIN=local",
		"GOCACHE="+goCache, "XDG_CACHE_HOME="+s.Path("cache"), "AWAITTRACE_DIR="+records, "AWAITTRACE_AFTER=1s")
	return t, nil
}

// prepare writes the modules that are built: a module of this version in "module", the program of all forms in
// "torture".
func (t *toolchain) prepare() error {
	files := make(map[string]string)
	for _, f := range txtar.Parse(module).Files {
		files[f.Name] = string(f.Data)
	}
	if err := script.Write(filepath.Join(t.work, "module"), files); err != nil {
		return err
	}
	torture := filepath.Join(t.work, "torture")
	if err := os.CopyFS(torture, os.DirFS("testdata/torture")); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(torture, "*_*1*.go"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if newer(filepath.Base(name), t.minor) {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(torture, "go.mod"),
		fmt.Appendf(nil, "module awaittrace.test/torture\n\ngo 1.%d\n", t.minor), 0o666)
}

// newer says whether a file of the torture program, such as iterators_go123.go, needs a newer Go than 1.minor.
func newer(name string, minor int) bool {
	_, after, ok := strings.Cut(name, "_go1")
	if !ok {
		_, after, ok = strings.Cut(name, "_std1")
	}
	n := 0
	_, err := fmt.Sscanf(after, "%d.go", &n)
	return ok && err == nil && n > minor
}

// run runs a command in a folder below work, or in this one if dir is empty, and returns its standard output.
func (t *toolchain) run(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	// The go command is found on the PATH that it is to have.
	if name == "go" {
		cmd = exec.Command("env", append([]string{"go"}, args...)...)
	}
	if dir != "" {
		dir = filepath.Join(t.work, dir)
	}
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, t.env, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err,
			stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}
