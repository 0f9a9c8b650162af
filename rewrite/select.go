package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// selectRule writes the probes of a select:
//
//	select {                     select {
//	case v := <-a: …       =>    case v := <-_at.CaseRecv(&S[i], 0, a): _at.Chose(&S[i], 0); …
//	case b <- f(): …             case _at.CaseSend(&S[i], 1, b) <- _at.CaseValue(&S[i], f()): _at.Chose(&S[i], 1); …
//	default: …                   default: _at.Chose(&S[i], -1); …
//	}                            }
//
// The last two channels are noted at once where both have only names, and nothing is evaluated between them:
//
//	case v := <-a: …       =>    case v := <-a: …
//	case b <- x: …               case _at.Cases(&S[i], 0, 2, a, b) <- x: …
//
//	select {}              =>    _at.Forever(&S[i]); select {}
//
// The channels are wrapped in place, so that every operand is still evaluated once and in order, and the select itself
// stays unchanged. CaseValue is for the last operand: a wait in it is not yet the select's.
var selectRule = rule{
	hint: func(_ *file, n ast.Node) bool { _, ok := n.(*ast.SelectStmt); return ok },
	visit: func(f *file, c *dstutil.Cursor) {
		sel, ok := c.Node().(*dst.SelectStmt)
		if !ok {
			return
		}
		clauses, hasDefault := f.clauses(sel)
		for _, cl := range clauses {
			f.claim(cl.node)
		}
		o := operation{node: sel, op: runtime.OpSelect, kind: runtime.KindChan, cases: len(clauses)}
		o.expr = f.selectText(clauses, hasDefault)
		if hasDefault {
			o.flags = runtime.SiteDefault
		}
		o.obj, o.roles = f.caseObjects(clauses)
		for _, cl := range clauses {
			if reason := f.noElem(cl.ch); reason != "" {
				f.skip(o, reason)
				return
			}
		}
		if site, ok := f.site(o); ok {
			f.selectProbe(sel, clauses, site)
		}
	},
}

// A clause is a communication clause.
type clause struct {
	node  dst.Node // the send statement or the receive expression
	ch    dst.Expr
	value dst.Expr // of a send
	comm  ast.Stmt
}

// sends returns 1 for a send and 0 for a receive.
func (c *clause) sends() int {
	if c.value != nil {
		return 1
	}
	return 0
}

// clauses returns the communication clauses of a select, in source order.
func (f *file) clauses(sel *dst.SelectStmt) (list []clause, hasDefault bool) {
	for _, s := range sel.Body.List {
		comm := s.(*dst.CommClause).Comm
		if comm == nil {
			hasDefault = true
			continue
		}
		c := clause{comm: f.node(comm).(ast.Stmt)}
		var from dst.Expr
		switch comm := comm.(type) {
		case *dst.SendStmt:
			c.node, c.ch, c.value = comm, comm.Chan, comm.Value
		case *dst.ExprStmt:
			from = comm.X
		case *dst.AssignStmt:
			from = comm.Rhs[0]
		}
		if from != nil {
			recv := unparen(from).(*dst.UnaryExpr)
			c.node, c.ch = recv, recv.X
		}
		list = append(list, c)
	}
	return list, hasDefault
}

func unparen(e dst.Expr) dst.Expr {
	for {
		p, ok := e.(*dst.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}

// selectText returns the select on one line, without bodies.
func (f *file) selectText(clauses []clause, hasDefault bool) string {
	var parts []string
	for _, c := range clauses {
		parts = append(parts, "case "+f.textOf(c.comm))
	}
	if hasDefault {
		parts = append(parts, "default")
	}
	if len(parts) == 0 {
		return "select {}"
	}
	return "select { " + strings.Join(parts, "; ") + " }"
}

// caseObjects returns the names of the channels of a select, one a line, and their roles, as a Site has them.
func (f *file) caseObjects(clauses []clause) (names string, roles uint32) {
	var list []string
	for i, c := range clauses[:min(len(clauses), runtime.CaseLen)] {
		list = append(list, f.nameOf(f.expr(c.ch)))
		roles |= f.roleOf(f.expr(c.ch)).At(i)
	}
	return strings.TrimRight(strings.Join(list, "\n"), "\n"), roles
}

// selectProbe writes the probes of a select.
func (f *file) selectProbe(sel *dst.SelectStmt, clauses []clause, site string) {
	s := f.node(sel).(*ast.SelectStmt)
	if len(s.Body.List) == 0 {
		f.open(s.Pos(), f.call("Forever", site)+"); ")
		return
	}
	n := len(f.sites) - 1
	last, pair := len(clauses)-1, f.pairs(clauses)
	for i, c := range clauses {
		if pair && i == last-1 {
			continue
		}
		ch := f.expr(c.ch)
		f.begin(n)
		if pair && i == last {
			before := clauses[i-1]
			f.open(ch.Pos(), fmt.Sprintf("%s, %d, %d, %s, ", f.call("Cases", site), i-1, before.sends()|c.sends()<<1,
				f.textOf(f.expr(before.ch))))
		} else {
			f.open(ch.Pos(), fmt.Sprintf("%s, %d, ", f.call([]string{"CaseRecv", "CaseSend"}[c.sends()], site), i))
		}
		f.close(ch.End(), ")")
		if i == last && c.value != nil && f.keepsType(c.value) {
			v := f.expr(c.value)
			f.begin(n)
			f.open(v.Pos(), f.call("CaseValue", site)+", ")
			f.close(v.End(), ")")
		}
	}
	i := 0
	for _, stmt := range s.Body.List {
		clause, number := stmt.(*ast.CommClause), -1
		if clause.Comm != nil {
			number, i = i, i+1
		}
		f.begin(n)
		f.open(clause.Colon+1, fmt.Sprintf("%s, %d); ", f.call("Chose", site), number))
	}
}

// pairs reports whether one probe can note the channels of the last two clauses. Between it and the choice no other
// probe may be reached, but CaseValue.
func (f *file) pairs(clauses []clause) bool {
	if len(clauses) < 2 {
		return false
	}
	a, b := clauses[len(clauses)-2], clauses[len(clauses)-1]
	if !f.onlyNames(f.expr(a.ch)) || !f.onlyNames(f.expr(b.ch)) || a.value != nil && !f.simple(f.expr(a.value)) {
		return false
	}
	calls, _ := f.contains(b.value)
	return !calls || f.keepsType(b.value)
}

// contains reports whether a value, which may be nil, contains a call or a receive, and whether it contains a shift.
func (f *file) contains(value dst.Expr) (calls, shifts bool) {
	if value == nil {
		return false, false
	}
	dst.Inspect(value, func(n dst.Node) bool {
		switch n := n.(type) {
		case *dst.CallExpr:
			calls = calls || !f.pkg.Info.Types[f.expr(n.Fun)].IsType()
		case *dst.UnaryExpr:
			calls = calls || n.Op == token.ARROW
		case *dst.BinaryExpr:
			shifts = shifts || n.Op == token.SHL || n.Op == token.SHR
		case *dst.FuncLit:
			return false
		}
		return true
	})
	return calls, shifts
}

// keepsType reports whether a value contains a call, and has the same type when it is passed through a function: its
// type does not come from the context.
func (f *file) keepsType(value dst.Expr) bool {
	if calls, shifts := f.contains(value); !calls || shifts {
		return false
	}
	t := f.typeOf(value)
	if t == nil || f.pkg.Info.Types[f.expr(value)].Value != nil {
		return false
	}
	switch e := unparen(value).(type) {
	case *dst.BinaryExpr: // a comparison is untyped
		return types.Identical(t, types.Typ[types.Bool]) || !comparison(e.Op)
	case *dst.UnaryExpr: // !(a == b)
		return types.Identical(t, types.Typ[types.Bool]) || e.Op != token.NOT
	}
	return true
}

func comparison(op token.Token) bool {
	switch op {
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ, token.LAND, token.LOR:
		return true
	}
	return false
}
