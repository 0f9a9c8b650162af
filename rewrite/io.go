package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// passive marks a row whose receiver never waits itself: only what is passed to the method does.
const passive = 1 << 15

// callsiteOnly marks a row of functions that look at who calls them: they have a probe where they are called, and none where they are a value, which would be
// called by the collector.
const callsiteOnly = 1 << 14

// ioRule, for what the catalog lists and what -probe-func names:
//
//	n, err := conn.Read(b)             =>   n, err := _at.End2(_at.IO(&S[i], conn).Read(b))
//	c, err := net.Dial("tcp", addr)    =>   c, err := _at.End2(_at.IOFunc(&S[i], net.Dial)("tcp", addr))
//	s.Read(b), embedding a net.Conn    =>   _at.End2(_at.IO(&S[i], s.Conn).Read(b))
//	group.Go(f), without results       =>   _at.IO(&S[i], group).Go(f); _at.IOEnd(&S[i])
//
// The call stays where it is, with its arguments: constants and nil become what the parameters want, as before. What go and
// defer call, and functions that are not called, are in iovalue.go.
var ioRule = rule{
	hint: func(f *file, n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			return f.io.match(n.Fun) != nil
		case *ast.SelectorExpr:
			return f.io.match(n) != nil
		case *ast.Ident:
			return f.io.match(n) != nil
		}
		return false
	},
	visit: func(f *file, c *dstutil.Cursor) {
		if f.claimed(c.Node()) {
			return
		}
		switch n := c.Node().(type) {
		case *dst.GoStmt:
			f.ioGo(n)
		case *dst.DeferStmt:
			f.ioDefer(n)
		case *dst.CallExpr:
			f.ioCall(n)
		case *dst.SelectorExpr:
			f.claim(n.Sel)
			f.ioValue(n)
		case *dst.Ident: // of the package itself, or a dot import
			f.ioValue(n)
		}
	},
}

// matcher finds what can wait in the source of pkg.
func (r *run) matcher(p *load.Package) *matcher {
	m := &matcher{funcs: r.funcs.fresh(), pkg: p}
	if r.cfg.Probes&ProbeIO != 0 {
		m.index = r.index
	}
	return m
}

// waiting is what a call calls, if that can wait.
func (f *file) waiting(node *dst.CallExpr) (call *ast.CallExpr, c *ioCallee) {
	call, ok := f.node(node).(*ast.CallExpr)
	if !ok {
		return nil, nil
	}
	c = f.io.match(call.Fun)
	if c == nil || c.row == askedRow {
		return call, c
	}
	if (c.function() || c.row.flags&passive != 0) && quietArgs(f.pkg.Info, c.sig, call.Args) {
		f.claimFunc(node.Fun)
		return call, nil
	}
	return call, c
}

// function reports whether c is not called on a value.
func (c *ioCallee) function() bool { return c.x == nil }

// ioOperation is what the report says of c. The arguments are unknown, and nil, where it is not called.
func (f *file) ioOperation(node dst.Node, c *ioCallee, args []ast.Expr) operation {
	o := operation{node: node, op: runtime.OpIO, kind: c.row.kind, flags: c.row.flags &^ (passive | callsiteOnly), asked: c.row == askedRow, callee: c.name.String()}
	if !c.function() {
		o.obj = f.nameOf(c.x) + c.path
	}
	o.flags |= f.ended(c, args)
	return o
}

// claimFunc marks the function of a call as dealt with.
func (f *file) claimFunc(fun dst.Expr) {
	for {
		f.claim(fun)
		switch e := fun.(type) {
		case *dst.SelectorExpr:
			fun = e.Sel
		case *dst.ParenExpr:
			fun = e.X
		case *dst.IndexExpr:
			fun = e.X
		case *dst.IndexListExpr:
			fun = e.X
		default:
			return
		}
	}
}

// ioCall writes the probe of a call that is an expression, or a statement.
func (f *file) ioCall(node *dst.CallExpr) {
	call, c := f.waiting(node)
	if c == nil {
		return
	}
	f.claimFunc(node.Fun)
	o := f.ioOperation(node, c, call.Args)
	o.pos = f.callPos(call)
	results := c.sig.Results().Len()
	trouble := c.trouble
	switch {
	case trouble != "":
	case results > maxResults:
		trouble = fmt.Sprintf("it has %d results, and a probe hands on at most %d", results, maxResults)
	case results == 0 && !f.inList(0):
		trouble = "it has no results and is not a statement of a block"
	}
	if trouble != "" {
		f.skip(o, trouble)
		return
	}
	site, ok := f.site(o)
	if !ok {
		return
	}
	open, end := fmt.Sprintf("%s.End%d(", f.names, results), ")"
	if results == 0 {
		open, end = "", "; "+f.call("IOEnd", site)+")"
	}
	timed, timedEnd := f.timed(call, c)
	f.open(call.Pos(), f.onLine(call.Lparen, call.Pos())+open+timed+f.call(c.probe(), site)+", "+c.address())
	f.close(f.subject(call, c).End(), c.path+")"+timedEnd)
	if results == 0 {
		f.begin(len(f.sites) - 1)
	}
	f.close(call.End(), end)
}

// probe is the probe that begins a call of c.
func (c *ioCallee) probe() string {
	if c.function() {
		return "IOFunc"
	}
	return "IO"
}

func (c *ioCallee) address() string {
	if c.addr {
		return "&"
	}
	return ""
}

// subject is the part of a call that goes through the probe: the receiver or the function.
func (f *file) subject(call *ast.CallExpr, c *ioCallee) ast.Expr {
	if c.function() {
		return call.Fun
	}
	return c.x
}

// callPos is the position of a call as a stack trace has it: in a chain of calls over several lines, that of the last name.
func (f *file) callPos(call *ast.CallExpr) token.Pos {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && f.line(sel.Sel.Pos()) != f.line(call.Pos()) {
		return sel.Sel.Pos()
	}
	return call.Pos()
}

// inList reports whether a call is a statement of its own in a list of statements, above being the number of nodes from the call to the
// node that is visited.
func (f *file) inList(above int) bool {
	if _, ok := f.parent(above).(*dst.ExprStmt); !ok {
		return false
	}
	switch f.parent(above + 1).(type) {
	case *dst.BlockStmt, *dst.CaseClause, *dst.CommClause, *dst.LabeledStmt:
		return true
	}
	return false
}
