package rewrite

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

var corpus = flag.String("corpus", "",
	"folder of a module that TestCorpus instruments with its dependencies, and TestRevertCorpus; empty is the "+
		"standard library, of which TestCorpus takes a few packages, and with std most")

// TestCorpus instruments some packages of the standard library, or the module that -corpus names with all its
// dependencies. The output parses and type-checks, and every statement keeps its position.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("loads the standard library")
	}
	cfg := Config{Config: load.Config{Dir: *corpus,
		Env:      append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off", "CGO_ENABLED=0"),
		Patterns: []string{"./..."}}, Probes: DefaultProbes | ProbeLoop}
	cfg.Deps = []string{"std", load.AllDeps}
	switch cfg.Dir {
	case "":
		cfg.Dir, cfg.Patterns = stdFolder(t), []string{"net/http", "database/sql", "os/...", "log/...", "text/..."}
	case "std":
		cfg.Dir, cfg.Patterns = stdFolder(t),
			[]string{"net/http/...", "database/sql", "os/...", "log/...", "testing/...", "go/...", "text/...",
				"encoding/..."}
	}
	p, result := mustInstrument(t, cfg)
	if len(result.Files) == 0 {
		t.Fatal("nothing was instrumented")
	}
	checkLines(t, result)
	inTree := checkTree(t, p)
	for _, name := range inTree.Unformatted {
		t.Logf("not formatted: %s", name)
	}
	g := newCorpus(t, p, result)
	for _, pkg := range p.pkgs {
		g.check(pkg)
	}
	t.Logf("%d packages, %d files, sites: %v, %d skipped", len(p.pkgs), len(result.Files), result.Sites,
		len(result.Skipped))
	reasons := map[string]int{}
	for _, s := range result.Skipped {
		if strings.HasPrefix(s.Reason, unreadable) {
			t.Errorf("%s: %s", s.Pos, s.Reason)
		}
		reasons[s.Reason]++
	}
	for reason, n := range reasons {
		t.Logf("skipped: %d %s", n, reason)
	}
}

func stdFolder(t *testing.T) string {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "src")
}

var revertCorpus = flag.Bool("revert-corpus", false, "run TestRevertCorpus")

// TestRevertCorpus instruments the whole standard library, or the module that -corpus names with its tests, as a tree.
// All files revert to the originals: see checkTree. It prints a line of the table of scripts/revert, which runs it.
func TestRevertCorpus(t *testing.T) {
	if !*revertCorpus {
		t.Skip("loads large modules; -revert-corpus runs it")
	}
	cfg := Config{
		Config: load.Config{
			Dir:         *corpus,
			Env:         append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off"),
			Patterns:    []string{"./..."},
			Tests:       true,
			RuntimePath: "m/" + CollectorFolder,
		},
		Probes: DefaultProbes | ProbeLoop,
	}
	name := filepath.Base(cfg.Dir)
	if cfg.Dir == "" {
		name, cfg.Dir, cfg.Patterns, cfg.Deps = "std", stdFolder(t), []string{"std"}, []string{"std"}
		cfg.Env, cfg.Tests = append(cfg.Env, "GOFLAGS=", "GOPROXY=off", "CGO_ENABLED=0"), false
	}
	p, _ := mustInstrument(t, cfg)
	r := checkTree(t, p)
	lines := 0
	for _, f := range r.Files {
		lines += bytes.Count(f.Text, []byte("\n//line :"))
	}
	sites := 0
	for _, n := range r.Sites {
		sites += n
	}
	for _, name := range r.Unformatted {
		t.Logf("not formatted: %s", name)
	}
	fmt.Printf("| %s | %d | %d | %d | %d |\n", name, len(r.Files), sites, lines, len(r.Unformatted))
}

// A loaded program type-checks instrumented packages against its own loaded packages, so that the collector and the
// packages agree on package sync.
type loaded struct {
	t        *testing.T
	packages map[string]*types.Package
	under    map[string]bool // what the collector itself is built from
	texts    map[string][]byte
	debug    *types.Package
}

func newCorpus(t *testing.T, p *program, r *Result) *loaded {
	g := &loaded{t: t, packages: map[string]*types.Package{"unsafe": types.Unsafe}, under: map[string]bool{},
		texts: map[string][]byte{}}
	for _, f := range r.Files {
		g.texts[f.Name] = f.Text
	}
	var add func(*types.Package)
	add = func(p *types.Package) {
		if old := g.packages[p.Path()]; old == nil || !old.Complete() && p.Complete() {
			g.packages[p.Path()] = p
			for _, imported := range p.Imports() {
				add(imported)
			}
		}
	}
	declared, err := p.build.Types()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range declared {
		add(p)
	}
	g.debug = g.collector()
	var below func(*types.Package)
	below = func(p *types.Package) {
		if !g.under[p.Path()] {
			g.under[p.Path()] = true
			for _, imported := range p.Imports() {
				below(imported)
			}
		}
	}
	below(g.debug)
	return g
}

func (g *loaded) collector() *types.Package {
	fset := token.NewFileSet()
	names, err := runtimeFiles()
	if err != nil {
		g.t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			g.t.Fatal(err)
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: imported(g.imported)}
	p, err := conf.Check("debug", fset, files, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return p
}

func (g *loaded) imported(path string) (*types.Package, error) {
	if path == "debug" && g.debug != nil {
		return g.debug, nil
	}
	if p := g.packages["vendor/"+path]; p != nil {
		return p, nil
	}
	if p := g.packages[path]; p != nil {
		return p, nil
	}
	stdLock.Lock()
	defer stdLock.Unlock()
	return std().Import(path)
}

// check type-checks a package, unless the collector is built from it, or cgo is.
func (g *loaded) check(pkg *load.Package) {
	if g.under[pkg.Types.Path()] {
		return
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, src := range pkg.Files {
		text, ok := g.texts[src.Name]
		if !ok {
			text = src.Text
		}
		f, err := parser.ParseFile(fset, src.Name, text, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			g.t.Fatalf("the output does not parse: %v", err)
		}
		for _, spec := range f.Imports {
			if spec.Path.Value == `"C"` {
				return
			}
		}
		files = append(files, f)
	}
	conf := types.Config{GoVersion: pkg.Lang, Importer: imported(g.imported), Error: func(err error) {
		g.t.Errorf("the output does not type-check: %v", err)
	}}
	conf.Check(pkg.Types.Path(), fset, files, nil)
}
