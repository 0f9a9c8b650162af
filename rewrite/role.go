package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
)

// nameOf returns the source of an object, as a site has it.
func (f *file) nameOf(e ast.Expr) string {
	e = ast.Unparen(e)
	if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.AND {
		e = ast.Unparen(u.X)
	}
	return shorten(f.textOf(e), maxExpr)
}

// assigned returns the variable that the visited expression e initializes or is assigned to, or "".
func (f *file) assigned(e dst.Expr) string {
	switch p := f.parent(0).(type) {
	case *dst.AssignStmt:
		if len(p.Lhs) == len(p.Rhs) {
			for i, rhs := range p.Rhs {
				if rhs == e && !isBlank(f.expr(p.Lhs[i])) {
					return f.nameOf(f.expr(p.Lhs[i]))
				}
			}
		}
	case *dst.ValueSpec:
		for i, value := range p.Values {
			if value == e && len(p.Names) == len(p.Values) && p.Names[i].Name != "_" {
				return p.Names[i].Name
			}
		}
	}
	return ""
}

// roleOf returns the role of the channel ch, by its type, its source, or all that this file assigns to the variable.
func (f *file) roleOf(ch ast.Expr) runtime.Role {
	if r := f.roleOfValue(ch, 0); r != runtime.RoleNone {
		return r
	}
	t := f.pkg.Info.TypeOf(ch)
	if t == nil {
		return runtime.RoleNone
	}
	if c := chanOf(t); c != nil {
		switch pkg, name := typeName(c.Elem()); {
		case pkg == "os" && name == "Signal":
			return runtime.RoleSignal
		case pkg == "time" && name == "Time" && !isPointer(c.Elem()):
			return runtime.RoleTime
		}
	}
	return f.permits(ch)
}

// maxOrigin bounds how many variables are followed back to their assignments.
const maxOrigin = 4

func (f *file) roleOfValue(e ast.Expr, depth int) runtime.Role {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		return f.roleOfCall(e)
	case *ast.SelectorExpr:
		if v, ok := f.pkg.Info.Uses[e.Sel].(*types.Var); ok && v.Name() == "C" && v.IsField() && v.Pkg() != nil &&
			v.Pkg().Path() == "time" {
			return f.roleOfField(e)
		}
	case *ast.Ident:
		return agreed(f, e, depth, f.roleOfValue)
	}
	return runtime.RoleNone
}

// roleOfField returns the role of a field C of package time.
func (f *file) roleOfField(sel *ast.SelectorExpr) runtime.Role {
	s := f.pkg.Info.Selections[sel]
	if s == nil {
		return runtime.RoleNone
	}
	holders := embedding(s)
	if _, name := typeName(holders[len(holders)-1].typ); name == "Ticker" {
		return runtime.RoleTicker
	}
	return runtime.RoleTimer
}

func (f *file) roleOfCall(call *ast.CallExpr) runtime.Role {
	if isType := f.pkg.Info.Types[call.Fun].IsType(); isType && len(call.Args) == 1 { // a conversion
		return f.roleOfValue(call.Args[0], maxOrigin)
	}
	fn := f.calls(call)
	if fn == nil {
		return runtime.RoleNone
	}
	switch fn.FullName() {
	case "time.After":
		return runtime.RoleAfter
	case "time.Tick":
		return runtime.RoleTicker
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || fn.Name() != "Done" || fn.Signature().Recv() == nil || !f.isContext(sel.X) {
		return runtime.RoleNone
	}
	if f.boundOf(sel.X, 0) == runtime.SiteUnbounded {
		return runtime.RoleNever
	}
	return runtime.RoleDone
}

// calls returns the function that a call calls, or nil.
func (f *file) calls(call *ast.CallExpr) *types.Func {
	id, _ := calleeName(ast.Unparen(call.Fun))
	if id == nil {
		return nil
	}
	fn, _ := f.pkg.Info.Uses[id].(*types.Func)
	return fn
}

// isContext reports whether e is a context.Context, or of another type with the same methods.
func (f *file) isContext(e ast.Expr) bool {
	t := f.pkg.Info.TypeOf(e)
	return t != nil && isContext(t)
}

func isContext(t types.Type) bool {
	if pkg, name := typeName(t); pkg == "context" && name == "Context" {
		return true
	}
	for _, name := range []string{"Deadline", "Done", "Err", "Value"} {
		obj, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
		if _, ok := obj.(*types.Func); !ok {
			return false
		}
	}
	return true
}

// agreed returns the result of find for all values that the file assigns to a variable, if they agree, or else the zero
// value. It ignores a nil.
func agreed[T comparable](f *file, id *ast.Ident, depth int, find func(e ast.Expr, depth int) T) (result T) {
	if depth >= maxOrigin {
		return result
	}
	for i, value := range f.origins(id) {
		if value == nil {
			var unknown T
			return unknown
		}
		if f.pkg.Info.Types[value].IsNil() {
			continue
		}
		r := find(value, depth+1)
		var unknown T
		if r == unknown || i > 0 && result != unknown && r != result {
			return unknown
		}
		result = r
	}
	return result
}

// origins returns the values that the file assigns to a variable; nil is an unknown value. For a call with several
// results it is the call for the first variable, and unknown for the others. A parameter has an unknown origin, and so
// has a variable that other files may assign to.
func (f *file) origins(id *ast.Ident) []ast.Expr {
	v, ok := f.pkg.Info.ObjectOf(id).(*types.Var)
	if !ok || v.IsField() || v.Pkg() != f.pkg.Types || v.Parent() == f.pkg.Types.Scope() && v.Exported() {
		return nil
	}
	if f.values == nil {
		f.values = f.assignments()
	}
	return f.values[v]
}

// assignments returns the values that the file assigns to variables.
func (f *file) assignments() map[*types.Var][]ast.Expr {
	values := map[*types.Var][]ast.Expr{}
	assign := func(lhs, value ast.Expr) {
		if id, ok := ast.Unparen(lhs).(*ast.Ident); ok {
			if v, ok := f.pkg.Info.ObjectOf(id).(*types.Var); ok {
				values[v] = append(values[v], value)
			}
		}
	}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			assignAll(n.Lhs, n.Rhs, assign)
		case *ast.ValueSpec:
			names := make([]ast.Expr, len(n.Names))
			for i, name := range n.Names {
				names[i] = name
			}
			if len(n.Values) > 0 {
				assignAll(names, n.Values, assign)
			}
		case *ast.RangeStmt:
			for _, lhs := range []ast.Expr{n.Key, n.Value} {
				if lhs != nil {
					assign(lhs, nil)
				}
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND { // code that has the address may assign
				assign(n.X, nil)
			}
		case *ast.FuncType:
			for _, list := range []*ast.FieldList{n.Params, n.Results} {
				for _, field := range fieldsOf(list) {
					for _, name := range field.Names {
						assign(name, nil)
					}
				}
			}
		}
		return true
	})
	return values
}

func assignAll(lhs, rhs []ast.Expr, assign func(lhs, value ast.Expr)) {
	for i, l := range lhs {
		switch {
		case len(lhs) == len(rhs):
			assign(l, rhs[i])
		case i == 0 && len(rhs) == 1:
			assign(l, rhs[0])
		default:
			assign(l, nil)
		}
	}
}

func fieldsOf(list *ast.FieldList) []*ast.Field {
	if list == nil {
		return nil
	}
	return list.List
}
