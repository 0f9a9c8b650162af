package rewrite

import (
	"go/ast"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"

	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// stackRule removes the frames of probes from stacks that the program prints or reads:
//
//	runtime.Stack(buf, all)   =>   _at.Stack(runtime.Stack)(buf, all)
//	debug.Stack()             =>   _at.StackText(debug.Stack())
var stackRule = rule{
	hint: func(f *file, n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		return ok && f.readsStack(call) != ""
	},
	visit: func(f *file, c *dstutil.Cursor) {
		node, ok := c.Node().(*dst.CallExpr)
		if !ok || len(f.alone) > 0 {
			return
		}
		call, ok := f.node(node).(*ast.CallExpr)
		if !ok {
			return
		}
		switch f.readsStack(call) {
		case "runtime":
			f.wrapStack("Stack", call.Fun)
		case "runtime/debug":
			switch f.parent(0).(type) {
			case *dst.ExprStmt, *dst.DeferStmt, *dst.GoStmt: // the result is unused
			default:
				f.wrapStack("StackText", call)
			}
		}
	},
}

// readsStack returns the package of the function Stack that a call calls, or "" for other functions.
func (f *file) readsStack(call *ast.CallExpr) string {
	id, _ := calleeName(ast.Unparen(call.Fun))
	if id == nil || id.Name != "Stack" {
		return ""
	}
	for _, path := range []string{"runtime", "runtime/debug"} {
		if isFunc(f.pkg.Info.Uses[id], path, "Stack") {
			return path
		}
	}
	return ""
}

// wrapStack makes e the argument of a function of the collector.
func (f *file) wrapStack(probe string, e ast.Expr) {
	f.begin(revert.NoSite)
	f.open(e.Pos(), string(f.names)+"."+probe+"(")
	f.close(e.End(), ")")
}
