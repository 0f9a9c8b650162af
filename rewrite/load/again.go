package load

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"go/ast"
	"go/parser"
	"go/types"
	"slices"
	"strings"
	"sync"
)

// After an edit most packages are what they were. The listing has their sums, so they are not read. If the types of one
// are needed, they come from its declarations, which the cache has under its sum.

// recall sets the sums that the packages had when Config.Listing was made. They are of no use with other export data.
func (g *graph) recall() {
	if !g.known {
		return
	}
	was := g.b.cfg.Listing.sums()
	for p, n := range g.nodes {
		n.was = was[p.ID]
	}
}

// asListed reports whether the sums of all packages and the export data are those of Config.Listing.
func (g *graph) asListed() bool {
	for _, n := range g.nodes {
		if n.sum != n.was {
			return false
		}
	}
	return g.known
}

// unedited reports whether the files of a package are known to be what they were when Config.Listing was made.
func (g *graph) unedited(n *node) bool {
	edited := g.b.cfg.Edited
	return edited != nil && n.was != [sha256.Size]byte{} &&
		!slices.ContainsFunc(n.GoFiles, func(name string) bool { return edited[name] })
}

// skip does what do does, for a package that is what it was.
func (g *graph) skip(n *node) {
	n.sum, n.made = n.was, nil
	n.declared = sync.OnceValue(func() *types.Package {
		if files, ok := g.kept(n); ok {
			return g.declare(n, files, false)
		}
		files, cgo, err := g.b.parseAll(n.GoFiles)
		if err != nil {
			g.fail(n, err)
			return types.NewPackage(n.PkgPath, n.Name)
		}
		return g.declare(n, g.keep(n, files, cgo), cgo)
	})
}

// keep returns the declarations of a package, and puts them into the cache. Those of cgo are left out: they need the
// comments of the import, and maybe more files.
func (g *graph) keep(n *node, files []*File, cgo bool) (declared []*ast.File) {
	for _, f := range files {
		declared = append(declared, declarations(f.Syntax))
	}
	if g.b.cfg.Cache == nil || cgo {
		return declared
	}
	key := keptKey(n)
	if _, ok := g.b.cfg.Cache.Get(key); ok {
		return declared
	}
	var data []byte
	for _, f := range files {
		var text bytes.Buffer
		writeWithout(&text, f, needless(f.Syntax))
		for _, s := range []string{f.Name, text.String()} {
			data = append(binary.AppendUvarint(data, uint64(len(s))), s...)
		}
	}
	g.b.cfg.Cache.Put(key, data)
	return declared
}

// kept returns the declarations of a package from the cache. It is not ok if they are not there.
func (g *graph) kept(n *node) (declared []*ast.File, ok bool) {
	if g.b.cfg.Cache == nil {
		return nil, false
	}
	data, ok := g.b.cfg.Cache.Get(keptKey(n))
	next := func() (part []byte) {
		size, read := binary.Uvarint(data)
		if ok = ok && read > 0 && size <= uint64(len(data)-read); ok {
			part, data = data[read:read+int(size)], data[read+int(size):]
		}
		return part
	}
	for ok && len(data) > 0 {
		name, text := string(next()), next()
		if !ok {
			break
		}
		f, err := parser.ParseFile(g.b.Fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, false
		}
		f = declarations(f)
		n.dropImports(f)
		declared = append(declared, f)
	}
	return declared, ok
}

func keptKey(n *node) [sha256.Size]byte { return Hash("declarations", n.sum) }

// needless returns the parts of a file without which its declarations have the same types, in order: comments after the
// package clause, function bodies, and the elements of tables. See declarations.
func needless(f *ast.File) []span {
	list := bodies(f)
	for _, d := range f.Decls {
		d, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range d.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for _, value := range v.Values {
				if lit, ok := value.(*ast.CompositeLit); ok && !countsElements(lit) {
					list = append(list, span{lit.Lbrace + 1, lit.Rbrace})
				}
			}
		}
	}
	for _, group := range f.Comments {
		inLine := func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "/*") }
		if group.Pos() > f.Name.End() && !slices.ContainsFunc(group.List, inLine) {
			list = append(list, span{group.Pos(), group.End()})
		}
	}
	slices.SortFunc(list, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	return list
}
