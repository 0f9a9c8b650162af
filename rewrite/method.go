package rewrite

import (
	"bytes"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// A method is a method of package sync that has a probe. The probe is a function that takes the site, the receiver and
// the method's parameters, and has its results.
type method struct {
	probe string
	op    runtime.Op
	kind  runtime.Kind
	// bind is the suffix of Bind and Expr in the names of the probes for method values and expressions: R for a method
	// with a result, 1 for one with an argument.
	bind string
}

// methods are the methods by type and name. A Locker may be any lock: the collector looks at its value. On a WaitGroup,
// Wait waits, and the other methods tell for which goroutines. Cond.Wait is one operation, although it unlocks and
// locks: the collector knows that the lock is c.L. Once.Do waits for another goroutine inside it, and is itself what
// others wait for.
var methods = map[string]method{
	"Mutex.Lock":       {"Lock", runtime.OpLock, runtime.KindMutex, ""},
	"Mutex.Unlock":     {"Unlock", runtime.OpUnlock, runtime.KindMutex, ""},
	"Mutex.TryLock":    {"TryLock", runtime.OpTryLock, runtime.KindMutex, "R"},
	"RWMutex.Lock":     {"RWLock", runtime.OpLock, runtime.KindRWMutex, ""},
	"RWMutex.Unlock":   {"RWUnlock", runtime.OpUnlock, runtime.KindRWMutex, ""},
	"RWMutex.TryLock":  {"RWTryLock", runtime.OpTryLock, runtime.KindRWMutex, "R"},
	"RWMutex.RLock":    {"RLock", runtime.OpRLock, runtime.KindRWMutex, ""},
	"RWMutex.RUnlock":  {"RUnlock", runtime.OpRUnlock, runtime.KindRWMutex, ""},
	"RWMutex.TryRLock": {"TryRLock", runtime.OpTryLock, runtime.KindRWMutex, "R"},
	"Locker.Lock":      {"LockerLock", runtime.OpLock, runtime.KindOther, ""},
	"Locker.Unlock":    {"LockerUnlock", runtime.OpUnlock, runtime.KindOther, ""},
	"WaitGroup.Wait":   {"WgWait", runtime.OpWait, runtime.KindWaitGroup, ""},
	"WaitGroup.Done":   {"WgDone", runtime.OpWait, runtime.KindWaitGroup, ""},
	"WaitGroup.Add":    {"WgAdd", runtime.OpWait, runtime.KindWaitGroup, "1"},
	"WaitGroup.Go":     {"WgGo", runtime.OpWait, runtime.KindWaitGroup, "1"},
	"Cond.Wait":        {"CondWait", runtime.OpCond, runtime.KindCond, ""},
	"Cond.Signal":      {"CondSignal", runtime.OpCond, runtime.KindCond, ""},
	"Cond.Broadcast":   {"CondBroadcast", runtime.OpCond, runtime.KindCond, ""},
	"Once.Do":          {"OnceDo", runtime.OpOnce, runtime.KindOnce, "1"},
}

// methodRule writes the probe of a method of package sync, promoted through embedded fields or not:
//
//	mu.Lock()   =>   _at.Lock(&S[i], &mu)
//	s.Add(n)    =>   _at.WgAdd(&S[i], &s.WaitGroup, n)
//
// Method values and expressions are written in bind.go. The rule ignores methods of other packages with the same name.
var methodRule = rule{
	hint: func(f *file, n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		_, ok = methods[f.syncMethod(sel)]
		return ok
	},
	visit: func(f *file, c *dstutil.Cursor) {
		node, ok := c.Node().(*dst.SelectorExpr)
		if !ok {
			return
		}
		sel := f.node(node).(*ast.SelectorExpr)
		m, ok := methods[f.syncMethod(sel)]
		if !ok {
			return
		}
		call, called := f.parent(0).(*dst.CallExpr)
		called = called && call.Fun == node
		switch {
		case f.pkg.Info.Selections[sel].Kind() == types.MethodExpr:
			f.methodExpr(node, sel, m)
		case called:
			f.methodCall(call, sel, m)
		default:
			f.methodValue(node, sel, m)
		}
	},
}

// syncMethod returns the type and name of the method of package sync that sel selects, or "".
func (f *file) syncMethod(sel *ast.SelectorExpr) string {
	selection := f.pkg.Info.Selections[sel]
	if selection == nil {
		return ""
	}
	fn, ok := selection.Obj().(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != "sync" {
		return ""
	}
	recv := fn.Signature().Recv().Type()
	if p, ok := recv.(*types.Pointer); ok {
		recv = p.Elem()
	}
	named, ok := types.Unalias(recv).(*types.Named)
	if !ok {
		return ""
	}
	return named.Obj().Name() + "." + fn.Name()
}

// A receiver is the value whose method is called, as the probe takes it: a pointer or an interface.
type receiver struct {
	path    string // the embedded fields that lead to it, each after a dot
	address string // & if its address is to be taken, or ""
	typ     types.Type
}

// receiverOf returns the receiver of the method that a selector selects, with the way from its operand, or why that
// cannot be written.
func (f *file) receiverOf(sel *ast.SelectorExpr) (r receiver, reason string) {
	selection := f.pkg.Info.Selections[sel]
	index := selection.Index()
	r.typ = selection.Recv()
	for _, i := range index[:len(index)-1] {
		s, ok := deref(r.typ).Underlying().(*types.Struct)
		if !ok {
			return r, "the selector path to the method cannot be written for a type parameter"
		}
		field := s.Field(i)
		if !field.Exported() && field.Pkg() != f.pkg.Types {
			return r, "the method is promoted through the field " + field.Name() +
				", which is unexported in another package"
		}
		r.path += "." + field.Name()
		r.typ = field.Type()
	}
	_, pointer := r.typ.Underlying().(*types.Pointer)
	if !pointer && !types.IsInterface(r.typ) {
		r.address = "&"
	}
	return r, ""
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// methodCall writes the probe of a call.
func (f *file) methodCall(node *dst.CallExpr, sel *ast.SelectorExpr, m method) {
	o := operation{node: node, op: m.op, kind: m.kind, obj: f.nameOf(sel.X)}
	recv, reason := f.receiverOf(sel)
	if reason != "" {
		f.skip(o, reason)
		return
	}
	if types.IsInterface(recv.typ) && f.lockerCall(node, sel, recv, o, m) {
		return
	}
	site, ok := f.site(o)
	if !ok {
		return
	}
	call := f.node(node).(*ast.CallExpr)
	if f.inPlace(call, sel, recv, m, site) {
		return
	}
	address := recv.address
	if address != "" { // take the address where the operand is
		address = f.onLine(sel.X.Pos(), call.Lparen) + address
	}
	f.open(sel.X.Pos(), f.onLine(call.Lparen, sel.X.Pos())+f.call(m.probe, site)+", "+address)
	dot := f.dot(sel)
	if len(call.Args) > 0 {
		f.replace(dot, call.Lparen+1, recv.path+", ", "")
		return
	}
	path := recv.path
	if f.line(dot) != f.line(call.Rparen) {
		path += ","
	}
	f.replace(dot, call.Rparen+1, path, ")")
}

// dot returns the position of the dot of a selector, which the syntax tree lacks.
func (f *file) dot(sel *ast.SelectorExpr) token.Pos {
	off := f.Tok.Offset(sel.X.End())
	for {
		rest := f.Text[off:]
		switch {
		case rest[0] == '.':
			return f.Tok.Pos(off)
		case bytes.HasPrefix(rest, []byte("//")):
			off += bytes.IndexByte(rest, '\n')
		case bytes.HasPrefix(rest, []byte("/*")):
			off += strings.Index(string(rest), "*/") + len("*/")
		default:
			off++
		}
	}
}
