package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// recvRule writes the probe of a receive:
//
//	<-ch           =>   _at.Recv(&S[i], ch)
//	v, ok = <-ch   =>   v, ok = _at.RecvOK(&S[i], ch)
//	v, ok = <-ch   =>   v, ok = _at.RecvOKFor(&S[i], ch, &ok)   where ok is not a bool, but of another type that is one
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
		o := operation{node: recv, op: runtime.OpRecv, kind: runtime.KindChan, obj: f.nameOf(f.expr(recv.X)), roles: f.roleOf(f.expr(recv.X)).At(0)}
		u := f.node(recv).(*ast.UnaryExpr)
		probe, end, reason := f.recvProbe(u)
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
		f.close(u.End(), end)
	},
}

// recvProbe returns the probe for a receive, by the number of its values, and the end of the call. The second value of
// a receive is an untyped boolean, which a variable of any boolean type takes, but the result of a function is typed.
func (f *file) recvProbe(u *ast.UnaryExpr) (probe, end, reason string) {
	values, ok := f.pkg.Info.TypeOf(u).(*types.Tuple)
	if !ok {
		return "Recv", ")", ""
	}
	switch t := types.Unalias(values.At(1).Type()).(type) {
	case *types.Named:
		if types.IsInterface(t) {
			return "RecvOK", ")", ""
		}
	case *types.TypeParam:
	default:
		return "RecvOK", ")", ""
	}
	name := f.secondVariable()
	if name == "" {
		return "", "", "the second result is assigned to neither a bool nor a named variable"
	}
	return "RecvOKFor", ", &" + name + ")", ""
}

// secondVariable returns the name of the variable that gets the second value of the visited expression, or "" if it has
// none.
func (f *file) secondVariable() string {
	i := 0
	for {
		if _, ok := f.parent(i).(*dst.ParenExpr); !ok {
			break
		}
		i++
	}
	if assign, ok := f.parent(i).(*dst.AssignStmt); ok && len(assign.Lhs) == 2 {
		if id, ok := unparen(assign.Lhs[1]).(*dst.Ident); ok {
			return id.Name
		}
	}
	return ""
}
