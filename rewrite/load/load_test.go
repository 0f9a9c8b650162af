package load

import (
	"encoding/json"
	"errors"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/awaittrace/awaittrace/runtime"
	"golang.org/x/tools/txtar"
)

func offline() []string {
	return append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
}

// each checks all files of the packages of Each, and returns those files relative to cfg.Dir.
func each(t *testing.T, cfg Config) (*Build, string, error) {
	t.Helper()
	b, err := List(cfg)
	if err != nil {
		return nil, "", err
	}
	var lock sync.Mutex
	var names []string
	err = b.Each(func(p *Package) error {
		lock.Lock()
		for _, f := range p.Files {
			if rel, err := filepath.Rel(cfg.Dir, f.Name); err == nil && !f.Skip && filepath.IsAbs(f.Name) {
				names = append(names, filepath.ToSlash(rel))
			}
		}
		lock.Unlock()
		return p.Check(p.Files)
	})
	slices.Sort(names)
	return b, strings.Join(names, " "), err
}

// mustTake fails unless these are the files of the packages of Each, also with what the go command has told before.
func mustTake(t *testing.T, cfg Config, want string) *Build {
	t.Helper()
	b, got, err := each(t, cfg)
	if err != nil || got != want {
		t.Errorf("%q, -deps %q: took %s, %v; want %s", cfg.Patterns, cfg.Deps, got, err, want)
		return b
	}
	data, err := json.Marshal(b.Inputs().Listing)
	if err == nil {
		err = json.Unmarshal(data, &cfg.Listing)
	}
	if err != nil {
		t.Fatal(err)
	}
	again, got, err := each(t, cfg)
	if err != nil || got != want || !reflect.DeepEqual(again.Inputs(), b.Inputs()) ||
		!reflect.DeepEqual(again.Modules, b.Modules) || !reflect.DeepEqual(again.Left, b.Left) {
		t.Errorf("%q, -deps %q: took %s, %v with a listing; want %s", cfg.Patterns, cfg.Deps, got, err, want)
	}
	return b
}

// module writes the files of an archive to a new folder.
func module(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		write(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestProfile checks that the profile of a main package serves all its imports.
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
		b, err := List(test.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.profile(); got != test.want {
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
		_, _, err := each(t, Config{Dir: dir, Env: offline(), Patterns: []string{pattern}})
		var compile *CompileError
		if !errors.As(err, &compile) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a CompileError that names %s", pattern, err, want)
		}
	}
	for _, patterns := range [][]string{{"./typ", "./good", "./fine"}, {"./missing", "./fine"},
		{"./syntax", "./fine"}} {
		_, _, err := each(t, Config{Dir: dir, Env: offline(), Patterns: patterns, Tests: true})
		var compile *CompileError
		if !errors.As(err, &compile) || !slices.Equal(compile.Good, []string{"m/fine"}) {
			t.Errorf("%s: got %v, want a CompileError that leaves m/fine", patterns, err)
		}
	}
	_, _, err := each(t, Config{Dir: filepath.Join(dir, "none"), Env: offline()})
	if err == nil {
		t.Error("a folder that does not exist: no error")
	}
}

// TestNamesOfTheCollector checks that a module of the user's may have the name of the collector, and a folder too.
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
	if _, err := List(cfg); err == nil ||
		!strings.Contains(err.Error(), `module "debug" has the import path of the collector`) {
		t.Errorf("got %v", err)
	}
	cfg.RuntimePath = "debug/" + runtime.Folder + "/runtime"
	mustTake(t, cfg, "awaittrace_runtime/a.go main.go")
}

// TestLoadWorkspace checks that in a workspace Each takes packages of all modules, but only those that the build needs.
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
	mustTake(t, Config{Dir: filepath.Join(dir, "a"), Env: env}, "../b/b.go main.go")
}

// TestLoadFiles checks that files on the command line are a package without a module.
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
		mustTake(t, Config{Dir: dir, Env: offline(), Patterns: []string{"main.go"}, Tests: tests}, "lib/lib.go main.go")
	}
}

// TestTypesOfC checks that packages that import a cgo package know its types from C.
func TestTypesOfC(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module m

go 1.26
-- main.go --
package main

import "m/lib"

func main() { <-lib.Chans[0] }
-- lib/lib.go --
package lib

// #define N 3
import "C"

var Chans [C.N]chan int
-- lib/lib_test.go --
package lib_test

import "m/lib"

var c = lib.Chans[1]
`)
	for _, patterns := range [][]string{{"."}, {"./..."}} {
		b, err := List(Config{Dir: dir, Env: offline(), Patterns: patterns, Tests: true})
		if err != nil {
			t.Fatal(err)
		}
		err = b.Each(func(p *Package) error {
			if err := p.Check(p.Files); err != nil || p.Name == "lib" {
				return err
			}
			for e, tv := range p.Info.Types {
				if tv.Type == types.Typ[types.Invalid] {
					t.Errorf("%s: an expression has no type", b.Fset.Position(e.Pos()))
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestDeclared checks that an imported package has its types, though the values of its variables are dropped.
func TestDeclared(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module m

go 1.26
-- main.go --
package main

import "m/lib"

var (
	_ [3]int = [len(lib.Long)]int{}
	_ [6]int = [len(lib.Keyed)]int{}
	_ [2]int = [len(lib.Given)]int{}
)

func main() { <-lib.Map["a"]; <-lib.List[0]; <-lib.Struct.C; <-lib.Typed; <-lib.Called; <-lib.Pointer.C }
-- lib/lib.go --
package lib

type S struct{ C chan int }

var (
	Long    = [...]string{"a", "b", "c"}
	Keyed   = [...]string{5: "f"}
	Given   = [2]string{"a"}
	Map     = map[string]chan int{"a": make(chan int)}
	List    = []chan int{make(chan int)}
	Struct  = S{make(chan int)}
	Pointer = &S{make(chan int)}
	Called  = call()

	Typed chan int = call()
)

func call() chan int { return make(chan int) }
`)
	mustTake(t, Config{Dir: dir, Env: offline()}, "lib/lib.go main.go")
}

// TestSizes checks that types have the sizes of the build's architecture.
func TestSizes(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module m

go 1.26
-- main.go --
package main

import "unsafe"

var Word [4]int = [unsafe.Sizeof(uintptr(0))]int{}

func main() { <-make(chan int) }
`)
	env := append(offline(), "GOARCH=386")
	for _, arch := range []string{"", "386"} {
		mustTake(t, Config{Dir: dir, Env: env, Arch: arch}, "main.go")
	}
	if _, _, err := each(t, Config{Dir: dir, Env: env, Arch: "amd64"}); err == nil {
		t.Error("a word of amd64 has four bytes")
	}
}

// TestListRunsNoCgo checks that listing a package with cgo files does not compile them.
func TestListRunsNoCgo(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module m

go 1.26
-- main.go --
package main

import "C"

func main() { <-make(chan C.int) }
`)
	mustTake(t, Config{Dir: dir, Env: append(offline(), "CGO_ENABLED=1", "CC=/nonexistent/cc")}, "main.go")
}
