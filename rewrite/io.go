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

// passive marks a row whose receiver never waits itself: only the arguments of the method can.
const passive = 1 << 15

// callsiteOnly marks a row of functions that use their caller's position. They get a probe where they are called, but
// none as values, which the collector would call.
const callsiteOnly = 1 << 14

// ioRule writes the probes of the functions in the catalog and in -probe-func:
//
//	n, err := conn.Read(b)             =>   n, err := _at.End2(_at.IO(&S[i], conn).Read(b))
//	c, err := net.Dial("tcp", addr)    =>   c, err := _at.End2(_at.IOFunc(&S[i], net.Dial)("tcp", addr))
//	s.Read(b), embedding a net.Conn    =>   _at.End2(_at.IO(&S[i], s.Conn).Read(b))
//	n, err := w.Write(b)               =>   n, err := _at.Calls(&S[i], w).Int(w.Write(b))   see memory.go
//	group.Go(f), without results       =>   _at.IO(&S[i], group).Go(f); _at.IOEnd(&S[i])
//
// The call stays in place with its arguments: constants and nil still take the types of the parameters. For go and
// defer statements, and functions that are not called, see iovalue.go.
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
		case *dst.Ident: // of the package itself, or of a dot import
			f.ioValue(n)
		}
	},
}

// matcher returns a matcher for the source of p.
func (r *run) matcher(p *load.Package) *matcher {
	m := &matcher{funcs: r.funcs.fresh(), pkg: p}
	if r.cfg.Probes&ProbeIO != 0 {
		m.index = r.index
	}
	return m
}

// waiting returns the call of node, and its callee if that can wait.
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

// ioOperation returns the operation of c for the report. The arguments are nil if c is not called.
func (f *file) ioOperation(node dst.Node, c *ioCallee, args []ast.Expr) operation {
	o := operation{node: node, op: runtime.OpIO, kind: c.row.kind, flags: c.row.flags &^ (passive | callsiteOnly), asked: c.row == askedRow, callee: c.name.String()}
	if !c.function() {
		o.obj = f.nameOf(c.x) + c.path
	}
	o.flags |= f.ended(c, args)
	return o
}

// claimFunc claims the function of a call.
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
	case f.inner(c):
		trouble = "package " + c.name.pkg + " has probes where it reads and writes"
	case results > maxResults:
		trouble = fmt.Sprintf("it has %d results, and a probe passes on at most %d", results, maxResults)
	case results == 0 && !f.inList(0):
		trouble = "it has no results and is not a statement in a block"
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
	if begin := f.maybeCall(call, c, site); begin != "" && timed == "" {
		f.open(call.Pos(), f.onLine(call.Lparen, call.Pos())+begin)
		f.close(call.End(), ")")
		return
	}
	f.open(call.Pos(), f.onLine(call.Lparen, call.Pos())+open+timed+f.call(c.probe(), site)+", "+c.address())
	f.close(f.subject(call, c).End(), c.path+")"+timedEnd)
	if results == 0 {
		f.begin(len(f.sites) - 1)
	}
	f.close(call.End(), end)
}

// probe returns the name of the probe that begins a call of c.
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

// subject returns the part of a call that goes through the probe: the receiver or the function.
func (f *file) subject(call *ast.CallExpr, c *ioCallee) ast.Expr {
	if c.function() {
		return call.Fun
	}
	return c.x
}

// callPos returns the position of a call as a stack trace has it: in a chain of calls over several lines, that of the
// last name.
func (f *file) callPos(call *ast.CallExpr) token.Pos {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && f.line(sel.Sel.Pos()) != f.line(call.Pos()) {
		return sel.Sel.Pos()
	}
	return call.Pos()
}

// inList reports whether a call is a statement of its own in a list of statements. The parameter above is the number of
// nodes from the visited one up to the call.
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
