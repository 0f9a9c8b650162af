package rewrite

import (
	"crypto/sha256"
	"encoding/json"
	"go/ast"
	"go/token"
	"hash"
	"io"
	"maps"
	"slices"

	"golang.org/x/tools/go/packages"
)

// declarations is a file without the bodies of its functions and without its comments. What it declares has the same types: a body has no
// part in them.
func declarations(f *ast.File) *ast.File {
	b := *f
	b.Doc, b.Comments = nil, nil
	b.Decls = slices.Clone(f.Decls)
	for i, d := range b.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			declared := *fn
			declared.Doc, declared.Body = nil, nil
			b.Decls[i] = &declared
		}
	}
	return &b
}

// writeDeclarations writes the text of a file without the bodies of its functions.
func writeDeclarations(w io.Writer, tok *token.File, f *source) {
	done := 0
	for _, d := range f.syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			w.Write(f.text[done:tok.Offset(fn.Body.Lbrace)])
			done = tok.Offset(fn.Body.Rbrace)
		}
	}
	w.Write(f.text[done:])
}

// sumOf is a hash of all that the types of a package come from: its files without bodies, how they are read, and what they import.
func (g *graph) sumOf(n *node, files []*source) (sum [sha256.Size]byte) {
	h := sha256.New()
	writeJSON(h, n.PkgPath, n.Name, langOf(n.Package), n.TypesSizes)
	for _, f := range files {
		part := sha256.New()
		writeDeclarations(part, g.l.fset.File(f.syntax.FileStart), f)
		writeJSON(h, f.name, part.Sum(nil))
	}
	for _, path := range slices.Sorted(maps.Keys(n.Imports)) {
		writeJSON(h, path, g.identity(n.Imports[path]))
	}
	h.Sum(sum[:0])
	return sum
}

// identity is another value for each variant of the types of a package that is imported.
func (g *graph) identity(p *packages.Package) any {
	if n := g.nodes[p]; n != nil {
		return n.sum
	}
	return []string{p.PkgPath, g.exports[p.PkgPath]} // the go command names export data by its content
}

// writeJSON adds values to a hash so that other values, or the same in other places, give another hash.
func writeJSON(h hash.Hash, values ...any) {
	data, err := json.Marshal(values)
	if err != nil {
		panic(err) // of plain data
	}
	h.Write(append(data, '\n'))
}
