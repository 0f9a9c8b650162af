package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/dave/dst"
)

// methodValue writes the probe of a method value. The receiver is evaluated at once, as before:
//
//	f := mu.Lock      =>   f := _at.Bind(&S[i], _at.Lock, &mu)
//	f := mu.TryLock   =>   f := _at.BindR(&S[i], _at.TryLock, &mu)
//	f := wg.Add       =>   f := _at.Bind1(&S[i], _at.WgAdd, &wg)
//	f := l.Lock       =>   f := _at.BindLocker(&S[i], _at.LockerLock, l)   of an interface other than sync.Locker
//
// The compiler turns a method value of a type parameter into a function literal, and counts it in the names of later
// ones. It would not count a probe.
func (f *file) methodValue(node *dst.SelectorExpr, sel *ast.SelectorExpr, m method) {
	o := operation{node: node, op: m.op, kind: m.kind, obj: f.nameOf(sel.X)}
	if recv, _ := f.receiverOf(sel); isTypeParam(recv.typ) {
		f.skip(o, "a method value of a type parameter")
		return
	}
	f.methodValueOf(o, sel, m)
}

// methodValueOf writes the probe of a method value, or of a deferred call of an interface's method.
func (f *file) methodValueOf(o operation, sel *ast.SelectorExpr, m method) {
	recv, reason := f.receiverOf(sel)
	if reason != "" {
		f.skip(o, reason)
		return
	}
	site, ok := f.site(o)
	if !ok {
		return
	}
	bind := "Bind" + m.bind
	if types.IsInterface(recv.typ) && !isLocker(recv.typ) {
		bind = "BindLocker"
	}
	f.open(sel.X.Pos(), f.onLine(sel.Sel.Pos(), sel.X.Pos())+f.call(bind, site)+", "+string(f.names)+"."+m.probe+", "+
		recv.address)
	dot, path := f.dot(sel), recv.path
	if f.line(dot) != f.line(sel.Sel.Pos()) {
		path += ","
	}
	f.replace(dot, sel.Sel.End(), path, ")")
}

func isTypeParam(t types.Type) bool {
	_, ok := types.Unalias(deref(t)).(*types.TypeParam)
	return ok
}

func isLocker(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Name() == "Locker" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "sync"
}

// methodExpr writes the probe of a method expression:
//
//	(*sync.Mutex).Lock   =>   _at.Expr(&S[i], _at.Lock)
//
// The import may become unused, so a declaration at the end of the file uses it.
func (f *file) methodExpr(node *dst.SelectorExpr, sel *ast.SelectorExpr, m method) {
	o := operation{node: node, op: m.op, kind: m.kind}
	selection := f.pkg.Info.Selections[sel]
	reason := ""
	if len(selection.Index()) > 1 || !isLocker(selection.Recv()) && types.IsInterface(selection.Recv()) {
		reason = "a method expression of a type that embeds the lock"
	}
	if reason != "" {
		f.skip(o, reason)
		return
	}
	site, ok := f.site(o)
	if !ok {
		return
	}
	f.replace(sel.Pos(), sel.End(), f.call("Expr"+m.bind, site)+",", fmt.Sprintf(" %s.%s)", f.names, m.probe))
	f.keepImports(sel.X)
}

// keepImports declares something of each package that a type expression names, because the probe replaces the
// expression.
func (f *file) keepImports(x ast.Expr) {
	keep := func(e ast.Node, id *ast.Ident) {
		if obj := f.pkg.Info.Uses[id]; obj != nil && obj.Pkg() != nil && obj.Pkg() != f.pkg.Types {
			f.kept[obj.Pkg().Path()] = "var _ " + f.textOf(e)
		}
	}
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			keep(n, n.Sel)
			return false
		case *ast.Ident:
			keep(n, n)
		}
		return n != nil && n.Pos() != token.NoPos
	})
}
