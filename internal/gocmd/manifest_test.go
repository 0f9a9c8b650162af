package gocmd

import (
	"fmt"
	"os"
	"os/exec"
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
	"m/mid"
)

//go:embed text
var text string

func main() {
	dep.C <- 1
	for v := range lib.C {
		println(v, text)
	}
	<-mid.C
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
-- mid/mid.go --
package mid

import "m/lib"

var C = lib.C

func f() { <-C }
-- dep/go.mod --
module example.com/dep

go 1.20
-- dep/dep.go --
package dep

var C = make(chan int)
`

// TestManifest checks that the cache does not change the result, whatever changes in between, that the rewriter is
// called only if an input has changed, and the go command only if more than bodies has.
func TestManifest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	m := newManifestRun(t)
	m.step("first", more, func() {})
	m.step("nothing", nothing, func() {})
	m.step("a new time", nothing, func() { m.touch("main.go", time.Now().Add(time.Hour)) })
	m.step("a new time again", nothing, func() { m.touch("main.go", time.Now().Add(-time.Hour)) })
	m.step("same size and time", bodies, func() {
		was := m.time("lib/lib.go")
		m.write("lib/lib.go", "package lib\n\nvar D = make(chan int)\n\nvar C = D")
		m.write("lib/lib.go", "package lib\n\nvar E = make(chan int)\n\nvar C = E")
		m.touch("lib/lib.go", was)
	})
	m.step("nothing after a body", nothing, func() {})
	m.step("a body", bodies, func() { m.replace("main.go", "println(v, text)", "println(text, v); <-dep.C") })
	m.step("a file that never could be parsed", more, func() { m.replace("tagged.go", "<-", "<-<-") })
	m.step("types of a package", bodies, func() { m.replace("lib/lib.go", "chan int", "chan string") })
	m.step("a body between two packages", bodies, func() { m.replace("mid/mid.go", "<-C", "<-C; <-C") })
	m.step("a body below it", bodies, func() { m.replace("lib/lib.go", "var E", "func f() { <-E }\n\nvar E") })
	m.step("the same body again", bodies, func() { m.replace("lib/lib.go", "<-E", "<-E; <-E") })
	m.step("two files", bodies, func() {
		m.replace("lib/lib.go", "chan string", "chan any")
		m.replace("main.go", "; <-dep.C", "")
	})
	m.step("import", more, func() { m.replace("lib/lib.go", "package lib", "package lib\n\nimport _ \"sync\"") })
	m.step("embed pattern", more, func() { m.replace("main.go", "//go:embed text", "//go:embed *ext") })
	m.step("comment", more, func() { m.replace("main.go", "package main", "// Main.\npackage main") })
	m.step("embedded file", nothing, func() { m.write("text", "two") })
	m.step("test file without tests", nothing,
		func() { m.write("main_test.go", "package main\n\nvar c = make(chan int)\n") })
	m.step("what was built", nothing, func() { m.write("m", "program") })
	m.step("types of a dependency", more, func() { m.write("dep/dep.go", "package dep\n\nvar C = make(chan any, 1)\n") })
	m.step("go directive", more, func() { m.replace("go.mod", "go 1.26", "go 1.21") })
	m.step("build tag", more, func() { m.replace("tagged.go", "never", "!never"); m.replace("tagged.go", "<-<-", "<-") })
	m.step("renamed file", more, func() { m.rename("tagged.go", "renamed.go") })
	m.step("a body in a renamed file", bodies, func() { m.replace("renamed.go", "<-", "_ = <-") })
	m.step("removed file", more, func() { m.rename("renamed.go", "renamed.txt") })
	m.step("new package", more, func() { m.write("a/b/c.go", "package b\n\nfunc f(c chan int) { <-c }\n") })
	m.step("new folder without source", more, func() { m.write("a/c/readme", "") }) // could be more precise
	m.broken = true
	m.step("compile error", bodies, func() { m.replace("lib/lib.go", "make(chan any)", "1 + nil") })
	m.step("compile error still", bodies, func() {})
	m.step("syntax error", bodies, func() { m.replace("lib/lib.go", "1 + nil", "1 +") })
	m.step("syntax error in the imports", more, func() { m.replace("lib/lib.go", "import _", "import") })
	m.broken = false
	m.step("repaired", more, func() { m.write("lib/lib.go", "package lib\n\nvar C = make(chan string)\n") })
	m.step("nothing after that", nothing, func() {})
	m.step("tests", more, func() { m.tests = true })
	m.step("test file with tests", bodies, func() { m.write("main_test.go", "package main\n\nvar d = make(chan int)\n") })
	m.step("tags", more, func() { m.tags = "-tags=never" })
	m.step("dependencies", more, func() { m.deps = []string{load.AllDeps} })
	m.step("a body of a dependency", bodies, func() { m.replace("dep/dep.go", ", 1)", ")") })
	m.step("workspace", more, func() { m.write("go.work", "go 1.26\n\nuse .\n") })
	m.step("nothing in a workspace", nothing, func() {})
	m.step("a body in a workspace", bodies, func() { m.replace("a/b/c.go", "<-c", "<-c; <-c") })
	m.step("another file of a workspace", more, func() { m.replace("go.work", "use .", "use (\n\t.\n\t./dep\n)") })
	m.step("other probes", more, func() { m.probes = rewrite.ProbeChan })
	m.lost = true
	m.step("stored text gone", nothing, func() {
		if err := os.RemoveAll(filepath.Join(m.cache.dir, texts)); err != nil {
			t.Fatal(err)
		}
	})
	m.step("stored text altered", nothing, func() {
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
	m.lost = false
	m.step("nothing at the end", nothing, func() {})
}

// TestManifestEnv checks the same for what is not in the tree: settings, and the toolchain.
func TestManifestEnv(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	m := newManifestRun(t)
	edits := 0
	edit := func() {
		edits++
		m.replace("lib/lib.go", "\nvar C", fmt.Sprintf("\nvar c%d = make(chan int)\n\nvar C", edits))
	}
	settings := m.name("settings")
	m.env = []string{"GOENV=" + settings}
	m.step("first", more, func() {})
	m.step("a body", bodies, edit)
	m.step("settings", more, func() { m.write("settings", "GOFLAGS=-tags=other\n"); edit() })
	m.step("a body with settings", bodies, edit)
	m.step("tags of the settings", more, func() { m.write("settings", "GOFLAGS=-tags=never\n"); edit() })
	m.step("settings of cgo", more, func() { m.write("settings", "CGO_CFLAGS=-O1\n"); edit() })
	for _, setting := range []string{
		"GOFLAGS=-tags=never", "CGO_ENABLED=0", "CGO_CFLAGS=-O0", "PKG_CONFIG=none", "GOARCH=arm64",
	} {
		m.step(setting, more, func() { m.env = append(m.env, setting); edit() })
		m.step("a body with "+setting, bodies, edit)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "goroot")
	if err := os.Symlink(strings.TrimSpace(string(goroot)), link); err != nil {
		t.Fatal(err)
	}
	m.step("toolchain", more, func() {
		t.Setenv("PATH", filepath.Join(link, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"))
		m.env = append(m.env, "GOROOT="+link)
		edit()
	})
	m.step("a body with another toolchain", bodies, edit)
}

// newManifestRun makes a run with the module.
func newManifestRun(t *testing.T) *manifestRun {
	m := &manifestRun{t: t, dir: t.TempDir(), cache: &Cache{dir: t.TempDir()}, patterns: []string{"./..."}}
	for _, f := range txtar.Parse([]byte(manifestModule)).Files {
		m.write(f.Name, string(f.Data))
	}
	return m
}

// A manifestRun is a module that is changed step by step.
type manifestRun struct {
	t        *testing.T
	dir      string
	cache    *Cache
	patterns []string
	tests    bool
	tags     string
	deps     []string
	env      []string
	probes   rewrite.ProbeSet
	broken   bool // it does not compile
	lost     bool // what is stored is damaged
}

// step makes a change, says what the cache should find changed, and compares the results with and without cache.
func (m *manifestRun) step(what string, want change, change func()) {
	m.t.Helper()
	change()
	time.Sleep(2 * tick) // nothing is remembered of what may have changed while it was read
	env := append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=")
	env = append(env, m.env...)
	tc, err := FindToolchain(m.dir, env, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	cfg := rewrite.Config{Config: load.Config{Dir: m.dir, Env: env, Patterns: m.patterns, Tests: m.tests,
		Arch: tc.Settings["GOARCH"], Deps: m.deps, RuntimePath: CollectorPath}, Probes: m.probes}
	if m.tags != "" {
		cfg.BuildFlags = []string{m.tags}
	}
	key, ok := manifestKey(tc, &cfg)
	if !ok {
		m.t.Fatalf("%s: no key", what)
	}
	if _, got := m.cache.manifest(key, m.tests); got != want {
		m.t.Errorf("%s: the cache finds change %d, want %d", what, got, want)
	}
	got, gotErr := m.instrument(tc, cfg, want < more && !m.broken && !m.lost)
	wanted, wantErr := instrumentOnce(&Cache{dir: m.t.TempDir()}, tc, cfg)
	if (gotErr != nil) != m.broken || (wantErr != nil) != m.broken || m.broken && gotErr.Error() != wantErr.Error() {
		m.t.Errorf("%s: error %v, without cache %v", what, gotErr, wantErr)
	}
	if !reflect.DeepEqual(got, wanted) {
		m.t.Errorf("%s: with cache\n%+v\nwithout\n%+v", what, got, wanted)
	}
}

// instrument runs the rewriter with the cache, and, with alone, without a go command.
func (m *manifestRun) instrument(tc *Toolchain, cfg rewrite.Config, alone bool) (*rewrite.Result, error) {
	if path := os.Getenv("PATH"); alone {
		os.Setenv("PATH", "")
		defer os.Setenv("PATH", path)
	}
	return instrumentOnce(m.cache, tc, cfg)
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
