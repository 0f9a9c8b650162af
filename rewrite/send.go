package rewrite

import (
	"fmt"
	"go/ast"
	"go/types"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// sendRule writes the probes of a send:
//
//	ch <- v   =>   _at.BeginSend(&S[i], ch) <- v; _at.EndSend()     in a list of statements, where v is simple
//	ch <- v   =>   ch <- _at.Sending(&S[i], ch, v); _at.EndSend()   there, where ch has only names
//	ch <- v   =>   _at.Send(&S[i], ch, v)
//	ch <- v   =>   _at.To(&S[i], ch).Send(v)                        where v is converted
//
// A value that is not simple may take long, or panic, before the send waits. The compiler evaluates it before what is
// no call: in p.ch <- f(), it calls f before it reads p. In the last form the element type comes from the channel
// alone, so that a value can become an interface. It evaluates all of ch before v, though.
var sendRule = rule{
	hint: func(_ *file, n ast.Node) bool { _, ok := n.(*ast.SendStmt); return ok },
	visit: func(f *file, c *dstutil.Cursor) {
		send, ok := c.Node().(*dst.SendStmt)
		if !ok || f.claimed(send) {
			return
		}
		s := f.node(send).(*ast.SendStmt)
		o := operation{node: send, op: runtime.OpSend, kind: runtime.KindChan, obj: f.nameOf(s.Chan),
			roles: f.roleOf(s.Chan).At(0)}
		if reason := f.noElem(send.Chan); reason != "" {
			f.skip(o, reason)
			return
		}
		site, ok := f.site(o)
		if !ok {
			return
		}
		if f.listed(0) && f.sendsInPlace(s, site) {
			return
		}
		probe, arrow := "Send", ","
		if f.converts(s) {
			probe, arrow = "To", ").Send("
		}
		f.open(s.Pos(), f.onLine(s.Arrow, s.Pos())+f.call(probe, site)+", ")
		f.replace(s.Arrow, s.Arrow+2, arrow, "")
		f.close(s.End(), ")")
	},
}

// sendsInPlace writes the probes of a send that is a statement of a list. It returns false, and does nothing, if the
// value is not simple, and is converted or goes to a channel that cannot be named twice on the line.
func (f *file) sendsInPlace(s *ast.SendStmt, site string) bool {
	if f.simple(s.Value) {
		f.open(s.Pos(), f.call("BeginSend", site)+", ")
		f.close(s.Chan.End(), ")")
		f.ends(s, "EndSend")
		return true
	}
	if f.converts(s) || !f.onlyNames(s.Chan) || f.line(s.Pos()) != f.line(s.Value.Pos()) {
		return false
	}
	f.ends(s, "EndSend")
	f.begin(len(f.sites) - 1)
	f.open(s.Value.Pos(), fmt.Sprintf("%s, %s, ", f.call("Sending", site), f.textOf(s.Chan)))
	f.close(s.Value.End(), ")")
	return true
}

// converts reports whether a send converts its value, so that the value's type must not take part in type inference.
func (f *file) converts(s *ast.SendStmt) bool {
	v := f.pkg.Info.TypeOf(s.Value)
	return v != types.Typ[types.UntypedNil] && !types.Identical(v, chanOf(f.pkg.Info.TypeOf(s.Chan)).Elem())
}
