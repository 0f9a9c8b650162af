package rewrite

import (
	"go/types"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// A row of the catalog has functions of one package, or methods of one of its types, that can wait.
type row struct {
	pkg   string // import path
	recv  string // name of the receiver's type, without *; empty for functions
	kind  runtime.Kind
	flags uint16
	names string // separated by spaces, sorted
}

// A lookAlike is a method that makes every interface with it an interface of the catalog.
type lookAlike struct {
	pkg, recv, name string // the row that it stands for
	signature       string // see typesOf
}

// A callee is the name of a function, or of a method with its receiver's type.
type callee struct {
	pkg, recv, name string
}

// String returns c as go doc takes it.
func (c callee) String() string {
	if c.recv == "" {
		return c.pkg + "." + c.name
	}
	return c.pkg + "." + c.recv + "." + c.name
}

// An ioIndex finds rows of the catalog. It never changes.
type ioIndex struct {
	rows  map[callee]*row
	alike map[[2]string]callee // name and signature
}

// newIOIndex indexes the catalog.
func newIOIndex() *ioIndex {
	x := &ioIndex{rows: map[callee]*row{}, alike: map[[2]string]callee{}}
	for i := range catalog {
		r := &catalog[i]
		for _, name := range strings.Fields(r.names) {
			x.rows[callee{r.pkg, r.recv, name}] = r
		}
	}
	for _, l := range lookAlikes {
		x.alike[[2]string{l.name, l.signature}] = callee{l.pkg, l.recv, l.name}
	}
	return x
}

// row returns the row of c if it can wait, or nil.
func (x *ioIndex) row(c callee) *row {
	return x.rows[c]
}

// likeness returns the catalog's method that fn, a method of an interface, looks like, and the method's row, or nil.
func (x *ioIndex) likeness(fn *types.Func) (callee, *row) {
	c, ok := x.alike[[2]string{fn.Name(), typesOf(fn.Signature())}]
	if !ok {
		return c, nil
	}
	return c, x.rows[c]
}

// typesOf returns the types of a signature, without the names of parameters and results, and with full import paths.
func typesOf(sig *types.Signature) string {
	bare := types.NewSignatureType(nil, nil, nil, unnamed(sig.Params()), unnamed(sig.Results()), sig.Variadic())
	return types.TypeString(bare, (*types.Package).Path)
}

func unnamed(t *types.Tuple) *types.Tuple {
	vars := make([]*types.Var, t.Len())
	for i := range vars {
		vars[i] = types.NewParam(0, nil, "", t.At(i).Type())
	}
	return types.NewTuple(vars...)
}

// namedOf returns the declared type that t is, or points to, or nil if t has no name.
func namedOf(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, _ := t.(*types.Named)
	return n
}

// typeName returns the import path and name of the declared type that t is, or points to. They are empty if t has none,
// or is of no package.
func typeName(t types.Type) (pkg, name string) {
	n := namedOf(t)
	if n == nil || n.Obj().Pkg() == nil {
		return "", ""
	}
	return n.Obj().Pkg().Path(), n.Obj().Name()
}

// quiet reports whether values of type t never wait in a Read or Write.
func quiet(t types.Type) bool {
	pkg, name := typeName(t)
	return quietTypes[pkg+"."+name]
}
