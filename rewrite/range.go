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

// rangeRule writes the probe of a loop over a channel, with R, V and K for _atR, _atV and _atK and the number of the
// site:
//
//	for range ch { body }        =>   for R, _, K := _at.Range(&S[i], ch); K; _, K = R.Next() { body }
//	for v = range ch { body }    =>   for R, V, K := _at.Range(&S[i], ch); K; V, K = R.Next() {v = V; body }
//	for v := range ch { body }   =>   for R, V, K := _at.Range(&S[i], ch); K; V, K = R.Next() {v := V; { body }}   since Go 1.22
//	                             =>   for R, v, K := _at.Range(&S[i], ch); K; K = R.Into(&v) { body }              before
//
// A variable of the loop's own clause would not do since Go 1.22: the loop copies it at the end of each iteration, and
// so would race with a goroutine of that iteration that writes it. The inner block lets the body declare v again.
// Before Go 1.22 one variable serves all iterations, and must keep its last value when the channel is closed. So must a
// variable that exists already.
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
		o := operation{node: loop, pos: r.Pos(), op: runtime.OpRange, kind: runtime.KindChan, expr: "range " + f.textOf(r.X)}
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

// rangeProbe writes the probe of the loop.
func (f *file) rangeProbe(r *ast.RangeStmt, site string, n int) {
	ranger, value, more := fmt.Sprintf("%sR%d", f.names, n), fmt.Sprintf("%sV%d", f.names, n), fmt.Sprintf("%sK%d", f.names, n)
	first, second, next := r.Range, "_", fmt.Sprintf("_, %s = %s.Next()", more, ranger)
	if r.Key != nil {
		first = r.Key.Pos()
	}
	inBody, opened, closed := "", token.NoPos, token.NoPos
	switch {
	case r.Key == nil || isBlank(r.Key):
	case r.Tok == token.ASSIGN:
		second, next = value, fmt.Sprintf("%s, %s = %s.Next()", value, more, ranger)
		inBody = fmt.Sprintf("{%s%s = %s; ", f.at(r.Key.Pos()), f.Text[f.Tok.Offset(r.Key.Pos()):f.Tok.Offset(r.Key.End())], value)
		opened = r.Body.Lbrace
	case f.perIteration():
		second, next = value, fmt.Sprintf("%s, %s = %s.Next()", value, more, ranger)
		opened, closed = r.Body.Lbrace, r.Body.Rbrace
		inBody = fmt.Sprintf("{%s%s := %s; {", f.onLine(r.Key.Pos(), opened), r.Key.(*ast.Ident).Name, value)
	default:
		second = r.Key.(*ast.Ident).Name
		next = fmt.Sprintf("%s = %s.Into(&%s)", more, ranger, second)
	}
	f.replace(first, r.Range+token.Pos(len("range")), fmt.Sprintf("%s, %s, %s := %s,", ranger, second, more, f.call("Range", site)), "")
	f.close(r.X.End(), ")"+f.onLine(r.Range, r.X.End())+"; "+more+"; "+next)
	if opened.IsValid() {
		f.begin(n)
		f.replace(opened, opened+1, inBody, "")
	}
	if closed.IsValid() {
		f.replace(closed, closed+1, "}}", "")
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
