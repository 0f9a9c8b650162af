package load

import (
	"crypto/sha256"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A Package is a package to probe, as the compiler sees it.
type Package struct {
	Path    string // import path, as symbols have it; main for package main
	Name    string
	Lang    string  // language version of its module, such as "go1.21"
	Trim    string  // the folder in a -trimpath build
	Lib     bool    // it is in a module that is not a main one
	OnBufio bool    // it is in the standard library, and package bufio has probes, too
	Files   []*File // in the order in which the compiler initialises their variables

	// ID differs for each package, each test variant of it, and each way to build it.
	ID [sha256.Size]byte
	// Declared is a hash of the declarations of the package and its imports.
	Declared [sha256.Size]byte

	// Types and Info are set by Check.
	Types *types.Package
	Info  *types.Info

	check func(*Package, []*File) error
}

// A File is a file of a package.
type File struct {
	Name     string // absolute path
	Text     []byte
	Syntax   *ast.File
	Tok      *token.File
	Test     bool // _test.go
	Skip     bool // it is also in another variant of the package from Each
	Embedded bool // it is also data of the program
}

// Check type-checks the package with the function bodies in some of its files, and sets Types and Info. It ignores
// errors in the other files.
func (p *Package) Check(files []*File) error { return p.check(p, files) }

// newPackage returns a package without its files and types.
func (b *Build) newPackage(p *packages.Package) *Package {
	onBufio := b.onBufio(p)
	made := &Package{
		Path: p.PkgPath, Name: p.Name, Lang: langOf(p), Trim: trimmed(p), Lib: p.Module != nil && !p.Module.Main,
		OnBufio: onBufio, ID: Hash(p.ID, p.Dir, b.sizes, b.cfg.BuildFlags, onBufio),
	}
	if p.Name == "main" && p.ForTest == "" {
		made.Path = "main"
	}
	return made
}

// newInfo returns an Info with the maps that the rules use; others would only take space. The maps have room for what
// is usual in so many bytes of source: as they grow, they take up to twice the space, and a tenth of the time.
func newInfo(source int) *types.Info {
	return &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue, source/14), Defs: make(map[*ast.Ident]types.Object, source/120),
		Uses: make(map[*ast.Ident]types.Object, source/20), Selections: make(map[*ast.SelectorExpr]*types.Selection, source/80),
		Instances: map[*ast.Ident]types.Instance{}, FileVersions: map[*ast.File]string{},
	}
}

// parseAll parses the files of a package, in the compiler's order: those that import "C" come last.
func (b *Build) parseAll(names []string) (files []*File, cgo bool, err error) {
	all := make([]*File, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { all[i], errs[i] = b.parseFile(name) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, false, err
	}
	var withC []*File
	for _, f := range all {
		if importsC(f.Syntax) {
			withC = append(withC, f)
		} else {
			files = append(files, f)
		}
	}
	return append(files, withC...), len(withC) > 0, nil
}

func (b *Build) parseFile(name string) (*File, error) {
	text, ok := b.cfg.Overlay[name]
	if !ok {
		var err error
		if text, err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	syntax, err := parser.ParseFile(b.Fset, name, text, parser.ParseComments|parser.SkipObjectResolution|parser.AllErrors)
	if err != nil {
		return nil, err
	}
	f := &File{Name: name, Text: text, Syntax: syntax, Tok: b.Fset.File(syntax.FileStart),
		Test: strings.HasSuffix(name, "_test.go"), Embedded: b.embedded[name]}
	sums := Sums{sha256.Sum256(text), headOf(f.Tok, syntax, text)}
	b.mu.Lock()
	b.sums[name] = sums
	b.mu.Unlock()
	return f, nil
}

func importsC(f *ast.File) bool {
	return slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"C"` })
}
