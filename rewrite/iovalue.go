package rewrite

import (
	"fmt"
	"go/ast"

	"github.com/dave/dst"
)

// The collector's Func… probes exist for these numbers of parameters and results.
const (
	maxFuncParams   = 4 // of FuncPR
	maxFuncVariadic = 4 // of FuncVPR, the last parameter included
	maxFuncResults  = 2
)

// ioGo writes the probe of a call in a go statement. The probe begins in the new goroutine. The statement evaluates
// function, receiver and arguments, as before:
//
//	go io.Copy(dst, src)   =>   go _at.Func22(&S[i], io.Copy)(dst, src)
func (f *file) ioGo(stmt *dst.GoStmt) {
	call, c := f.waiting(stmt.Call)
	if c == nil {
		return
	}
	f.claim(stmt.Call)
	f.claimFunc(stmt.Call.Fun)
	f.wrapFunc(c, f.ioOperation(stmt.Call, c, call.Args), call.Fun)
}

// ioValue writes the probe of a function that is not called here:
//
//	f := conn.Read      =>   f := _at.Func12(&S[i], conn.Read)
//	var dial = net.Dial =>   var dial = _at.Func22(&S[i], net.Dial)
//	f := Copy           =>   f := _at.Func22(&S[i], Copy)             of a dot import
func (f *file) ioValue(node dst.Expr) {
	fun := f.expr(node)
	if fun == nil {
		return
	}
	c := f.io.match(fun)
	if c == nil || c.variable {
		return
	}
	f.wrapFunc(c, f.ioOperation(node, c, nil), fun)
}

// wrapFunc replaces a function by one of the same type with a probe in it.
func (f *file) wrapFunc(c *ioCallee, o operation, fun ast.Expr) {
	probe, trouble := funcProbe(c)
	if c.row.flags&callsiteOnly != 0 {
		trouble = "it records its caller's line, which would be a line of the collector"
	}
	if trouble != "" {
		f.skip(o, trouble)
		return
	}
	site, ok := f.site(o)
	if !ok {
		return
	}
	f.open(fun.Pos(), f.call(probe, site)+", ")
	f.close(fun.End(), ")")
}

// funcProbe returns the probe for a function of the type of c, or why there is none.
func funcProbe(c *ioCallee) (probe, trouble string) {
	if c.trouble != "" {
		return "", c.trouble
	}
	probe, most := "Func", maxFuncParams
	if c.sig.Variadic() {
		probe, most = "FuncV", maxFuncVariadic
	}
	params, results := c.sig.Params().Len(), c.sig.Results().Len()
	if params > most || results > maxFuncResults {
		return "", fmt.Sprintf("no probe fits a function value with %d parameters and %d results", params, results)
	}
	return fmt.Sprintf("%s%d%d", probe, params, results), ""
}

// ioDefer writes the probe of a deferred call. The call is deferred as before, so that it can recover from a panic. A
// deferred call that runs before it begins the wait, and one that runs after it ends the wait:
//
//	defer conn.Write(b)   =>   defer _at.IOEnd(&S[i]); defer conn.Write(b); defer _at.IO(&S[i], conn)
//
// If the receiver is more than a name with fields, it is not evaluated again: IOBegin is called instead of IO.
func (f *file) ioDefer(stmt *dst.DeferStmt) {
	call, c := f.waiting(stmt.Call)
	if c == nil {
		return
	}
	f.claim(stmt.Call)
	f.claimFunc(stmt.Call.Fun)
	site, ok := f.site(f.ioOperation(stmt.Call, c, call.Args))
	if !ok {
		return
	}
	begin := f.call("IOBegin", site)
	if !c.function() && plainName(c.x) {
		begin = f.call("IO", site) + ", " + c.address() + f.textOf(c.x) + c.path
	}
	f.open(f.node(stmt).Pos(), "defer "+f.call("IOEnd", site)+"); ")
	f.begin(len(f.sites) - 1)
	f.close(call.End(), "; defer "+begin+")")
}

// plainName reports whether e is a name, or a field of one, so that a second evaluation has no effect and gives the
// same value.
func plainName(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return plainName(e.X)
	}
	return false
}
