package rewrite

import (
	"go/ast"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// goRule tells the collector that a library starts a goroutine. The goroutine has none of the user's functions on its
// stack, so the collector records who called the library.
//
//	go f(x)                          =>   _at.Starts(&S[i]); go f(x)
//
// With Config.TestBodies it tells the collector that a test starts a goroutine, which may not have reached a probe when
// the test ends. An ignored go statement starts one that belongs to no test.
//
//	go f(x)                          =>   _at.Spawn(); go f(x); _at.Attach()
//	go f(x) //awaittrace:ignore      =>   _at.Detach(); go f(x); _at.Attach() //awaittrace:ignore
var goRule = rule{
	hint: func(f *file, n ast.Node) bool {
		_, ok := n.(*ast.GoStmt)
		return ok && (f.tellsStarts() || f.marksTests())
	},
	visit: func(f *file, c *dstutil.Cursor) {
		node, ok := c.Node().(*dst.GoStmt)
		if !ok {
			return
		}
		stmt := f.node(node)
		if f.tellsStarts() && len(f.alone) == 0 {
			if site, ok := f.site(operation{node: node, op: runtime.OpGo, expr: "go"}); ok {
				f.open(stmt.Pos(), f.call("Starts", site)+"); ")
			}
		}
		if !f.marksTests() {
			return
		}
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

// tellsStarts reports whether go statements get a probe. In a tree they do not, because a tree keeps its statements
// apart.
func (f *file) tellsStarts() bool { return f.pkg.Lib && !f.cfg.Revertible }
