package snaptext

import (
	"go/ast"
	goparser "go/parser"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// derive fills in what the rewriter knows from types and syntax, as far as the text of an expression tells it: what the
// objects are called, and what the channels are for. A snapshot as text would be hard to read if every probe said it.
func derive(p *snapshot.Probe) {
	if p.Op != runtime.OpSelect {
		p.Obj = objectName(p.Op, p.Expr)
		p.Roles |= roleOf(p.Obj).At(0)
		if p.Op == runtime.OpMake && strings.Contains(p.Expr, "os.Signal") {
			p.Roles = runtime.RoleSignal.At(0)
		}
		return
	}
	var names []string
	for i, part := range cases(p.Expr) {
		op := runtime.OpRecv
		if before, _, ok := strings.Cut(part, "<-"); ok && before != "" &&
			!strings.HasSuffix(strings.TrimSpace(before), "=") {
			op = runtime.OpSend
		}
		name := objectName(op, part)
		names = append(names, name)
		if op == runtime.OpRecv && p.Role(i) == runtime.RoleNone {
			p.Roles |= roleOf(name).At(i)
		}
	}
	p.Obj = strings.Join(names[:min(len(names), runtime.CaseLen)], "\n")
}

// roleOf returns the role that the name of a channel shows.
func roleOf(name string) runtime.Role {
	switch {
	case strings.HasSuffix(name, ".Done()"):
		return runtime.RoleDone
	case strings.HasSuffix(name, ".C"):
		return runtime.RoleTimer
	case strings.HasPrefix(name, "time.After("):
		return runtime.RoleAfter
	case strings.HasPrefix(name, "time.Tick("):
		return runtime.RoleTicker
	}
	return runtime.RoleNone
}

// cases returns the communications of a select, "select { case <-a; case b <- v }". The last one of a text that was cut
// off is left out.
func cases(expr string) []string {
	text, ok := strings.CutPrefix(expr, "select { case ")
	if !ok {
		return nil
	}
	text, whole := strings.CutSuffix(text, " }")
	parts := strings.Split(strings.TrimSuffix(text, "; default"), "; case ")
	if !whole {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// objectName returns what the expression of a probe calls the object that the probe is on, or "" if it has no name
// there:
//
//	ch <- v     ch        mu.Lock()            mu
//	v := <-ch   ch        conn.Read(b)         conn
//	close(ch)   ch        for v := range ch    ch
func objectName(op runtime.Op, expr string) string {
	switch op {
	case runtime.OpMake, runtime.OpSelect:
		return ""
	case runtime.OpSend:
		ch, _, ok := strings.Cut(expr, "<-")
		if !ok {
			return ""
		}
		return strings.TrimSpace(ch)
	case runtime.OpRecv:
		if i := strings.Index(expr, "<-"); i >= 0 {
			expr = expr[i+2:]
		}
		return name(strings.TrimSpace(expr))
	case runtime.OpRange:
		if _, ch, ok := strings.Cut(expr, "range "); ok {
			expr = ch
		}
		return name(strings.TrimSpace(strings.TrimSuffix(expr, "{")))
	}
	return receiver(strings.TrimPrefix(strings.TrimPrefix(expr, "defer "), "go "))
}

// name returns expr if it is a whole expression, without the parentheses around it.
func name(expr string) string {
	x, err := goparser.ParseExpr(expr)
	if err != nil {
		return ""
	}
	return text(expr, x)
}

// receiver returns x of the call x.Method(…) or of the method value x.Method, and the argument of close(x).
func receiver(expr string) string {
	x, err := goparser.ParseExpr(expr)
	if err != nil {
		// The expression was cut off at 80 bytes: what stands before the arguments is still good.
		i := strings.LastIndex(expr, "(")
		if i < 0 {
			return ""
		}
		if x, err = goparser.ParseExpr(expr[:i]); err != nil {
			return ""
		}
	}
	if call, ok := x.(*ast.CallExpr); ok {
		if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "close" && len(call.Args) == 1 {
			return text(expr, call.Args[0])
		}
		x = call.Fun
	}
	if sel, ok := x.(*ast.SelectorExpr); ok {
		return text(expr, sel.X)
	}
	return ""
}

// text returns the source of x, which was parsed from expr.
func text(expr string, x ast.Expr) string {
	for {
		p, ok := x.(*ast.ParenExpr)
		if !ok {
			break
		}
		x = p.X
	}
	lo, hi := int(x.Pos())-1, int(x.End())-1
	if lo < 0 || hi > len(expr) || lo > hi {
		return ""
	}
	return expr[lo:hi]
}
