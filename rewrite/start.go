package rewrite

import (
	"go/ast"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"

	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// startRule makes the record at the start of a program that reaches no probe for a while:
//
//	func main() { body }   =>   func main() {_at.Start(); body }
var startRule = rule{
	hint: func(f *file, n ast.Node) bool {
		d, ok := n.(*ast.FuncDecl)
		return ok && f.pkg.Name == "main" && d.Name.Name == "main" && d.Recv == nil && d.Body != nil
	},
	visit: func(f *file, c *dstutil.Cursor) {
		if _, ok := c.Node().(*dst.FuncDecl); !ok || f.pkg.Name != "main" || f.Embedded {
			return
		}
		if d := f.node(c.Node()).(*ast.FuncDecl); d.Name.Name == "main" && d.Recv == nil && d.Body != nil {
			f.begin(revert.NoSite)
			f.open(d.Body.Lbrace+1, string(f.names)+".Start(); ")
		}
	},
}
