package rewrite

import (
	"go/ast"

	"github.com/dave/dst"
)

// inPlace writes the probes of a call that stays in the user's function, because another goroutine may run meanwhile or
// next. It returns false, and does nothing, if the call cannot stay there.
//
//	wg.Wait()   =>   _at.BeginWait(&S[i], &wg).Wait(); _at.EndWait()   in a list of statements
//	wg.Go(f)    =>   _at.BeginGo(&S[i], &wg).Go(f)                     as a statement, where f is simple
//
// The probe of Go comes before f is evaluated. Under awaittrace test it has work to do after Go, too.
func (f *file) inPlace(call *ast.CallExpr, sel *ast.SelectorExpr, recv receiver, m method, site string) bool {
	stmt, ok := f.parent(1).(*dst.ExprStmt)
	begin := ""
	switch {
	case !ok:
		return false
	case m.probe == "WgWait" && f.listed(2):
		begin = "BeginWait"
		f.ends(f.node(stmt).(ast.Stmt), "EndWait")
		f.begin(len(f.sites) - 1)
	case m.probe == "WgGo" && !f.marksTests() && f.simple(call.Args[0]):
		begin = "BeginGo"
	default:
		return false
	}
	f.open(sel.X.Pos(), f.call(begin, site)+", "+recv.address)
	f.close(sel.X.End(), recv.path+")")
	return true
}
