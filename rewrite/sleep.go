package rewrite

import (
	"fmt"
	"go/ast"
	"go/types"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// sleepRule writes the probe of a sleep:
//
//	time.Sleep(d)     =>   _at.Sleep(&S[i], d)
//	f := time.Sleep   =>   f := _at.Expr(&S[i], _at.Sleep)
//
// The import may become unused, so a declaration at the end of the file uses it.
var sleepRule = rule{
	hint: func(f *file, n ast.Node) bool { id, ok := n.(*ast.Ident); return ok && f.isSleep(id) },
	visit: func(f *file, c *dstutil.Cursor) {
		switch e := c.Node().(type) {
		case *dst.SelectorExpr:
			sel := f.node(e).(*ast.SelectorExpr)
			if name, ok := sel.X.(*ast.Ident); ok && f.isSleep(sel.Sel) {
				f.claim(e.Sel)
				f.sleepProbe(e, sel, name.Name+".Duration")
			}
		case *dst.Ident: // of a dot import
			if id, ok := f.node(e).(*ast.Ident); ok && f.isSleep(id) && !f.claimed(e) {
				f.sleepProbe(e, id, "Duration")
			}
		}
	},
}

func (f *file) isSleep(id *ast.Ident) bool {
	fn, ok := f.pkg.Info.Uses[id].(*types.Func)
	return ok && fn.Name() == "Sleep" && fn.FullName() == "time.Sleep"
}

// sleepProbe replaces the name e by the probe. The declaration of user keeps the import in use.
func (f *file) sleepProbe(node dst.Expr, e ast.Expr, user string) {
	call, called := f.parent(0).(*dst.CallExpr)
	called = called && call.Fun == node
	o := operation{node: node, op: runtime.OpSleep}
	if called {
		o.node = call
	}
	site, ok := f.site(o)
	if !ok {
		return
	}
	f.kept["time"] = "var _ " + user
	if called {
		f.replace(e.Pos(), f.node(call).(*ast.CallExpr).Lparen+1, f.call("Sleep", site)+", ", "")
	} else {
		f.replace(e.Pos(), e.End(), f.call("Expr", site)+",", fmt.Sprintf(" %s.Sleep)", f.names))
	}
}
