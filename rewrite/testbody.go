package rewrite

import (
	"go/ast"
	"go/types"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// testRule tells the collector that a test begins, with Config.TestBodies. It does so in every function that may be a
// test. In a helper with the same parameter the call does nothing, because the helper runs within a test that has
// begun.
//
//	func TestX(t *testing.T) { body }      =>   func TestX(t *testing.T) {_at.Test(t); body }
//	t.Run("x", func(*testing.T) { body })  =>   t.Run("x", func(_atT *testing.T) {_at.Test(_atT); body })
//
// Code in a bubble of testing/synctest belongs to the test around it.
var testRule = rule{
	hint: func(f *file, n ast.Node) bool {
		typ, body := function(n)
		return f.marksTests() && body != nil && f.testParam(typ) != nil
	},
	visit: func(f *file, c *dstutil.Cursor) {
		switch c.Node().(type) {
		case *dst.FuncDecl, *dst.FuncLit:
		default:
			return
		}
		typ, body := function(f.node(c.Node()))
		if !f.marksTests() || body == nil || len(f.alone) > 0 {
			return
		}
		param := f.testParam(typ)
		if param == nil {
			return
		}
		called := f.calledWith(c.Node())
		if isFunc(called, "testing/synctest", "Test") ||
			typ.Params.NumFields() > 1 && !isFunc(called, "testing", "Fuzz") {
			return
		}
		name := string(f.names) + "T"
		switch {
		case len(param.Names) == 0:
			f.open(param.Type.Pos(), name+" ")
		case param.Names[0].Name == "_":
			f.replace(param.Names[0].Pos(), param.Names[0].End(), name, "")
		default:
			name = param.Names[0].Name
		}
		f.open(body.Lbrace+1, string(f.names)+".Test("+name+"); ")
	},
}

// marksTests reports whether tests and go statements are marked. In a tree, which is not for awaittrace test, they are
// not.
func (f *file) marksTests() bool { return f.cfg.TestBodies && !f.cfg.Revertible }

// function returns the type and the body of a function that n declares, or nil.
func function(n ast.Node) (*ast.FuncType, *ast.BlockStmt) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Type, n.Body
	case *ast.FuncLit:
		return n.Type, n.Body
	}
	return nil, nil
}

// testParam returns the first parameter of a function if it is that of a test, or nil.
func (f *file) testParam(typ *ast.FuncType) *ast.Field {
	if typ.Params == nil || len(typ.Params.List) == 0 || typ.Results != nil {
		return nil
	}
	first := typ.Params.List[0]
	p, ok := types.Unalias(f.pkg.Info.TypeOf(first.Type)).(*types.Pointer)
	if !ok {
		return nil
	}
	named, ok := types.Unalias(p.Elem()).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "testing" {
		return nil
	}
	if name := named.Obj().Name(); name != "T" && name != "F" {
		return nil
	}
	if len(first.Names) == 0 && len(typ.Params.List) > 1 {
		return nil // all parameters would need a name
	}
	return first
}

// calledWith returns the function to which the visited node is an argument, or nil.
func (f *file) calledWith(n dst.Node) types.Object {
	call, ok := f.parent(0).(*dst.CallExpr)
	if !ok || call.Fun == n {
		return nil
	}
	switch fun := ast.Unparen(f.expr(call.Fun)).(type) {
	case *ast.Ident:
		return f.pkg.Info.Uses[fun]
	case *ast.SelectorExpr:
		return f.pkg.Info.Uses[fun.Sel]
	}
	return nil
}

// isFunc reports whether obj is a function or method of that package and name.
func isFunc(obj types.Object, pkg, name string) bool {
	return obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == pkg && obj.Name() == name
}
