package rewrite

import (
	"go/ast"
	"go/types"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// maxResults is the most results that an End… probe passes on.
const maxResults = 5

// An ioCallee is a function or method that can wait, as an expression of the source names it.
type ioCallee struct {
	row  *row // of the catalog
	name callee
	sig  *types.Signature // with type arguments
	// variable reports that it is a package variable that holds a function.
	variable bool

	// For a method called on a value, the value is x followed by path, which spells out the embedded fields (".Conn"),
	// and its address is taken if addr is set. Otherwise x is nil.
	x    ast.Expr
	path string
	addr bool

	// trouble is why the function cannot be written as a value; empty if it can.
	trouble string
}

// A matcher finds the expressions that name something that can wait.
type matcher struct {
	index *ioIndex      // nil: only funcs
	funcs *probeFuncs   // what -probe-func names
	pkg   *load.Package // the package of the source, which has its types
}

// match returns what fun names, or nil if that cannot wait.
func (m *matcher) match(fun ast.Expr) *ioCallee {
	fun = ast.Unparen(fun)
	sig, ok := signatureOf(m.pkg.Info, fun)
	if !ok {
		return nil
	}
	id, explicit := calleeName(fun)
	if id == nil {
		return nil
	}
	c := &ioCallee{sig: sig}
	if sel, ok := fun.(*ast.SelectorExpr); ok && m.pkg.Info.Selections[sel] != nil {
		if !m.method(c, sel, m.pkg.Info.Selections[sel]) {
			return nil
		}
	} else if !m.function(c, id) {
		return nil
	}
	if inst, ok := m.pkg.Info.Instances[id]; ok && explicit < inst.TypeArgs.Len() {
		c.trouble = "a generic function with inferred type arguments"
	}
	return c
}

// signatureOf returns the type of the function that fun names.
func signatureOf(info *types.Info, fun ast.Expr) (*types.Signature, bool) {
	tv, ok := info.Types[fun]
	if !ok || !tv.IsValue() || tv.Type == nil {
		return nil, false
	}
	sig, ok := tv.Type.Underlying().(*types.Signature)
	return sig, ok
}

// calleeName returns the identifier that names a function, and the number of type arguments written after it.
func calleeName(fun ast.Expr) (id *ast.Ident, typeArgs int) {
	switch e := fun.(type) {
	case *ast.IndexExpr:
		fun, typeArgs = ast.Unparen(e.X), 1
	case *ast.IndexListExpr:
		fun, typeArgs = ast.Unparen(e.X), len(e.Indices)
	}
	switch e := fun.(type) {
	case *ast.Ident:
		return e, typeArgs
	case *ast.SelectorExpr:
		return e.Sel, typeArgs
	}
	return nil, 0
}

// function fills in c for a function of a package, or a package variable that holds one.
func (m *matcher) function(c *ioCallee, id *ast.Ident) bool {
	obj := m.pkg.Info.Uses[id]
	if obj == nil || obj.Pkg() == nil || obj.Parent() != obj.Pkg().Scope() {
		return false
	}
	c.name = callee{obj.Pkg().Path(), "", obj.Name()}
	_, c.variable = obj.(*types.Var)
	c.row = m.rowOf(c.name, obj.Pkg())
	return c.row != nil
}

// rowOf returns the row for a function of pkg, or nil if neither the catalog nor -probe-func has it.
func (m *matcher) rowOf(name callee, pkg *types.Package) *row {
	asked := m.funcs.matches(name, pkg.Name())
	if m.index != nil {
		if r := m.index.row(name); r != nil {
			return r
		}
	}
	if asked {
		return askedRow
	}
	return nil
}

// method fills in c for a method that is called on a value or named by its type.
func (m *matcher) method(c *ioCallee, sel *ast.SelectorExpr, s *types.Selection) bool {
	fn, ok := s.Obj().(*types.Func)
	if !ok {
		return false
	}
	holders := embedding(s)
	depth := m.lookUp(c, fn, holders)
	if c.row == nil {
		return false
	}
	if s.Kind() == types.MethodVal {
		m.receiver(c, sel.X, fn, holders, depth)
	}
	return true
}

// A holder is a type on the way from a value to the receiver of one of its methods: the value's own, then that of each
// embedded field.
type holder struct {
	typ   types.Type
	field *types.Var // nil for the value itself
}

// embedding returns the types on the way to the method that s selects.
func embedding(s *types.Selection) []holder {
	list := []holder{{s.Recv(), nil}}
	t := s.Recv()
	index := s.Index()
	for _, i := range index[:len(index)-1] {
		st, ok := deref(t).Underlying().(*types.Struct)
		if !ok {
			break
		}
		f := st.Field(i)
		t = f.Type()
		list = append(list, holder{t, f})
	}
	return list
}

// lookUp sets c.row to the row of the outermost holder under whose name the catalog or -probe-func has the method. It
// also looks up a method that an interface has from an embedded one under that one's name, and last by its signature. A
// type on the way that never waits ends the search.
func (m *matcher) lookUp(c *ioCallee, fn *types.Func, holders []holder) (depth int) {
	for i, h := range holders {
		if m.named(c, fn, h.typ) || c.row == nil && quiet(h.typ) {
			return i
		}
	}
	last := len(holders) - 1
	declared := fn.Signature().Recv().Type()
	if !types.IsInterface(declared) || m.named(c, fn, declared) || m.index == nil {
		return last
	}
	c.name, c.row = m.index.likeness(fn)
	return last
}

// named looks up a method as one of the declared type t, and reports whether there is a row for it.
func (m *matcher) named(c *ioCallee, fn *types.Func, t types.Type) bool {
	n := namedOf(t)
	if n == nil || n.Obj().Pkg() == nil {
		return false
	}
	c.name = callee{n.Obj().Pkg().Path(), n.Obj().Name(), fn.Name()}
	c.row = m.rowOf(c.name, n.Obj().Pkg())
	return c.row != nil
}

// receiver finds how to write the value whose method is called, so that the collector gets the object itself: x.Conn of
// a struct that embeds a net.Conn. If a field on the way cannot be named from here, it uses the outermost value.
func (m *matcher) receiver(c *ioCallee, x ast.Expr, fn *types.Func, holders []holder, depth int) {
	c.x = x
	for _, h := range holders[1 : depth+1] {
		if !h.field.Exported() && h.field.Pkg() != m.pkg.Types {
			depth = 0
		}
	}
	var path strings.Builder
	addressable := m.pkg.Info.Types[x].Addressable()
	for i, h := range holders[:depth+1] {
		if i > 0 {
			path.WriteString("." + h.field.Name())
		}
		if i < depth && isPointer(h.typ) {
			addressable = true
		}
	}
	c.path = path.String()
	c.addr = addressable && pointerMethod(fn) && !isPointer(holders[depth].typ) && !types.IsInterface(holders[depth].typ)
}

// receiverType returns the type of the value whose method c a call names by sel.
func (f *file) receiverType(sel *ast.SelectorExpr, c *ioCallee) types.Type {
	if c.path == "" {
		return f.pkg.Info.TypeOf(c.x)
	}
	recv, _ := f.receiverOf(sel)
	return recv.typ
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

func pointerMethod(fn *types.Func) bool {
	return isPointer(fn.Signature().Recv().Type())
}

// quietArgs reports whether none of the readers and writers among the arguments of a call can wait: fmt.Fprintf to a
// *bytes.Buffer, say. It is false if there are none.
func quietArgs(info *types.Info, sig *types.Signature, args []ast.Expr) bool {
	given := argTypes(info, args)
	found := false
	for i := 0; i < sig.Params().Len() && i < len(given); i++ {
		if !transfers(sig.Params().At(i).Type()) {
			continue
		}
		if !quiet(given[i]) {
			return false
		}
		found = true
	}
	return found
}

// argTypes returns the types of the arguments of a call, even if they are the results of another call.
func argTypes(info *types.Info, args []ast.Expr) []types.Type {
	var list []types.Type
	for _, arg := range args {
		t := info.TypeOf(arg)
		if tuple, ok := t.(*types.Tuple); ok {
			for v := range tuple.Variables() {
				list = append(list, v.Type())
			}
			continue
		}
		list = append(list, t)
	}
	return list
}

// transfers reports whether t is an interface through which bytes are read or written.
func transfers(t types.Type) bool {
	it, ok := t.Underlying().(*types.Interface)
	if !ok {
		return false
	}
	for i := range it.NumMethods() {
		switch it.Method(i).Name() {
		case "Read", "ReadAt", "ReadByte", "ReadFrom", "Write", "WriteAt", "WriteTo":
			return true
		}
	}
	return false
}
