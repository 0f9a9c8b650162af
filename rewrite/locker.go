package rewrite

import (
	"fmt"
	"go/ast"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
)

// lockerCall writes the probe of a call through an interface, and reports whether it did. The lock may be the user's
// own. The user's function calls its methods as before, so that they see their caller, and a deferred Unlock can
// recover from a panic.
//
//	l.Lock()           =>   _at.Locking(&S[i], l).Lock(); _at.Locked(&S[i])
//	l.Unlock()         =>   _at.Releasing(&S[i], l).Unlock()
//	defer l.Unlock()   =>   defer l.Unlock(); defer _at.Releasing(&S[i], l)
//	go l.Lock()        =>   go _at.Bind(&S[i], _at.LockerLock, l)()
//
// Other calls in go and defer statements become method values, too: with a nil interface, the statement panics, not the
// call, and so does a method value.
func (f *file) lockerCall(node *dst.CallExpr, sel *ast.SelectorExpr, recv receiver, o operation, m method) bool {
	unlock := m.op == runtime.OpUnlock
	switch f.parent(1).(type) {
	case *dst.ExprStmt:
		if !unlock && !f.inList(1) {
			return false
		}
		f.lockerStmt(f.node(node).(*ast.CallExpr), sel, recv, o)
	case *dst.DeferStmt:
		if unlock && plainName(sel.X) {
			f.lockerDefer(f.node(node).(*ast.CallExpr), sel, recv, o)
			return true
		}
		f.methodValueOf(o, sel, m)
	default:
		f.methodValueOf(o, sel, m)
	}
	return true
}

// lockerStmt writes the probe of a call that is a statement.
func (f *file) lockerStmt(call *ast.CallExpr, sel *ast.SelectorExpr, recv receiver, o operation) {
	site, ok := f.site(o)
	if !ok {
		return
	}
	probe := "Locking"
	if o.op == runtime.OpUnlock {
		probe = "Releasing"
	}
	f.open(sel.X.Pos(), f.onLine(call.Lparen, sel.X.Pos())+f.call(probe, site)+", ")
	f.close(sel.X.End(), recv.path+")")
	if o.op != runtime.OpUnlock {
		f.begin(len(f.sites) - 1)
		f.close(call.End(), "; "+f.call("Locked", site)+")")
	}
}

// lockerDefer writes the probe of a deferred call.
func (f *file) lockerDefer(call *ast.CallExpr, sel *ast.SelectorExpr, recv receiver, o operation) {
	if site, ok := f.site(o); ok {
		f.close(call.End(), fmt.Sprintf("; defer %s, %s%s)", f.call("Releasing", site), f.textOf(sel.X), recv.path))
	}
}
