package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// recvRule:
//
//	<-ch           =>   _at.Recv(&S[i], ch)
//	v, ok = <-ch   =>   v, ok = _at.RecvOK(&S[i], ch)
//
// A receive in a communication clause belongs to selectRule.
var recvRule = rule{
	hint: func(_ *file, n ast.Node) bool {
		u, ok := n.(*ast.UnaryExpr)
		return ok && u.Op == token.ARROW
	},
	visit: func(f *file, c *dstutil.Cursor) {
		recv, ok := c.Node().(*dst.UnaryExpr)
		if !ok || recv.Op != token.ARROW || f.claimed(recv) {
			return
		}
		o := operation{node: recv, op: runtime.OpRecv, kind: runtime.KindChan}
		u := f.node(recv).(*ast.UnaryExpr)
		probe, reason := f.recvProbe(u)
		if reason == "" {
			reason = f.noElem(recv.X)
		}
		if reason != "" {
			f.skip(o, reason)
			return
		}
		site, ok := f.site(o)
		if !ok {
			return
		}
		f.replace(u.OpPos, u.OpPos+2, f.call(probe, site)+", ", "")
		f.close(u.End(), ")")
	},
}

// recvProbe is the probe for a receive, by the number of values that it gives. The second one is an untyped boolean, which a variable of any
// boolean type takes; the result of a function is not.
func (f *file) recvProbe(u *ast.UnaryExpr) (probe, reason string) {
	values, ok := f.pkg.info.TypeOf(u).(*types.Tuple)
	if !ok {
		return "Recv", ""
	}
	if named, ok := types.Unalias(values.At(1).Type()).(*types.Named); ok && !types.IsInterface(named) {
		return "", "the second value goes to a variable of type " + named.Obj().Name()
	}
	if _, ok := types.Unalias(values.At(1).Type()).(*types.TypeParam); ok {
		return "", "the second value goes to a variable of a type parameter"
	}
	return "RecvOK", ""
}
