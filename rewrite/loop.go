package rewrite

import (
	"go/ast"
	"go/token"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// loopRule writes probes in loops (-probe loop):
//
//	for … { body }   =>   for … {_at.Loop(&S[i]); body }
var loopRule = rule{
	hint: func(f *file, n ast.Node) bool {
		_, _, ok := loopBody(n)
		return ok && f.cfg.Probes&ProbeLoop != 0
	},
	visit: func(f *file, c *dstutil.Cursor) {
		switch c.Node().(type) {
		case *dst.ForStmt, *dst.RangeStmt:
		default:
			return
		}
		n := f.node(c.Node())
		body, clause, _ := loopBody(n)
		header := string(f.Text[f.Tok.Offset(n.Pos()):f.Tok.Offset(clause)])
		if site, ok := f.site(operation{node: c.Node(), op: runtime.OpLoop, expr: oneLine(header)}); ok {
			f.open(body.Lbrace+1, f.call("Loop", site)+"); ")
		}
	},
}

// loopBody returns the body of a loop, and where its header ends.
func loopBody(n ast.Node) (body *ast.BlockStmt, header token.Pos, ok bool) {
	switch n := n.(type) {
	case *ast.ForStmt:
		body = n.Body
	case *ast.RangeStmt:
		body = n.Body
	default:
		return nil, token.NoPos, false
	}
	return body, body.Lbrace, true
}
