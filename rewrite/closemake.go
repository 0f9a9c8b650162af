package rewrite

import (
	"go/ast"
	"go/types"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// closeRule writes the probe of a close:
//
//	close(ch)   =>   _at.Close(&S[i], ch)
var closeRule = rule{
	hint: func(f *file, n ast.Node) bool { return f.isBuiltin(n, "close") },
	visit: func(f *file, c *dstutil.Cursor) {
		call, ok := c.Node().(*dst.CallExpr)
		if !ok || !f.isBuiltin(f.node(call), "close") {
			return
		}
		e := f.node(call).(*ast.CallExpr)
		o := operation{node: call, op: runtime.OpClose, kind: runtime.KindChan, obj: f.nameOf(e.Args[0]),
			roles: f.roleOf(e.Args[0]).At(0)}
		if reason := f.noElem(call.Args[0]); reason != "" {
			f.skip(o, reason)
			return
		}
		if site, ok := f.site(o); ok {
			f.replace(e.Fun.Pos(), e.Lparen+1, f.call("Close", site)+", ", "")
		}
	},
}

// makeRule writes the probe of a make of a channel:
//
//	make(chan T, n)   =>   _at.Made(&S[i], make(chan T, n))
var makeRule = rule{
	hint: func(f *file, n ast.Node) bool { return f.isBuiltin(n, "make") && f.makesChan(n) },
	visit: func(f *file, c *dstutil.Cursor) {
		call, ok := c.Node().(*dst.CallExpr)
		if !ok || !f.isBuiltin(f.node(call), "make") || !f.makesChan(f.node(call)) {
			return
		}
		e := f.expr(call)
		o := operation{node: call, op: runtime.OpMake, kind: runtime.KindChan, obj: f.assigned(call),
			roles: f.roleOf(e).At(0)}
		if site, ok := f.site(o); ok {
			f.open(e.Pos(), f.call("Made", site)+", ")
			f.close(e.End(), ")")
		}
	},
}

// isBuiltin reports whether n is a call of a predeclared function that the scope does not shadow.
func (f *file) isBuiltin(n ast.Node, name string) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || id.Name != name {
		return false
	}
	_, ok = f.pkg.Info.Uses[id].(*types.Builtin)
	return ok
}

// makesChan reports whether a call of make makes a channel.
func (f *file) makesChan(n ast.Node) bool {
	t := f.pkg.Info.TypeOf(n.(ast.Expr))
	return t != nil && chanOf(t) != nil
}
