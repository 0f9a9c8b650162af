package load

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A graph is one pass over the packages that are checked from source.
type graph struct {
	b        *Build
	nodes    map[*packages.Package]*node
	selected []*packages.Package          // the packages to probe
	owners   map[string]*packages.Package // the first of them with a file, by its name
	work     func(*Package) error
	slots    chan struct{} // one for each processor
	budget   *budget       // of packages that are checked with bodies

	lock     sync.Mutex
	failed   error // an error outside the source
	finished int   // how many nodes are done, if Config.Progress is set

	exports
}

// A node is a package that is checked from source.
type node struct {
	*packages.Package
	made *Package // the package to probe; nil if only its types are needed
	done chan struct{}

	// After done:
	broken   bool // it, or a package that it imports, has errors
	declared func() *types.Package
	sum      [32]byte // of everything that its types depend on

	was [32]byte // sum when Config.Listing was made, or zero
}

// Each calls work for each package to probe, after its imports, and for several at once. It leaves a dependency alone
// if work returns an error for it: Left. For code that does not compile it returns a *CompileError, after it has worked
// on the other packages.
func (b *Build) Each(work func(*Package) error) error {
	b.graph = b.newGraph(work)
	if err := b.graph.listExports(); err != nil {
		return err
	}
	b.graph.recall()
	for _, n := range b.graph.nodes {
		go b.graph.visit(n)
	}
	for _, n := range b.graph.nodes {
		<-n.done
	}
	if b.graph.failed != nil {
		return b.graph.failed
	}
	return b.errors()
}

// Types returns the types of the packages of Each, without function bodies.
func (b *Build) Types() ([]*types.Package, error) {
	if err := b.graph.read(); err != nil {
		return nil, err
	}
	var list []*types.Package
	for _, p := range b.graph.selected {
		list = append(list, b.graph.nodes[p].declared())
	}
	return list, b.errors()
}

// newGraph finds the packages to check: those to probe, the test variants of packages that they import, and packages
// between two of them, whose export data would bring types of its own for their imports.
func (b *Build) newGraph(work func(*Package) error) *graph {
	g := &graph{
		b: b, nodes: map[*packages.Package]*node{}, selected: b.choose(), owners: map[string]*packages.Package{}, work: work,
		slots: make(chan struct{}, runtime.GOMAXPROCS(0)), budget: newBudget(), exports: newExports(),
	}
	var add func(p *packages.Package)
	above := b.above()
	add = func(p *packages.Package) {
		if g.nodes[p] != nil || !above(p) && !strings.HasSuffix(p.ID, "]") {
			return
		}
		g.nodes[p] = &node{Package: p, done: make(chan struct{})}
		for _, imported := range p.Imports {
			add(imported)
		}
	}
	for _, p := range g.selected {
		add(p)
		for _, name := range p.GoFiles {
			if g.owners[name] == nil {
				g.owners[name] = p
			}
		}
		g.nodes[p].made = b.newPackage(p)
		g.nodes[p].made.check = func(made *Package, files []*File) error { return g.checkBodies(g.nodes[p], made, files) }
	}
	return g
}

// above returns a function that reports whether a package is to get probes, or imports one that is, directly or not.
func (b *Build) above() func(*packages.Package) bool {
	known := map[*packages.Package]bool{}
	var above func(p *packages.Package) bool
	above = func(p *packages.Package) bool {
		is, done := known[p]
		if done {
			return is
		}
		is = b.wanted(p)
		for _, imported := range p.Imports {
			is = above(imported) || is
		}
		known[p] = is
		return is
	}
	return above
}

// visit works on one package, after its imports.
func (g *graph) visit(n *node) {
	defer close(n.done)
	same := g.unedited(n)
	for _, imported := range n.Imports {
		if dep := g.nodes[imported]; dep != nil {
			<-dep.done
			n.broken = n.broken || dep.broken
			same = same && dep.sum == dep.was
		}
	}
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	switch {
	case n.broken:
	case same:
		g.skip(n)
	default:
		g.do(n)
	}
	g.count()
}

// count counts a package that is done.
func (g *graph) count() {
	if g.b.cfg.Progress == nil {
		return
	}
	g.lock.Lock()
	defer g.lock.Unlock()
	g.finished++
	g.b.cfg.Progress(g.finished, len(g.nodes))
}

// do reads a package, declares it, and works on it if it is to get probes.
func (g *graph) do(n *node) {
	defer g.budget.give(g.budget.take(sizeOf(n.GoFiles)))
	files, cgo, err := g.b.parseAll(n.GoFiles)
	if err != nil {
		g.fail(n, err)
		return
	}
	n.sum = g.sumOf(n, files, cgo)
	declared := g.keep(n, files, cgo)
	n.declared = sync.OnceValue(func() *types.Package { return g.declare(n, declared, cgo) })
	if n.made == nil {
		return
	}
	made := n.made
	n.made = nil // only the code that works on it keeps it
	made.Files, made.Declared = files, n.sum
	for _, f := range files {
		f.Skip = g.owners[f.Name] != n.Package
	}
	err = g.work(made)
	var inSource typeErrors
	switch {
	case err == nil:
	case isDependency(n.Package):
		g.b.leave(n.Package, err.Error())
	case errors.As(err, &inSource):
		g.fail(n, inSource)
	default:
		g.lock.Lock()
		g.failed = err
		g.lock.Unlock()
	}
}

// fail notes an error in the source of a package.
func (g *graph) fail(n *node, err error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	n.broken = true
	note(n.Package, err)
}

// sizeOf returns the size of files in bytes.
func sizeOf(names []string) (n int) {
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			n += int(info.Size())
		}
	}
	return n
}

// config returns how a package is checked. It ignores errors in a package with cgo files, because types from C are
// unknown.
func (g *graph) config(n *node, cgo bool, report func(types.Error)) *types.Config {
	return &types.Config{
		GoVersion: langOf(n.Package), Sizes: g.b.sizes, FakeImportC: cgo, Importer: g.importer(n),
		Error: func(err error) {
			if e, ok := err.(types.Error); ok && !cgo {
				report(e)
			}
		},
	}
}

// declare checks a package without bodies, for those that import it.
func (g *graph) declare(n *node, files []*ast.File, cgo bool) *types.Package {
	if cgo {
		files = g.withTypesOfC(n, files)
	}
	var errs typeErrors
	conf := g.config(n, cgo, func(err types.Error) {
		if !err.Soft { // such as that of a missing body
			errs = append(errs, err)
		}
	})
	conf.IgnoreFuncBodies = true
	checked, _ := conf.Check(n.PkgPath, g.b.Fset, files, nil)
	if errs != nil {
		g.fail(n, errs)
	}
	return checked
}

// checkBodies checks a package for Package.Check. It ignores errors in other files than the given ones, which come from
// their lack of bodies.
func (g *graph) checkBodies(n *node, p *Package, files []*File) error {
	if err := g.read(); err != nil {
		return err
	}
	whole, size := map[*token.File]bool{}, 0
	for _, f := range files {
		whole[f.Tok] = true
		size += len(f.Text)
	}
	var syntax []*ast.File
	cgo := false
	for _, f := range p.Files {
		cgo = cgo || importsC(f.Syntax)
		if whole[f.Tok] {
			syntax = append(syntax, f.Syntax)
		} else {
			declared := declarations(f.Syntax)
			n.dropImports(declared)
			syntax = append(syntax, declared)
		}
	}
	var errs typeErrors
	conf := g.config(n, cgo, func(err types.Error) {
		const most = 10 // as the compiler shows
		if len(errs) < most && (!err.Pos.IsValid() || whole[g.b.Fset.File(err.Pos)]) {
			errs = append(errs, err)
		}
	})
	p.Info = newInfo(size)
	p.Types, _ = conf.Check(n.PkgPath, g.b.Fset, syntax, p.Info)
	if errs != nil {
		return errs
	}
	return nil
}

// importer returns the importer for the imports of a package.
func (g *graph) importer(n *node) types.Importer {
	return importerFunc(func(path string) (*types.Package, error) {
		if imported := n.Imports[path]; imported != nil {
			if dep := g.nodes[imported]; dep != nil {
				return dep.declared(), nil
			}
			path = imported.PkgPath
		}
		if p := g.types[path]; p != nil {
			return p, nil
		}
		return nil, fmt.Errorf("package %q is not loaded", path)
	})
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }
