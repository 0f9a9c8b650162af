package rewrite

import (
	"fmt"
	"go/ast"
	"go/types"
	"os"
	"slices"

	"golang.org/x/tools/go/packages"
)

// cgoFiles gives the files of p that import "C". The go command lists what cgo makes of them in their place.
func cgoFiles(p *packages.Package) []string {
	var files []string
	for _, name := range p.GoFiles {
		if !slices.Contains(p.CompiledGoFiles, name) {
			files = append(files, name)
		}
	}
	return files
}

// checkCgo type-checks the original files of a cgo package and sets the types of made. Expressions whose type comes from C have an invalid type.
// The order of the files is the compiler's: those that import "C" come last.
func (l *loader) checkCgo(p *packages.Package, made *pkg, cgo []string) ([]*ast.File, error) {
	var files []*ast.File
	for _, f := range p.Syntax {
		if slices.Contains(p.GoFiles, l.fset.File(f.FileStart).Name()) {
			files = append(files, f)
		}
	}
	for _, name := range cgo {
		text, ok := l.cfg.Overlay[name]
		if !ok {
			var err error
			if text, err = os.ReadFile(name); err != nil {
				return nil, err
			}
		}
		f, err := l.parse(l.fset, name, text)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	conf := types.Config{
		FakeImportC: true, GoVersion: made.lang, Sizes: p.TypesSizes, Importer: imports(p),
		Error: func(error) {}, // the go command has compiled the package; what is left comes from C being unknown
	}
	made.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Instances: map[*ast.Ident]types.Instance{}, Scopes: map[ast.Node]*types.Scope{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, FileVersions: map[*ast.File]string{},
	}
	made.types, _ = conf.Check(p.PkgPath, l.fset, files, made.info)
	return files, nil
}

// imports is an importer of what p imports.
func imports(p *packages.Package) types.Importer {
	byPath := map[string]*types.Package{"unsafe": types.Unsafe}
	for _, imported := range p.Types.Imports() {
		byPath[imported.Path()] = imported
	}
	return importerFunc(func(path string) (*types.Package, error) {
		if dep := p.Imports[path]; dep != nil && dep.PkgPath != "" {
			path = dep.PkgPath
		}
		if imported := byPath[path]; imported != nil {
			return imported, nil
		}
		return nil, fmt.Errorf("package %q is not loaded", path)
	})
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }
