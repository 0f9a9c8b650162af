package rewrite

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"

	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// timeoutRule adds time limits for -io-timeout D, with D in nanoseconds:
//
//	bufio.NewReader(conn)   =>   bufio.NewReader(_at.TimedReader(D, conn))
//	conn.SetDeadline(t)     =>   _at.OwnDeadline(conn).SetDeadline(t)
//
// The arguments are those of functions of the standard library, which sees them only as the interface that it asks for.
// A read or write on a connection itself gets its limit in its probe (file.timed).
var timeoutRule = rule{
	hint: func(f *file, n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		return ok && f.cfg.IOTimeout > 0 && (f.setsDeadline(call) != nil || len(f.timedArgs(call)) > 0)
	},
	visit: func(f *file, c *dstutil.Cursor) {
		node, ok := c.Node().(*dst.CallExpr)
		if !ok || f.cfg.IOTimeout == 0 || len(f.alone) > 0 {
			return
		}
		call, ok := f.node(node).(*ast.CallExpr)
		if !ok {
			return
		}
		if sel := f.setsDeadline(call); sel != nil {
			f.ownDeadline(sel)
		}
		for _, s := range f.timedArgs(call) {
			f.begin(revert.NoSite)
			f.open(s.arg.Pos(), f.timer(s.probe))
			f.close(s.arg.End(), ")")
		}
	},
}

// A timedArg is an argument that the call reads from or writes to.
type timedArg struct {
	arg   ast.Expr
	probe string
}

// timers are the probes, by the type of the parameter.
var timers = map[string]string{"io.Reader": "TimedReader", "io.Writer": "TimedWriter", "io.ReadWriter": "TimedReadWriter"}

// timer returns the beginning of a call that gives its operand a time limit.
func (f *file) timer(probe string) string {
	return fmt.Sprintf("%s.%s(%d, ", f.names, probe, f.cfg.IOTimeout.Nanoseconds())
}

// timedArgs returns the arguments of a call of the standard library that may be connections.
func (f *file) timedArgs(call *ast.CallExpr) (list []timedArg) {
	id, _ := calleeName(ast.Unparen(call.Fun))
	if id == nil {
		return nil
	}
	fn, ok := f.pkg.Info.Uses[id].(*types.Func)
	if !ok || fn.Pkg() == nil || strings.Contains(strings.Split(fn.Pkg().Path(), "/")[0], ".") || fn.Pkg() == f.pkg.Types {
		return nil
	}
	params := fn.Signature().Params()
	for i, arg := range call.Args {
		if i >= params.Len() {
			break
		}
		probe := timers[types.TypeString(params.At(i).Type(), (*types.Package).Path)]
		if probe != "" && f.mayHaveDeadline(f.pkg.Info.TypeOf(arg)) {
			list = append(list, timedArg{arg, probe})
		}
	}
	return list
}

// mayHaveDeadline reports whether a value of type t may be a connection.
func (f *file) mayHaveDeadline(t types.Type) bool {
	if t == nil || types.Identical(t, types.Typ[types.UntypedNil]) {
		return false
	}
	if pkg, name := typeName(t); pkg == "os" && name == "File" {
		return false
	}
	if _, several := t.(*types.Tuple); several {
		return false
	}
	if types.IsInterface(t) {
		return true
	}
	set, _, _ := types.LookupFieldOrMethod(t, false, f.pkg.Types, "SetReadDeadline")
	_, ok := set.(*types.Func)
	return ok
}

// timed returns the time limit of a call of Read or Write: the beginning and end of what goes around the receiver.
func (f *file) timed(call *ast.CallExpr, c *ioCallee) (open, end string) {
	if f.cfg.IOTimeout == 0 || c.function() || typesOf(c.sig) != "func([]byte) (int, error)" {
		return "", ""
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	probe := map[string]string{"Read": "TimedReader", "Write": "TimedWriter"}[sel.Sel.Name]
	t := f.receiverType(sel, c)
	if c.addr {
		t = types.NewPointer(t)
	}
	if probe == "" || !f.mayHaveDeadline(t) {
		return "", ""
	}
	return f.timer(probe), ")"
}

// setsDeadline returns the method of a call that sets a deadline, or nil.
func (f *file) setsDeadline(call *ast.CallExpr) *ast.SelectorExpr {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	switch sel.Sel.Name {
	case "SetDeadline", "SetReadDeadline", "SetWriteDeadline":
	default:
		return nil
	}
	selection := f.pkg.Info.Selections[sel]
	if selection == nil || selection.Kind() != types.MethodVal || typesOf(selection.Type().(*types.Signature)) != "func(time.Time) error" {
		return nil
	}
	return sel
}

// ownDeadline notes that the program sets a deadline of a connection.
func (f *file) ownDeadline(sel *ast.SelectorExpr) {
	recv, reason := f.receiverOf(sel)
	// A receiver such as that of a *net.TCPConn, which is embedded in it, cannot be written. The address of the value
	// serves as well.
	if reason != "" {
		recv = receiver{typ: f.pkg.Info.TypeOf(sel.X)}
		if _, pointer := recv.typ.Underlying().(*types.Pointer); !pointer {
			return
		}
	}
	address := recv.address
	if address != "" { // take the address where the operand is
		address = f.onLine(sel.X.Pos(), sel.Sel.Pos()) + address
	}
	f.begin(revert.NoSite)
	f.open(sel.X.Pos(), fmt.Sprintf("%s.OwnDeadline(%s", f.names, address))
	f.close(sel.X.End(), recv.path+")")
}
