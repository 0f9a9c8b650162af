package rewrite

import (
	"go/ast"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// goRule tells the collector, with Config.TestBodies, that a test starts a goroutine, which may not have come to its first probe when the test ends. One
// that is to be ignored belongs to no test.
//
//	go f(x)                          =>   _at.Spawn(); go f(x); _at.Attach()
//	go f(x) //awaittrace:ignore      =>   _at.Detach(); go f(x); _at.Attach() //awaittrace:ignore
var goRule = rule{
	hint: func(f *file, n ast.Node) bool {
		_, ok := n.(*ast.GoStmt)
		return ok && f.marksTests()
	},
	visit: func(f *file, c *dstutil.Cursor) {
		node, ok := c.Node().(*dst.GoStmt)
		if !ok || !f.marksTests() {
			return
		}
		stmt := f.node(node)
		before := ".Spawn(); "
		if n := len(f.alone); n > 0 {
			if f.alone[n-1].reason != ignoreDirective {
				return
			}
			before = ".Detach(); "
		}
		f.open(stmt.Pos(), string(f.names)+before)
		f.close(stmt.End(), "; "+string(f.names)+".Attach()")
	},
}
