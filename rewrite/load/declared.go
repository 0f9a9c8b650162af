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

// dropImports removes from a file of declarations the imports of n that it does not name: those of function bodies. So
// fewer packages need types.
func (n *node) dropImports(f *ast.File) {
	named := map[string]bool{".": true}
	ast.Inspect(f, func(x ast.Node) bool {
		if sel, ok := x.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				named[id.Name] = true
			}
		}
		return true
	})
	needless := func(spec ast.Spec) bool {
		s := spec.(*ast.ImportSpec)
		path, err := strconv.Unquote(s.Path.Value)
		p := n.Imports[path]
		if err != nil || p == nil {
			return false
		}
		name := p.Name
		if s.Name != nil {
			name = s.Name.Name
		}
		return !named[name]
	}
	var left []ast.Decl
	for _, d := range f.Decls {
		if imports, ok := d.(*ast.GenDecl); ok && imports.Tok == token.IMPORT {
			some := *imports
			if some.Specs = slices.DeleteFunc(slices.Clone(some.Specs), needless); len(some.Specs) == 0 {
				continue
			}
			d = &some
		}
		left = append(left, d)
	}
	f.Decls = left
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
	if countsElements(lit) {
		if slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool { _, ok := e.(*ast.KeyValueExpr); return ok }) {
			return lit
		}
		long := *lit.Type.(*ast.ArrayType)
		long.Len = &ast.BasicLit{ValuePos: long.Len.Pos(), Kind: token.INT, Value: strconv.Itoa(len(lit.Elts))}
		empty.Type = &long
	}
	return &empty
}

// countsElements reports whether the elements of a literal determine its length: [...]T{…}.
func countsElements(lit *ast.CompositeLit) bool {
	array, ok := lit.Type.(*ast.ArrayType)
	if !ok {
		return false
	}
	_, ok = array.Len.(*ast.Ellipsis)
	return ok
}

// A span is a part of a file.
type span struct{ from, to token.Pos }

// bodies returns what is in the braces of the functions of a file, in order.
func bodies(f *ast.File) (list []span) {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			list = append(list, span{fn.Body.Lbrace + 1, fn.Body.Rbrace})
		}
	}
	return list
}

// writeWithout writes the text of a file without some parts, in order. Those that begin in an earlier one count for
// nothing.
func writeWithout(w io.Writer, f *File, parts []span) {
	done := 0
	for _, part := range parts {
		if from := f.Tok.Offset(part.from); from >= done {
			w.Write(f.Text[done:from])
			done = f.Tok.Offset(part.to)
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
		writeWithout(part, f, bodies(f.Syntax))
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
