package rewrite

import (
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

// instrumentedIn lists the instrumented files relative to dir.
func instrumentedIn(dir string, r *Result) string {
	var names []string
	for _, f := range r.Files {
		rel, _ := filepath.Rel(dir, f.Name)
		names = append(names, filepath.ToSlash(rel))
	}
	return strings.Join(names, " ")
}

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
		cfg := Config{Dir: dir, Env: offline(), Trimpath: true}
		if patterns != "" {
			cfg.Deps = []string{patterns}
		}
		_, r := mustInstrument(t, cfg)
		if got := instrumentedIn(dir, r); got != strings.TrimSpace(want+" main.go") {
			t.Errorf("%q: instrumented %q, want %q and main.go", patterns, got, want)
		}
		checkStream(t, cfg)
		for _, f := range r.Files {
			if strings.HasPrefix(f.Name, filepath.Join(dir, "dep")) && !strings.Contains(string(f.Text), `{File: "example.com/dep@v1.0.0/dep.go"`) {
				t.Errorf("%s: sites do not name the file as -trimpath does:\n%s", f.Name, f.Text)
			}
		}
	}
	_, r := mustInstrument(t, Config{Dir: dir, Env: offline()})
	if len(r.Modules) != 2 || r.Modules[0] != (Module{"example.com/between", "v1.2.3", filepath.Join(dir, "between"), "./between", ""}) {
		t.Errorf("modules: %v", r.Modules)
	}
}

func TestLoadDepsUnmatched(t *testing.T) {
	t.Parallel()
	dir := module(t, sandwich)
	for pattern, want := range map[string]string{
		"example.com/dep/sub": "matches no package that this build imports",
		"sync":                "matches the standard library alone, of which the collector itself is made",
	} {
		checkUnmatched(t, Config{Dir: dir, Env: offline(), Deps: []string{pattern}}, want)
	}
	for _, pattern := range []string{"", "./dep", "../x", "/abs", "x@v1", "a b", "x/", "x/*"} {
		if err := CheckDeps(pattern); err == nil {
			t.Errorf("%q: no error", pattern)
		}
	}
}

// A dependency that cannot be instrumented is left alone, and its name and the reason are in the result; the others are instrumented. Where there is no
// dependency, all of them is none.
func TestDepsLeft(t *testing.T) {
	dir := module(t, strings.Replace(sandwich, "\tc <- 1\n", "\tc <- \"no int\"\n", 1))
	r, _, err := Instrument(Config{Dir: dir, Env: offline(), Deps: []string{AllDeps}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Left) != 1 || r.Left[0].Package != "example.com/between" || !strings.Contains(r.Left[0].Reason, "no int") {
		t.Errorf("left alone: %v", r.Left)
	}
	if r.Sites["recv"] == 0 || r.Sites["make"] != 0 {
		t.Errorf("probes: %v", r.Sites)
	}
	alone := module(t, "-- go.mod --\nmodule m\n-- main.go --\npackage main\nfunc main() { <-make(chan int) }\n")
	for _, deps := range []string{AllDeps, NoDeps} {
		if r, _, err = Instrument(Config{Dir: alone, Env: offline(), Deps: []string{deps}}, nil); err != nil || r.Sites["recv"] != 1 {
			t.Errorf("-deps %s: %v, %v", deps, r, err)
		}
	}
}

// A go statement of a dependency tells who called that; one of a main module is the user's own, and one of a tree stays as it is.
func TestDepsStarts(t *testing.T) {
	t.Parallel()
	dir := module(t, strings.NewReplacer("\tc <- 1\n", "again:\n\tgo func() { c <- 1 }()\n\tif cap(c) > 1 {\n\t\tgoto again\n\t}\n", "func main() {", "func main() {\n\tgo main()\n\t").Replace(sandwich))
	for revertible, want := range map[bool]int{false: 1, true: 0} {
		cfg := Config{Dir: dir, Env: offline(), Deps: []string{AllDeps}, Revertible: revertible}
		_, r := mustInstrument(t, cfg)
		for _, f := range r.Files {
			n := strings.Count(string(f.Text), ".Starts(&")
			if in := strings.HasPrefix(f.Name, filepath.Join(dir, "between")); in && n != want || !in && n != 0 {
				t.Errorf("%s, revertible %v: %d go statements told of:\n%s", f.Name, revertible, n, f.Text)
			}
		}
		if r.Sites["go"] != want {
			t.Errorf("revertible %v: probes: %v", revertible, r.Sites)
		}
		checkStream(t, cfg)
	}
}
