//go:build linux && (amd64 || arm64)

// Reach measures package reach with programs of several versions of Go, and prints a table.
//
//	go run ./scripts/reach [-go 1.21.13,1.26.8] [-ways plain,race,stripped] [-samples 1000] [-for 20s] [PART...]
//
// The parts, all of them by default but cost:
//
//	waits      testdata/waits with each version, with and without -race, and stripped: each wait against its comment
//	storm      testdata/storm, likewise: -samples samples, of which none may prove anything
//	healthy    the programs of testdata/healthy, likewise: sampled for -for each, over all versions
//	go         Go's own programs for its profile of leaks (GOROOT/src/runtime/testdata/testgoroutineleakprofile) against that profile, and
//	           against what Go's test of it knows to leak in them
//	arm64      testdata/waits in the emulation of qemu-user, by the core that it writes
//	cost       pause, total and memory for many goroutines and large heaps; it takes up to 12 GB of memory
//
// The go command fetches the toolchains that it does not have. The exit status is 1 if anything was proven that is not
// so.
package main

import (
	"errors"
	"flag"
	"fmt"
	"go/version"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == lookVerb {
		os.Exit(lookAlone(os.Args[2], os.Stdout, os.Stderr))
	}
	versions := flag.String("go", "1.21.13,1.23.12,1.26.8,1.27.4", "versions of Go")
	ways := flag.String("ways", "plain,race,stripped", "how the programs are built")
	samples := flag.Int("samples", 1000, "samples of storm, over all versions")
	length := flag.Duration("for", 20*time.Second, "how long each healthy program is sampled")
	script.Main("reach", func(s *script.Script, names []string) error {
		j := &job{Script: s, versions: strings.Split(*versions, ","), ways: strings.Split(*ways, ","),
			samples: *samples, length: *length, out: os.Stdout, log: os.Stderr}
		return j.run(names)
	})
}

// A job is a run of the script.
type job struct {
	*script.Script
	versions []string
	ways     []string
	samples  int
	length   time.Duration
	out, log io.Writer
	wrong    int // proofs that are false
}

// A part is one thing that is measured.
type part struct {
	name  string
	extra bool // not by default
	run   func(*job) error
}

var parts = []part{
	{"waits", false, (*job).waits}, {"storm", false, (*job).storm}, {"healthy", false, (*job).healthy},
	{"go", false, (*job).goProfile},
	{"arm64", false, (*job).arm64}, {"cost", true, (*job).cost},
}

// run runs the parts with these names, or all but the extra ones.
func (j *job) run(names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return script.Usagef("no part %q", name)
		}
	}
	var errs []error
	for _, p := range parts {
		if len(names) == 0 && p.extra || len(names) > 0 && !slices.Contains(names, p.name) {
			continue
		}
		if err := p.run(j); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	fmt.Fprintf(j.out, "false proofs: %d\n", j.wrong)
	if j.wrong > 0 {
		errs = append(errs, script.ErrFailed)
	}
	return errors.Join(errs...)
}

// A variant is a way to build a program.
type variant struct {
	version string // such as 1.26.8
	name    string // of the way; empty: plain
	flags   []string
	env     []string
}

// variants are the ways in which the programs are built.
func (j *job) variants() (list []variant) {
	for _, v := range j.versions {
		for _, way := range j.ways {
			switch way {
			case "plain":
				list = append(list, variant{version: v})
			case "race":
				list = append(list, variant{v, "-race", []string{"-race"}, nil})
			case "stripped":
				list = append(list, variant{v, "stripped", []string{"-ldflags=-s -w"}, nil})
			}
		}
	}
	return list
}

// build builds a program of testdata as a module of its own, for versions of Go that do not know ours.
func (j *job) build(name string, v variant) (string, error) {
	dir, exe := j.Path(name+"-"+v.version+"/"+name), j.Path(name+"-"+v.version+"/program"+v.name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		return "", err
	}
	// The language also says what timers are like.
	lang := strings.TrimPrefix(version.Lang("go"+v.version), "go")
	mod := "module " + name + "\n\ngo " + lang + "\n\nrequire golang.org/x/sync v0.7.0\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		return "", err
	}
	return exe, j.goBuild(dir, exe, v)
}

// goBuild builds the package in a folder.
func (j *job) goBuild(dir, exe string, v variant) error {
	s := j.With("GOFLAGS=-mod=mod", "GOWORK=off", "GONOSUMDB=golang.org/x")
	if v.version != "" {
		s = s.With("GOTOOLCHAIN=go" + v.version)
	}
	if err := s.With(v.env...).Run(dir, slices.Concat([]string{"go", "build", "-buildvcs=false", "-o", exe}, v.flags,
		[]string{"."})...); err != nil {
		return fmt.Errorf("go %s %s: %w", v.version, v.name, err)
	}
	return nil
}

// here is the version of Go at hand.
func here() string { return strings.TrimPrefix(runtime.Version(), "go") }
