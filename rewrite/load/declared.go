package load

import (
	"crypto/sha256"
	"encoding/json"
	"go/ast"
	"go/token"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"

	"golang.org/x/tools/go/packages"
)

// declarations returns a file without comments, function bodies, and the values of variables whose types do not depend
// on them. Its declarations have the same types.
func declarations(f *ast.File) *ast.File {
	b := *f
	b.Doc, b.Comments = nil, nil
	b.Decls = slices.Clone(f.Decls)
	for i, d := range b.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			declared := *d
			declared.Doc, declared.Body = nil, nil
			b.Decls[i] = &declared
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				b.Decls[i] = declaredVars(d)
			}
		}
	}
	return &b
}

// declaredVars returns a declaration of variables without values that do not determine their types, and without the
// elements of tables. In a package of data, these would take most of the time.
func declaredVars(d *ast.GenDecl) *ast.GenDecl {
	declared := *d
	declared.Specs = slices.Clone(d.Specs)
	for i, spec := range d.Specs {
		v := *spec.(*ast.ValueSpec)
		if v.Type != nil {
			v.Values = nil
		}
		v.Values = slices.Clone(v.Values)
		for i, value := range v.Values {
			if lit, ok := value.(*ast.CompositeLit); ok {
				v.Values[i] = withoutElements(lit)
			}
		}
		declared.Specs[i] = &v
	}
	return &declared
}

// withoutElements returns an empty composite literal of the same type.
func withoutElements(lit *ast.CompositeLit) *ast.CompositeLit {
	empty := *lit
	empty.Elts = nil
	array, ok := lit.Type.(*ast.ArrayType)
	if !ok {
		return &empty
	}
	if _, ok := array.Len.(*ast.Ellipsis); ok { // the elements determine the length
		if slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool { _, ok := e.(*ast.KeyValueExpr); return ok }) {
			return lit
		}
		long := *array
		long.Len = &ast.BasicLit{ValuePos: array.Len.Pos(), Kind: token.INT, Value: strconv.Itoa(len(lit.Elts))}
		empty.Type = &long
	}
	return &empty
}

// writeDeclarations writes the text of a file without the bodies of its functions.
func writeDeclarations(w io.Writer, f *File) {
	done := 0
	for _, d := range f.Syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			w.Write(f.Text[done:f.Tok.Offset(fn.Body.Lbrace)])
			done = f.Tok.Offset(fn.Body.Rbrace)
		}
	}
	w.Write(f.Text[done:])
}

// sumOf returns a hash of everything that the types of a package depend on: its files without bodies, how they are
// read, what they import, and, for a package with cgo files, its C files.
func (g *graph) sumOf(n *node, files []*File, cgo bool) [sha256.Size]byte {
	values := []any{n.PkgPath, n.Name, langOf(n.Package), g.b.sizes}
	for _, f := range files {
		part := sha256.New()
		writeDeclarations(part, f)
		values = append(values, f.Name, part.Sum(nil))
	}
	if cgo {
		for _, name := range n.OtherFiles {
			text, _ := os.ReadFile(name)
			values = append(values, name, sha256.Sum256(text))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(n.Imports)) {
		values = append(values, path, g.identity(n.Imports[path]))
	}
	return Hash(values...)
}

// identity returns a value that differs for each variant of the types of an imported package.
func (g *graph) identity(p *packages.Package) any {
	if n := g.nodes[p]; n != nil {
		return n.sum
	}
	return []string{p.PkgPath, g.files[p.PkgPath]} // the go command names export data by its content
}

// Hash returns a hash of values, which are plain data. It differs for other values, and for the same ones in other
// places.
func Hash(values ...any) [sha256.Size]byte {
	data, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return sha256.Sum256(data)
}
