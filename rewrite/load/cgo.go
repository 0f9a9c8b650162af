package load

import (
	"go/ast"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// withTypesOfC returns the files of a package with cgo files for those that import it. If its declarations name
// something from C, it returns the files that cgo generates, which spell out the types. If there are none, such types
// stay unknown, as they are in the package itself.
func (g *graph) withTypesOfC(n *node, declared []*ast.File) []*ast.File {
	if !slices.ContainsFunc(declared, namesC) {
		return declared
	}
	made, err := packages.Load(g.b.config(packages.NeedName|packages.NeedCompiledGoFiles, false), n.PkgPath)
	if err != nil || len(made) != 1 || len(made[0].Errors) > 0 {
		return declared
	}
	names := made[0].CompiledGoFiles
	for _, name := range n.GoFiles { // the files of a test variant
		if strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	var files []*ast.File
	for _, name := range names {
		f, err := g.b.parseFile(name)
		if err != nil {
			return declared
		}
		files = append(files, declarations(f.Syntax))
	}
	return files
}

// namesC reports whether a file has a name like C.int.
func namesC(f *ast.File) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			id, ok := sel.X.(*ast.Ident)
			found = found || ok && id.Name == "C"
		}
		return !found
	})
	return found
}
