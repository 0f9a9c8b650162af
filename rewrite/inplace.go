package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/awaittrace/awaittrace/rewrite/revert"
	"github.com/dave/dst"
)

// listed reports whether the node below the i-th ancestor is a statement of a list, so that another one can follow it.
func (f *file) listed(i int) bool {
	switch f.parent(i).(type) {
	case *dst.BlockStmt, *dst.CaseClause, *dst.CommClause:
		return true
	case *dst.LabeledStmt:
		return f.listed(i + 1)
	}
	return false
}

// ends writes the probe after a statement. It is a part of its own: an edit of the source may separate it from the
// statement.
func (f *file) ends(s ast.Stmt, probe string) {
	f.begin(revert.NoSite)
	f.close(s.End(), fmt.Sprintf("; %s.%s()", f.names, probe))
}

// onlyNames reports whether an expression is a variable, or a field of one.
func (f *file) onlyNames(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		s := f.pkg.Info.Selections[e] // nil for a name of a package
		return (s == nil || s.Kind() == types.FieldVal) && f.onlyNames(e.X)
	}
	return false
}

// simple reports whether the evaluation of a value takes no time and cannot panic.
func (f *file) simple(e ast.Expr) bool {
	if f.pkg.Info.Types[e].Value != nil {
		return true
	}
	switch e := e.(type) {
	case *ast.Ident, *ast.FuncLit:
		return true
	case *ast.ParenExpr:
		return f.simple(e.X)
	case *ast.SelectorExpr:
		s := f.pkg.Info.Selections[e] // nil for a name of a package
		return s == nil || f.simple(e.X) && (s.Kind() == types.FieldVal && !s.Indirect() || bindsPointer(s))
	case *ast.UnaryExpr:
		return e.Op != token.ARROW && f.simple(e.X)
	case *ast.BinaryExpr:
		return f.simpleBinary(e)
	case *ast.CompositeLit:
		return f.simpleLiteral(e)
	case *ast.CallExpr: // a conversion
		return len(e.Args) == 1 && f.pkg.Info.Types[e.Fun].IsType() && f.isBasic(e) && f.isBasic(e.Args[0]) &&
			f.simple(e.Args[0])
	}
	return false
}

// bindsPointer reports whether a selector is the method value of a pointer, which may be nil, or of the address of a
// variable.
func bindsPointer(s *types.Selection) bool {
	fn, ok := s.Obj().(*types.Func)
	if !ok || s.Kind() != types.MethodVal || len(s.Index()) > 1 || types.IsInterface(s.Recv()) {
		return false
	}
	_, ok = fn.Signature().Recv().Type().(*types.Pointer)
	return ok
}

// simpleBinary is simple for an operation. Division and shifts may panic, and so may a comparison of interfaces.
func (f *file) simpleBinary(e *ast.BinaryExpr) bool {
	switch e.Op {
	case token.QUO, token.REM, token.SHL, token.SHR:
		return false
	}
	return f.isBasic(e.X) && f.isBasic(e.Y) && f.simple(e.X) && f.simple(e.Y)
}

// simpleLiteral is simple for a composite literal. One of a map may panic.
func (f *file) simpleLiteral(e *ast.CompositeLit) bool {
	t := f.pkg.Info.TypeOf(e)
	if t == nil {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Struct, *types.Array, *types.Slice:
	default:
		return false
	}
	for _, elem := range e.Elts {
		if kv, ok := elem.(*ast.KeyValueExpr); ok {
			elem = kv.Value
		}
		if !f.simple(elem) {
			return false
		}
	}
	return true
}

func (f *file) isBasic(e ast.Expr) bool {
	t := f.pkg.Info.TypeOf(e)
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Basic)
	return ok
}
