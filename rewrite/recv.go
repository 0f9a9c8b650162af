package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// recvRule writes the probes of a receive:
//
//	<-ch           =>   <-_at.BeginRecv(&S[i], ch); _at.EndRecv()           in a list of statements
//	v, ok = <-ch   =>   v, ok = <-_at.BeginRecv(&S[i], ch); _at.EndRecv()   there, where v and ok are names
//	f(<-ch)        =>   f(_at.Received(<-_at.BeginRecv(&S[i], ch)))
//	v, ok = <-ch   =>   v, ok = _at.RecvOK(&S[i], ch)
//	v, ok = <-ch   =>   v, ok = _at.RecvOKFor(&S[i], ch, &ok)               where ok is of a boolean type, but no bool
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
		o := operation{node: recv, op: runtime.OpRecv, kind: runtime.KindChan, obj: f.nameOf(f.expr(recv.X)),
			roles: f.roleOf(f.expr(recv.X)).At(0)}
		u := f.node(recv).(*ast.UnaryExpr)
		stmt := f.receiving()
		probe, end, reason := "", "", ""
		if stmt == nil && f.hasOK(u) {
			probe, end, reason = f.recvProbe(u)
		}
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
		switch begin := "<-" + f.call("BeginRecv", site) + ", "; {
		case stmt != nil:
			f.ends(stmt, "EndRecv")
			f.begin(len(f.sites) - 1)
			f.replace(u.OpPos, u.OpPos+2, begin, "")
			f.close(u.End(), ")")
		case probe != "":
			f.replace(u.OpPos, u.OpPos+2, f.call(probe, site)+", ", "")
			f.close(u.End(), end)
		default:
			f.replace(u.OpPos, u.OpPos+2, string(f.names)+".Received("+begin, "")
			f.close(u.End(), "))")
		}
	},
}

// receiving returns the statement of the visited receive, if the statement does nothing else that can panic or take
// long, and another one can follow it; or else nil.
func (f *file) receiving() ast.Stmt {
	i := f.outerParen()
	switch stmt := f.parent(i).(type) {
	case *dst.ExprStmt:
		if f.listed(i + 1) {
			return f.node(stmt).(ast.Stmt)
		}
	case *dst.AssignStmt:
		if len(stmt.Lhs) == 2 && len(stmt.Rhs) == 1 && f.listed(i+1) && isIdent(stmt.Lhs[0]) && isIdent(stmt.Lhs[1]) {
			return f.node(stmt).(ast.Stmt)
		}
	}
	return nil
}

func isIdent(e dst.Expr) bool {
	_, ok := e.(*dst.Ident)
	return ok
}

// outerParen returns which ancestor of the visited node is the first without parentheses.
func (f *file) outerParen() int {
	i := 0
	for {
		if _, ok := f.parent(i).(*dst.ParenExpr); !ok {
			return i
		}
		i++
	}
}

// hasOK reports whether a receive has two values.
func (f *file) hasOK(u *ast.UnaryExpr) bool {
	_, ok := f.pkg.Info.TypeOf(u).(*types.Tuple)
	return ok
}

// recvProbe returns the probe for a receive with two values, and the end of the call. The second value is an untyped
// boolean, which a variable of any boolean type takes, but the result of a function is typed.
func (f *file) recvProbe(u *ast.UnaryExpr) (probe, end, reason string) {
	values := f.pkg.Info.TypeOf(u).(*types.Tuple)
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
	if assign, ok := f.parent(f.outerParen()).(*dst.AssignStmt); ok && len(assign.Lhs) == 2 {
		if id, ok := unparen(assign.Lhs[1]).(*dst.Ident); ok {
			return id.Name
		}
	}
	return ""
}
