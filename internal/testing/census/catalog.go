package census

import (
	"go/ast"
	"go/types"
	"strings"
)

// A Catalog is the table of functions and methods that can wait outside of the program, as data.
type Catalog struct {
	// Rows has a function as "pkg.Name", and a method as "pkg.Type.Name". The value says that it is the arguments that
	// wait, not the receiver.
	Rows map[string]bool
	// Alike has methods of any interface, as their name followed by their type with full import paths: "Read([]byte)
	// (int, error)".
	Alike map[string]bool
	// Quiet has types that never wait, as "pkg.Type".
	Quiet map[string]bool
}

// waits says that fn can wait. selection is how it is selected, nil for a function of a package, and call where it is
// called, nil if it is not.
func (c *Catalog) waits(info *types.Info, fn *types.Func, selection *types.Selection, call *ast.CallExpr) bool {
	passive, ok := false, false
	switch {
	case selection != nil:
		passive, ok = c.method(fn, selection)
	case fn.Signature().Recv() == nil && fn.Pkg() != nil:
		_, ok = c.Rows[fn.Pkg().Path()+"."+fn.Name()]
		passive = ok
	}
	return ok && !(passive && call != nil && c.quietArgs(info, fn.Signature(), call.Args))
}

// method looks for a method under the name of the type that it is called on, then under those of the embedded fields
// that bring it, and last under that of the interface that declares it.
func (c *Catalog) method(fn *types.Func, selection *types.Selection) (passive, ok bool) {
	on := []types.Type{selection.Recv()}
	for _, i := range selection.Index()[:len(selection.Index())-1] {
		t := on[len(on)-1]
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		s, ok := t.Underlying().(*types.Struct)
		if !ok {
			break
		}
		on = append(on, s.Field(i).Type())
	}
	for _, t := range on {
		name := typeName(t)
		if passive, ok := c.Rows[name+"."+fn.Name()]; ok {
			return passive, true
		}
		if c.Quiet[name] {
			return false, false
		}
	}
	declared := fn.Signature().Recv().Type()
	if !types.IsInterface(declared) {
		return false, false
	}
	if passive, ok := c.Rows[typeName(declared)+"."+fn.Name()]; ok {
		return passive, true
	}
	return false, c.Alike[fn.Name()+bare(fn.Signature())]
}

// typeName is the name of t, or of what it points to.
func typeName(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return ""
	}
	return n.Obj().Pkg().Path() + "." + n.Obj().Name()
}

// bare is the type of a signature without the names in it and without the word func.
func bare(sig *types.Signature) string {
	strip := func(t *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range t.Variables() {
			vars = append(vars, types.NewParam(0, nil, "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	s := types.NewSignatureType(nil, nil, nil, strip(sig.Params()), strip(sig.Results()), sig.Variadic())
	return strings.TrimPrefix(types.TypeString(s, (*types.Package).Path), "func")
}

// quietArgs says that a function is given readers and writers, and that none of them ever waits.
func (c *Catalog) quietArgs(info *types.Info, sig *types.Signature, args []ast.Expr) bool {
	var given []types.Type
	for _, arg := range args {
		if results, ok := info.TypeOf(arg).(*types.Tuple); ok {
			for v := range results.Variables() {
				given = append(given, v.Type())
			}
		} else {
			given = append(given, info.TypeOf(arg))
		}
	}
	n := 0
	for i := range min(sig.Params().Len(), len(given)) {
		if !stream(sig.Params().At(i).Type()) {
			continue
		}
		if n++; !c.Quiet[typeName(given[i])] {
			return false
		}
	}
	return n > 0
}

// stream says that t is an interface to read from or write to.
func stream(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	if !ok {
		return false
	}
	for m := range i.Methods() {
		switch m.Name() {
		case "Read", "ReadAt", "ReadByte", "ReadFrom", "Write", "WriteAt", "WriteTo":
			return true
		}
	}
	return false
}
