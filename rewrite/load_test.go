package rewrite

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// module writes the files of an archive to a new folder.
func module(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		write(t, filepath.Join(dir, f.Name), f.Data)
	}
	return dir
}

// The profile of a main package is for all that it imports.
func TestProfile(t *testing.T) {
	dir := module(t, `
-- go.mod --
module m
-- a/main.go --
package main
func main() {}
-- a/default.pgo --
-- b/main.go --
package main
func main() {}
-- lib/lib.go --
package lib
-- lib/default.pgo --
`)
	for _, test := range []struct {
		cfg  Config
		want string
	}{
		{Config{Patterns: []string{"./a"}}, filepath.Join(dir, "a", "default.pgo")},
		{Config{Patterns: []string{"./a"}, BuildFlags: []string{"-pgo=auto"}}, filepath.Join(dir, "a", "default.pgo")},
		{Config{Patterns: []string{"./a"}, BuildFlags: []string{"-pgo=off"}}, ""},
		{Config{Patterns: []string{"./b"}}, ""},
		{Config{Patterns: []string{"./lib"}}, ""},
		{Config{Patterns: []string{"./..."}}, ""},
	} {
		test.cfg.Dir, test.cfg.Env = dir, offline()
		l, _, err := begin(test.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.profile(); got != test.want {
			t.Errorf("%q %q: profile %q, want %q", test.cfg.Patterns, test.cfg.BuildFlags, got, test.want)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module m

go 1.26
-- typ/typ.go --
package typ

var x int = "one"
-- syntax/syntax.go --
package syntax

func {
-- missing/missing.go --
package missing

import _ "m/nowhere"
-- good/good.go --
package good

import _ "m/typ"
-- fine/fine.go --
package fine
-- fine/fine_test.go --
package fine_test

import _ "testing"
`)
	for pattern, want := range map[string]string{
		"./typ":      "typ.go:3:13",
		"./syntax":   "syntax.go:3:6",
		"./missing":  "m/nowhere",
		"./good":     "typ.go:3:13",
		"./none":     "none",
		"./typ/x.go": "x.go",
	} {
		_, _, err := Instrument(Config{Dir: dir, Env: offline(), Patterns: []string{pattern}}, nil)
		var compile *CompileError
		if !errors.As(err, &compile) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a CompileError that names %s", pattern, err, want)
		}
	}
	for _, patterns := range [][]string{{"./typ", "./good", "./fine"}, {"./missing", "./fine"}, {"./syntax", "./fine"}} {
		_, _, err := Instrument(Config{Dir: dir, Env: offline(), Patterns: patterns, Tests: true}, nil)
		var compile *CompileError
		if !errors.As(err, &compile) || !slices.Equal(compile.Good, []string{"m/fine"}) {
			t.Errorf("%s: got %v, want a CompileError that leaves m/fine", patterns, err)
		}
	}
	_, _, err := Instrument(Config{Dir: filepath.Join(dir, "none"), Env: offline()}, nil)
	if err == nil {
		t.Error("a folder that does not exist: no error")
	}
}

// Instrumenting a workspace takes the packages of all its modules, and those alone that the build needs.
// A module of the user's may have the name of the collector, and a folder too.
func TestNamesOfTheCollector(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module debug

go 1.26
-- main.go --
package main

import _ "debug/awaittrace_runtime"

func main() { <-make(chan int) }
-- awaittrace_runtime/a.go --
package awaittrace_runtime

func F() { <-make(chan int) }
`)
	cfg := Config{Dir: dir, Env: offline(), Patterns: []string{"./..."}}
	if _, _, err := Instrument(cfg, nil); err == nil || !strings.Contains(err.Error(), `module "debug" has the import path that the collector has`) {
		t.Errorf("got %v", err)
	}
	cfg.RuntimePath = "debug/" + CollectorFolder + "/runtime"
	if _, result := mustInstrument(t, cfg); len(result.Files) != 2 {
		t.Errorf("%d files have probes, want 2", len(result.Files))
	}
}

func TestLoadWorkspace(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.work --
go 1.26

use (
	./a
	./b
)
-- a/go.mod --
module example.com/a

go 1.26
-- a/main.go --
package main

import "example.com/b"

func main() { <-b.C }
-- a/unused/unused.go --
package unused

var C = make(chan int)
-- b/go.mod --
module example.com/b

go 1.20
-- b/b.go --
package b

var C = make(chan int)
`)
	var env []string
	for _, v := range offline() {
		if v != "GOWORK=off" && v != "GOFLAGS=-mod=mod" {
			env = append(env, v)
		}
	}
	_, result := mustInstrument(t, Config{Dir: filepath.Join(dir, "a"), Env: env})
	var names []string
	for _, f := range result.Files {
		rel, _ := filepath.Rel(dir, f.Name)
		names = append(names, rel)
	}
	if got := strings.Join(names, " "); got != "a/main.go b/b.go" {
		t.Errorf("instrumented %s", got)
	}
}

// Files on the command line are a package without a module.
func TestLoadFiles(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module m

go 1.26
-- main.go --
package main

import "m/lib"

func main() { <-lib.C }
-- other.go --
package other
-- main_test.go --
package main
-- lib/lib.go --
package lib

var C = make(chan int)
`)
	for _, tests := range []bool{false, true} {
		_, result := mustInstrument(t, Config{Dir: dir, Env: offline(), Patterns: []string{"main.go"}, Tests: tests})
		if len(result.Files) != 2 {
			t.Errorf("tests %t: instrumented %d files, want main.go and lib.go", tests, len(result.Files))
		}
	}
}

// Where packages cannot be checked from source, go/packages loads them, with the same result.
func TestLoadAll(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module m

go 1.26
-- main.go --
package main

import "m/lib"

func main() { <-lib.C }
-- main_test.go --
package main_test

var c = make(chan int)
-- lib/lib.go --
package lib

var C = make(chan int)
`)
	for _, tests := range []bool{false, true} {
		cfg := Config{Dir: dir, Env: offline(), Tests: tests, RuntimePath: "debug", Probes: DefaultProbes}
		p, want := mustInstrument(t, cfg)
		l := newLoader(cfg, nil, p.fset)
		var err error
		if l.named, err = l.list(); err != nil {
			t.Fatal(err)
		}
		other := *p
		if other.pkgs, err = l.loadAll(); err != nil {
			t.Fatal(err)
		}
		dedupe(other.pkgs)
		got, err := other.instrument()
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Files) != len(want.Files) {
			t.Fatalf("%d files, want %d", len(got.Files), len(want.Files))
		}
		for i, f := range got.Files {
			if f.Name != want.Files[i].Name || string(f.Text) != string(want.Files[i].Text) {
				t.Errorf("%s differs:\n%s", f.Name, f.Text)
			}
		}
	}
}
