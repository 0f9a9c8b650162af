package rewrite

import (
	"go/ast"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// sendRule:
//
//	ch <- v   =>   _at.To(&S[i], ch).Send(v)
//
// The element type comes from the channel alone, so that a constant, nil or a value that becomes an interface is converted as before.
var sendRule = rule{
	hint: func(_ *file, n ast.Node) bool { _, ok := n.(*ast.SendStmt); return ok },
	visit: func(f *file, c *dstutil.Cursor) {
		send, ok := c.Node().(*dst.SendStmt)
		if !ok || f.claimed(send) {
			return
		}
		s := f.node(send).(*ast.SendStmt)
		o := operation{node: send, op: runtime.OpSend, kind: runtime.KindChan}
		if reason := f.noElem(send.Chan); reason != "" {
			f.skip(o, reason)
			return
		}
		site, ok := f.site(o)
		if !ok {
			return
		}
		f.open(s.Pos(), f.call("To", site)+", ")
		f.replace(s.Arrow, s.Arrow+2, ").Send(")
		f.close(s.End(), ")")
	},
}
