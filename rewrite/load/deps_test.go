package load

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// sandwich is a module that uses the types of a dependency, and gets values of them from another dependency in between.
const sandwich = `
-- go.mod --
module m

go 1.26

require (
	example.com/between v1.2.3
	example.com/dep v1.0.0
)

replace (
	example.com/between => ./between
	example.com/dep => ./dep
)
-- main.go --
package main

import (
	"net/http"

	"example.com/between"
	"example.com/dep"
)

var _ http.Header

func main() { dep.Wait(between.New()) }
-- between/go.mod --
module example.com/between

go 1.26

require example.com/dep v1.0.0
-- between/between.go --
package between

import "example.com/dep"

func New() dep.C {
	c := make(dep.C, 1)
	c <- 1
	return c
}
-- dep/go.mod --
module example.com/dep

go 1.26
-- dep/dep.go --
package dep

type C chan int

func Wait(c C) { <-c }
-- dep/sub/sub.go --
package sub
`

func TestLoadDeps(t *testing.T) {
	t.Parallel()
	dir := module(t, sandwich)
	for patterns, want := range map[string]string{
		"":                    "",
		"example.com/dep/...": "dep/dep.go",
		"example.com/between": "between/between.go",
		"example.com/between,m, example.com/d...": "between/between.go dep/dep.go",
		"all": "between/between.go dep/dep.go",
	} {
		cfg := Config{Dir: dir, Env: offline()}
		if patterns != "" {
			cfg.Deps = []string{patterns}
		}
		mustTake(t, cfg, strings.TrimSpace(want+" main.go"))
	}
	b, err := List(Config{Dir: dir, Env: offline(), Deps: []string{"example.com/dep"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Modules) != 2 ||
		b.Modules[0] != (Module{"example.com/between", "v1.2.3", filepath.Join(dir, "between"), "./between", ""}) {
		t.Errorf("modules: %v", b.Modules)
	}
	err = b.Each(func(p *Package) error {
		if p.Name == "dep" && p.Trim != "example.com/dep@v1.0.0" {
			t.Errorf("-trimpath names the folder %s", p.Trim)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLoadDepsUnmatched(t *testing.T) {
	t.Parallel()
	dir := module(t, sandwich)
	for pattern, want := range map[string]string{
		"example.com/dep/sub": "matches no package that this build imports",
		"sync":                "matches only the standard library, which the collector itself imports",
	} {
		checkUnmatched(t, Config{Dir: dir, Env: offline(), Deps: []string{pattern}}, want)
	}
	for _, pattern := range []string{"", "./dep", "../x", "/abs", "x@v1", "a b", "x/", "x/*"} {
		if err := CheckDeps(pattern); err == nil {
			t.Errorf("%q: no error", pattern)
		}
	}
}

// TestDepsLeft checks that a dependency that cannot be checked is left alone, with its name and the reason, and that
// the others are taken. Without dependencies, "all" matches none.
func TestDepsLeft(t *testing.T) {
	dir := module(t, strings.Replace(sandwich, "\tc <- 1\n", "\tc <- \"no int\"\n", 1))
	b := mustTake(t, Config{Dir: dir, Env: offline(), Deps: []string{AllDeps}}, "between/between.go dep/dep.go main.go")
	if len(b.Left) != 1 || b.Left[0].Package != "example.com/between" || !strings.Contains(b.Left[0].Reason, "no int") {
		t.Errorf("left alone: %v", b.Left)
	}
	alone := module(t, "-- go.mod --\nmodule m\n-- main.go --\npackage main\nfunc main() { <-make(chan int) }\n")
	for _, deps := range []string{AllDeps, NoDeps} {
		mustTake(t, Config{Dir: alone, Env: offline(), Deps: []string{deps}}, "main.go")
	}
}

// TestDepsBroken checks that all dependencies are left alone if the declarations of one do not compile.
func TestDepsBroken(t *testing.T) {
	dir := module(t, strings.Replace(sandwich, "type C chan int", "type C chan int\n\nvar x unknown", 1))
	cfg := Config{Dir: dir, Env: offline(), Deps: []string{AllDeps}}
	b, _, err := each(t, cfg)
	if !b.LeaveDeps(err) || len(b.Left) != 2 || b.LeaveDeps(errors.New("another")) {
		t.Errorf("%v: left alone: %v", err, b.Left)
	}
	write(t, filepath.Join(dir, "main.go"), "package main\n\nvar y int = \"two\"\n")
	if b, _, err = each(t, cfg); b.LeaveDeps(err) {
		t.Errorf("dependencies are left alone for %v", err)
	}
}
