package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/version"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// rangeRule writes the probes of a loop over a channel, with R, V and K for _atR, _atV and _atK and the number of the
// site, and NEXT for <-_at.BeginRecv(&S[i], R); _at.EndRecv(); if !K { break }:
//
//	for range ch { body }        =>   for R := (ch); ; {_, K := NEXT; body }
//	for v = range ch { body }    =>   for R := (ch); ; {V, K := NEXT; v = V; body }
//	for v := range ch { body }   =>   for R := (ch); ; {v, K := NEXT; { body }}   since Go 1.22, and before:
//	for v := range ch { body }   =>   for R, v := _at.Ranged(ch); ; {V, K := NEXT; v = V; body }
//
// A variable of the loop's own clause would not do since Go 1.22: the loop copies it at the end of each iteration, and
// so would race with a goroutine of that iteration that writes it. The inner block lets the body declare v again.
// Before Go 1.22 one variable serves all iterations, and must keep its last value when the channel is closed. So must a
// variable that exists already. NEXT has a directive with the line of the loop, since it is on another one in a tree.
var rangeRule = rule{
	hint: func(f *file, n ast.Node) bool {
		r, ok := n.(*ast.RangeStmt)
		return ok && f.overChan(r)
	},
	visit: func(f *file, c *dstutil.Cursor) {
		loop, ok := c.Node().(*dst.RangeStmt)
		if !ok || f.claimed(loop) {
			return
		}
		r := f.node(loop).(*ast.RangeStmt)
		if !f.overChan(r) {
			return
		}
		o := operation{node: loop, pos: r.Pos(), op: runtime.OpRange, kind: runtime.KindChan,
			expr: "range " + f.textOf(r.X)}
		o.obj, o.roles = f.nameOf(r.X), f.roleOf(r.X).At(0)
		if reason := f.cannotRange(loop, r); reason != "" {
			f.skip(o, reason)
			return
		}
		if site, ok := f.site(o); ok {
			f.rangeProbe(r, site, len(f.sites)-1)
		}
	},
}

// overChan reports whether a loop receives from a channel.
func (f *file) overChan(r *ast.RangeStmt) bool {
	t := f.pkg.Info.TypeOf(r.X)
	return t != nil && chanOf(t) != nil
}

// cannotRange returns why the loop has no probe, or "". The destination moves into the body, so it must be on one line,
// and nothing in it may have a probe itself.
func (f *file) cannotRange(loop *dst.RangeStmt, r *ast.RangeStmt) string {
	if r.Tok != token.ASSIGN || isBlank(r.Key) {
		return ""
	}
	reason := ""
	if f.line(r.Key.Pos()) != f.line(r.Key.End()) {
		reason = "the loop variable is an expression that spans several lines"
	}
	dst.Inspect(loop.Key, func(n dst.Node) bool {
		switch n.(type) {
		case *dst.CallExpr, *dst.UnaryExpr, *dst.FuncLit:
			reason = "the loop variable is an expression that itself contains operations"
		}
		return reason == ""
	})
	return reason
}

// rangeProbe writes the probes of the loop.
func (f *file) rangeProbe(r *ast.RangeStmt, site string, n int) {
	ranger, value, more := fmt.Sprintf("%sR%d", f.names, n), fmt.Sprintf("%sV%d", f.names, n),
		fmt.Sprintf("%sK%d", f.names, n)
	first, begin := r.Range, ranger+" := ("
	if r.Key != nil {
		first = r.Key.Pos()
	}
	received, assign, inner := value, "", ""
	switch {
	case r.Key == nil || isBlank(r.Key):
		received = "_"
	case r.Tok == token.ASSIGN:
		assign = fmt.Sprintf("%s%s = %s; ", f.at(r.Key.Pos()),
			f.Text[f.Tok.Offset(r.Key.Pos()):f.Tok.Offset(r.Key.End())], value)
	case f.perIteration():
		received, inner = r.Key.(*ast.Ident).Name, "{"
	default:
		name := r.Key.(*ast.Ident).Name
		begin = fmt.Sprintf("%s, %s := %s.Ranged(", ranger, name, f.names)
		assign = fmt.Sprintf("%s = %s; ", name, value)
	}
	f.replace(first, r.Range+token.Pos(len("range")), begin, "")
	f.close(r.X.End(), "); ;")
	f.begin(n)
	body := r.Body.Lbrace
	next := fmt.Sprintf("%s, %s := <-%s, %s); %s.EndRecv(); if !%s { break }; ", received, more,
		f.call("BeginRecv", site), ranger, f.names, more)
	f.replace(body, body+1, "{"+f.at(r.Range)+next+assign+inner, "")
	if inner != "" {
		f.replace(r.Body.Rbrace, r.Body.Rbrace+1, "}}", "")
	}
}

// perIteration reports whether each iteration of a loop has its own variables.
func (f *file) perIteration() bool {
	v := f.pkg.Info.FileVersions[f.Syntax]
	return v == "" || version.Compare(v, "go1.22") >= 0
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}
