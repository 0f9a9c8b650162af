package rewrite

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/packages"
)

// cgoFiles says that files of p import "C". The go command lists what cgo makes of them in their place.
func cgoFiles(p *packages.Package) bool {
	return slices.ContainsFunc(p.GoFiles, func(name string) bool { return !slices.Contains(p.CompiledGoFiles, name) })
}

// checkCgo type-checks the original files of a cgo package and sets the files and types of made. Expressions whose type comes from C have an invalid type.
func (l *loader) checkCgo(p *packages.Package, made *pkg) error {
	files, _, err := l.parseAll(p.GoFiles)
	if err != nil {
		return err
	}
	conf := types.Config{
		FakeImportC: true, GoVersion: made.lang, Sizes: p.TypesSizes, Importer: imports(p),
		Error: func(error) {}, // the go command has compiled the package; what is left comes from C being unknown
	}
	made.info = newInfo()
	made.types, _ = conf.Check(p.PkgPath, l.fset, syntaxOf(files), made.info)
	made.files = files
	return nil
}

// newInfo is what the rules ask for; the rest of what there is would take space.
func newInfo() *types.Info {
	return &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Instances: map[*ast.Ident]types.Instance{}, Selections: map[*ast.SelectorExpr]*types.Selection{}, FileVersions: map[*ast.File]string{},
	}
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
