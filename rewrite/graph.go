package rewrite

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"os"
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
	l      *loader
	nodes  map[*packages.Package]*node
	slots  chan struct{} // one for each processor
	lock   sync.Mutex
	failed error // one of the errors

	imports map[string]*types.Package // from export data
}

// A node is a package that is checked from source.
type node struct {
	*packages.Package
	made *pkg // what is instrumented; nil if only its types are wanted
	done chan struct{}
	pkg  *types.Package // after done
}

// checkAll checks the packages to instrument.
func (l *loader) checkAll(named []*packages.Package) ([]*pkg, error) {
	if l.cfg.all {
		return nil, errors.New("packages of the standard library have no export data of their own")
	}
	selected := l.choose(named)
	g := l.newGraph(selected)
	if err := g.check(); err != nil {
		return nil, err
	}
	made := make([]*pkg, len(selected))
	for i, p := range selected {
		made[i] = g.nodes[p].made
	}
	return made, nil
}

// newGraph finds the packages to check: those to instrument, the variants for a test of packages that they import, and packages between two
// that are to be instrumented, whose export data would come with types of its own for what they import.
func (l *loader) newGraph(selected []*packages.Package) *graph {
	g := &graph{
		l: l, nodes: map[*packages.Package]*node{}, slots: make(chan struct{}, runtime.GOMAXPROCS(0)),
		imports: map[string]*types.Package{"unsafe": types.Unsafe},
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
	if err := g.readExports(); err != nil {
		return err
	}
	for _, n := range g.nodes {
		go g.checkNode(n)
	}
	for _, n := range g.nodes {
		<-n.done
	}
	return g.failed
}

// readExports reads the types of the packages that those of the graph import.
func (g *graph) readExports() error {
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
	exported, err := packages.Load(g.l.config(packages.NeedName|packages.NeedExportFile, false), list...)
	if err != nil {
		return err
	}
	for _, p := range exported {
		if err := g.readExport(p); err != nil {
			return err
		}
		delete(paths, p.PkgPath)
	}
	if len(paths) > 0 {
		return fmt.Errorf("no export data for %q", slices.Sorted(maps.Keys(paths)))
	}
	return nil
}

func (g *graph) readExport(p *packages.Package) error {
	if p.ExportFile == "" {
		return fmt.Errorf("no export data for %q", p.PkgPath)
	}
	f, err := os.Open(p.ExportFile)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return err
	}
	_, err = gcexportdata.Read(r, g.l.fset, g.imports, p.PkgPath)
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
	if err := g.checkFiles(n); err != nil {
		g.lock.Lock()
		g.failed = err
		g.lock.Unlock()
	}
}

// checkFiles parses and checks the files of a package.
func (g *graph) checkFiles(n *node) error {
	files, cgo, err := g.l.parseAll(n.GoFiles)
	if err != nil {
		return err
	}
	var first error
	conf := types.Config{
		GoVersion: langOf(n.Package), Sizes: n.TypesSizes, FakeImportC: cgo, Importer: g.importer(n), IgnoreFuncBodies: n.made == nil,
		Error: func(err error) {
			if first == nil && !cgo {
				first = err
			}
		},
	}
	var info *types.Info
	if n.made != nil {
		info = newInfo()
	}
	n.pkg, _ = conf.Check(n.PkgPath, g.l.fset, files, info)
	if n.made != nil {
		n.made.types, n.made.info = n.pkg, info
		g.l.setFiles(n.made, files)
	}
	return first
}

// importer gives what a package imports.
func (g *graph) importer(n *node) types.Importer {
	return importerFunc(func(path string) (*types.Package, error) {
		if imported := n.Imports[path]; imported != nil {
			if dep := g.nodes[imported]; dep != nil {
				return dep.pkg, nil
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
func (l *loader) parseAll(names []string) (files []*ast.File, cgo bool, err error) {
	var withC []*ast.File
	for _, name := range names {
		text, ok := l.cfg.Overlay[name]
		if !ok {
			if text, err = os.ReadFile(name); err != nil {
				return nil, false, err
			}
		}
		f, err := l.parse(l.fset, name, text)
		if err != nil {
			return nil, false, err
		}
		if importsC(f) {
			withC = append(withC, f)
		} else {
			files = append(files, f)
		}
	}
	return append(files, withC...), len(withC) > 0, nil
}

func importsC(f *ast.File) bool {
	return slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"C"` })
}
