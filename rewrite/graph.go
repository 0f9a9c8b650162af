package rewrite

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

// A graph type-checks the packages of the main modules itself, from source, and takes the types of all others from export data. go/packages
// would have the go command compile the packages of the main modules too, only to be asked for their types.
type graph struct {
	l        *loader
	nodes    map[*packages.Package]*node
	work     func(*node) error // what is done with each package, after those that it imports
	slots    chan struct{}     // one for each processor
	lock     sync.Mutex
	failed   error // one of the errors
	finished int   // how many nodes are done, where somebody wants to know

	exports map[string]string         // files with export data, by import path
	imports map[string]*types.Package // from export data
}

// A node is a package that is checked from source.
type node struct {
	*packages.Package
	made *pkg // what is instrumented; nil if only its types are wanted
	done chan struct{}

	declared func() *types.Package // of a stream, after done: its types
	sum      [sha256.Size]byte     // of a stream, after done: of all that its types come from
}

var errNoExports = errors.New("packages of the standard library have no export data of their own")

// newGraph finds the packages to check: those to instrument, the variants for a test of packages that they import, and packages between two
// that are to be instrumented, whose export data would come with types of its own for what they import.
func (l *loader) newGraph(selected []*packages.Package) *graph {
	g := &graph{
		l: l, nodes: map[*packages.Package]*node{}, slots: make(chan struct{}, runtime.GOMAXPROCS(0)),
		exports: map[string]string{}, imports: map[string]*types.Package{"unsafe": types.Unsafe},
	}
	var add func(p *packages.Package)
	above := l.above()
	add = func(p *packages.Package) {
		if g.nodes[p] != nil || !above(p) && !strings.HasSuffix(p.ID, "]") {
			return
		}
		g.nodes[p] = &node{Package: p, done: make(chan struct{})}
		for _, imported := range p.Imports {
			add(imported)
		}
	}
	for _, p := range selected {
		add(p)
		g.nodes[p].made = newPkg(p)
	}
	return g
}

// above returns a function that says whether a package is to be instrumented, or imports one that is, directly or not.
func (l *loader) above() func(*packages.Package) bool {
	known := map[*packages.Package]bool{}
	var above func(p *packages.Package) bool
	above = func(p *packages.Package) bool {
		is, done := known[p]
		if done {
			return is
		}
		is = l.wanted(p, true)
		for _, imported := range p.Imports {
			is = above(imported) || is
		}
		known[p] = is
		return is
	}
	return above
}

// check checks all packages. An error means that go/packages must load them: some do not compile, or need what cgo makes of others.
func (g *graph) check() error {
	for _, n := range g.nodes {
		go g.checkNode(n)
	}
	for _, n := range g.nodes {
		<-n.done
	}
	return g.failed
}

// listExports finds the export data of the packages that those of the graph import.
func (g *graph) listExports() error {
	paths := map[string]bool{}
	for p := range g.nodes {
		for _, imported := range p.Imports {
			if g.nodes[imported] == nil && imported.PkgPath != "unsafe" && imported.PkgPath != "C" {
				paths[imported.PkgPath] = true
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	list := slices.Sorted(maps.Keys(paths))
	config := g.l.config(packages.NeedName|packages.NeedExportFile, false)
	if profile := g.l.profile(); profile != "" {
		config.BuildFlags = append(slices.Clip(config.BuildFlags), "-pgo="+profile)
	}
	exported, err := packages.Load(config, list...)
	if err != nil {
		return err
	}
	for _, p := range exported {
		if p.ExportFile != "" {
			g.exports[p.PkgPath] = p.ExportFile
			delete(paths, p.PkgPath)
		}
	}
	if len(paths) > 0 {
		return fmt.Errorf("no export data for %q", slices.Sorted(maps.Keys(paths)))
	}
	return nil
}

// profile is the default.pgo by which the build compiles all that its main package imports, or "". Without the flag, what is listed by itself would be
// compiled once more, without a profile. Several main packages may have several profiles: then it is left to the go command.
func (l *loader) profile() string {
	const name = "default.pgo" // see setPGOProfilePath in cmd/go/internal/load/pkg.go
	if l.cfg.Tests || slices.ContainsFunc(l.cfg.BuildFlags, func(f string) bool { return strings.HasPrefix(f, "-pgo=") && f != "-pgo=auto" }) {
		return ""
	}
	if len(l.named) != 1 || l.named[0].Name != "main" || len(l.named[0].GoFiles) == 0 {
		return ""
	}
	file := filepath.Join(filepath.Dir(l.named[0].GoFiles[0]), name)
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		return ""
	}
	return file
}

// readExports reads the types that listExports has found.
func (g *graph) readExports() error {
	for _, path := range slices.Sorted(maps.Keys(g.exports)) {
		if err := g.readExport(path, g.exports[path]); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) readExport(path, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	// The file is an archive where the go command has compiled the package for a build, and not for its export data alone.
	r, err := gcexportdata.NewReader(f) //lint:ignore SA1019 there is nothing else for archives
	if err != nil {
		return err
	}
	_, err = gcexportdata.Read(r, g.l.fset, g.imports, path)
	return err
}

// checkNode checks one package, after those that it imports.
func (g *graph) checkNode(n *node) {
	defer close(n.done)
	for _, imported := range n.Imports {
		if dep := g.nodes[imported]; dep != nil {
			<-dep.done
		}
	}
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	if g.hasFailed() {
		return
	}
	if err := g.work(n); err != nil {
		g.fail(err)
	}
	g.count()
}

// count notes that one more package is done.
func (g *graph) count() {
	if g.l.cfg.Progress == nil {
		return
	}
	g.lock.Lock()
	defer g.lock.Unlock()
	g.finished++
	g.l.cfg.Progress(g.finished, len(g.nodes))
}

func (g *graph) fail(err error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.failed = err
}

func (g *graph) hasFailed() bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	return g.failed != nil
}

// config says how a package is checked. Errors in a package with cgo files are left out: what is from C is unknown.
func (g *graph) config(n *node, cgo bool, report func(types.Error)) *types.Config {
	return &types.Config{
		GoVersion: langOf(n.Package), Sizes: n.TypesSizes, FakeImportC: cgo, Importer: g.importer(n),
		Error: func(err error) {
			if e, ok := err.(types.Error); ok && !cgo {
				report(e)
			}
		},
	}
}

// importer gives what a package imports.
func (g *graph) importer(n *node) types.Importer {
	return importerFunc(func(path string) (*types.Package, error) {
		if imported := n.Imports[path]; imported != nil {
			if dep := g.nodes[imported]; dep != nil {
				return dep.declared(), nil
			}
			path = imported.PkgPath
		}
		if p := g.imports[path]; p != nil {
			return p, nil
		}
		return nil, fmt.Errorf("package %q is not loaded", path)
	})
}

// parseAll parses the files of a package, in the order in which the compiler gets them: those that import "C" come last.
func (l *loader) parseAll(names []string) (files []*source, cgo bool, err error) {
	all := make([]*source, len(names))
	errs := make([]error, len(names))
	inParallel(len(names), func(i int) { all[i], errs[i] = l.parseFile(names[i]) })
	if err := errors.Join(errs...); err != nil {
		return nil, false, err
	}
	var withC []*source
	for _, f := range all {
		if importsC(f.syntax) {
			withC = append(withC, f)
		} else {
			files = append(files, f)
		}
	}
	return append(files, withC...), len(withC) > 0, nil
}

func (l *loader) parseFile(name string) (*source, error) {
	text, ok := l.cfg.Overlay[name]
	if !ok {
		var err error
		if text, err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	syntax, err := l.syntax(l.fset, name, text)
	return &source{name: name, text: text, syntax: syntax, test: isTest(name), embedded: l.embedded[name]}, err
}

// syntaxOf are the syntax trees of files.
func syntaxOf(files []*source) []*ast.File {
	list := make([]*ast.File, len(files))
	for i, f := range files {
		list[i] = f.syntax
	}
	return list
}

func importsC(f *ast.File) bool {
	return slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"C"` })
}
