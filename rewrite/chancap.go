package rewrite

import (
	"fmt"
	"go/ast"
	"go/types"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"

	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// capRule wraps the size of a channel for -chan-cap N:
//
//	make(chan T, n)   =>   make(chan T, _at.Cap(N, n))
//
// Cap makes an untyped constant an int, as make does. A size of another type keeps it (CapOf).
var capRule = rule{
	hint: func(f *file, n ast.Node) bool {
		return f.cfg.ChanCap > 0 && f.isBuiltin(n, "make") && f.makesChan(n)
	},
	visit: func(f *file, c *dstutil.Cursor) {
		node, ok := c.Node().(*dst.CallExpr)
		if !ok || f.cfg.ChanCap == 0 || len(f.alone) > 0 {
			return
		}
		call, ok := f.node(node).(*ast.CallExpr)
		if !ok || len(call.Args) != 2 || !f.isBuiltin(call, "make") || !f.makesChan(call) {
			return
		}
		size := call.Args[1]
		probe := "CapOf"
		if t := f.pkg.Info.TypeOf(size); types.Identical(t, types.Typ[types.Int]) || untyped(t) {
			probe = "Cap"
		}
		f.begin(revert.NoSite)
		f.open(size.Pos(), fmt.Sprintf("%s.%s(%d, ", f.names, probe, f.cfg.ChanCap))
		f.close(size.End(), ")")
	},
}

func untyped(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&types.IsUntyped != 0
}
