package gocmd

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
)

const manifestModule = `
-- go.mod --
module m

go 1.26

require example.com/dep v0.0.0

replace example.com/dep => ./dep
-- main.go --
package main

import (
	_ "embed"

	"example.com/dep"
	"m/lib"
)

//go:embed text
var text string

func main() {
	dep.C <- 1
	for v := range lib.C {
		println(v, text)
	}
}
-- text --
one
-- main_test.go --
package main
-- tagged.go --
//go:build never

package main

func init() { <-make(chan int) }
-- lib/lib.go --
package lib

var C = make(chan int)
-- dep/go.mod --
module example.com/dep

go 1.20
-- dep/dep.go --
package dep

var C = make(chan int)
`

// TestManifest checks that the cache does not change the result, whatever changes in between, and that the rewriter is
// called only if an input has changed.
func TestManifest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	dir := t.TempDir()
	m := &manifestRun{t: t, dir: dir, cache: &Cache{dir: t.TempDir()}, patterns: []string{"./..."}}
	for _, f := range txtar.Parse([]byte(manifestModule)).Files {
		m.write(f.Name, string(f.Data))
	}
	const yes, no = true, false
	m.step("first", no, func() {})
	m.step("nothing", yes, func() {})
	m.step("a new time", yes, func() { m.touch("main.go", time.Now().Add(time.Hour)) })
	m.step("a new time again", yes, func() { m.touch("main.go", time.Now().Add(-time.Hour)) })
	m.step("same size and time", no, func() {
		was := m.time("lib/lib.go")
		m.write("lib/lib.go", "package lib\n\nvar D = make(chan int)\n\nvar C = D")
		m.write("lib/lib.go", "package lib\n\nvar E = make(chan int)\n\nvar C = E")
		m.touch("lib/lib.go", was)
	})
	m.step("embedded file", yes, func() { m.write("text", "two") })
	m.step("test file without tests", yes,
		func() { m.write("main_test.go", "package main\n\nvar c = make(chan int)\n") })
	m.step("what was built", yes, func() { m.write("m", "program") })
	m.step("types of a dependency", no, func() { m.write("dep/dep.go", "package dep\n\nvar C = make(chan any)\n") })
	m.step("go directive", no, func() { m.replace("go.mod", "go 1.26", "go 1.21") })
	m.step("build tag", no, func() { m.replace("tagged.go", "never", "!never") })
	m.step("renamed file", no, func() { m.rename("tagged.go", "renamed.go") })
	m.step("removed file", no, func() { m.rename("renamed.go", "renamed.txt") })
	m.step("new package", no, func() { m.write("a/b/c.go", "package b\n\nfunc f(c chan int) { <-c }\n") })
	m.step("new folder without source", no, func() { m.write("a/c/readme", "") }) // could be more precise
	m.broken = true
	m.step("compile error", no, func() { m.write("lib/lib.go", "package lib\n\nvar C = 1 + nil\n") })
	m.step("compile error still", no, func() {})
	m.broken = false
	m.step("repaired", no, func() { m.write("lib/lib.go", "package lib\n\nvar C = make(chan string)\n") })
	m.step("nothing after that", yes, func() {})
	m.step("tests", no, func() { m.tests = true })
	m.step("test file with tests", no, func() { m.write("main_test.go", "package main\n\nvar d = make(chan int)\n") })
	m.step("tags", no, func() { m.tags = "-tags=never" })
	m.step("workspace", no, func() { m.write("go.work", "go 1.26\n\nuse .\n") })
	m.step("nothing in a workspace", yes, func() {})
	m.step("other probes", no, func() { m.probes = rewrite.ProbeChan })
	m.step("stored text gone", no, func() {
		if err := os.RemoveAll(filepath.Join(m.cache.dir, texts)); err != nil {
			t.Fatal(err)
		}
	})
	m.step("stored text altered", no, func() {
		stored, err := filepath.Glob(filepath.Join(m.cache.dir, texts, "*", "*"))
		if err != nil || len(stored) == 0 {
			t.Fatalf("%q, %v", stored, err)
		}
		for _, name := range stored {
			if err := os.WriteFile(name, []byte("package m"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	})
	m.step("nothing at the end", yes, func() {})
}

// A manifestRun is a module that is changed step by step.
type manifestRun struct {
	t        *testing.T
	dir      string
	cache    *Cache
	patterns []string
	tests    bool
	tags     string
	probes   rewrite.ProbeSet
	broken   bool // it does not compile
}

// step changes the module, says whether the cache should have its result now, and compares the results with and without
// cache.
func (m *manifestRun) step(what string, known bool, change func()) {
	m.t.Helper()
	change()
	time.Sleep(2 * tick) // nothing is remembered of what may have changed while it was read
	env := append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=")
	tc, err := FindToolchain(m.dir, env, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	cfg := rewrite.Config{Config: load.Config{Dir: m.dir, Env: env, Patterns: m.patterns, Tests: m.tests,
		RuntimePath: CollectorPath}, Probes: m.probes}
	if m.tags != "" {
		cfg.BuildFlags = []string{m.tags}
	}
	key, ok := manifestKey(tc, &cfg)
	if !ok {
		m.t.Fatalf("%s: no key", what)
	}
	if got := m.cache.known(key, m.tests) != nil; got != known {
		m.t.Errorf("%s: the cache has a result: %t, want %t", what, got, known)
	}
	got, gotErr := instrumentOnce(m.cache, tc, cfg)
	want, wantErr := instrumentOnce(&Cache{dir: m.t.TempDir()}, tc, cfg)
	if (gotErr != nil) != m.broken || (wantErr != nil) != m.broken || m.broken && gotErr.Error() != wantErr.Error() {
		m.t.Errorf("%s: error %v, without cache %v", what, gotErr, wantErr)
	}
	if !reflect.DeepEqual(got, want) {
		m.t.Errorf("%s: with cache\n%+v\nwithout\n%+v", what, got, want)
	}
}

func (m *manifestRun) name(name string) string { return filepath.Join(m.dir, filepath.FromSlash(name)) }

func (m *manifestRun) write(name, text string) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(m.name(name)), 0o777); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(m.name(name), []byte(text), 0o666); err != nil {
		m.t.Fatal(err)
	}
}

func (m *manifestRun) replace(name, was, is string) {
	m.t.Helper()
	text, err := os.ReadFile(m.name(name))
	if err != nil {
		m.t.Fatal(err)
	}
	m.write(name, strings.Replace(string(text), was, is, 1))
}

func (m *manifestRun) rename(from, to string) {
	m.t.Helper()
	if err := os.Rename(m.name(from), m.name(to)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *manifestRun) touch(name string, to time.Time) {
	m.t.Helper()
	if err := os.Chtimes(m.name(name), to, to); err != nil {
		m.t.Fatal(err)
	}
}

func (m *manifestRun) time(name string) time.Time {
	m.t.Helper()
	info, err := os.Stat(m.name(name))
	if err != nil {
		m.t.Fatal(err)
	}
	return info.ModTime()
}
