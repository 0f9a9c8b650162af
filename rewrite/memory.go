package rewrite

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// callEnds are the methods of the collector's Call, by the results that they take.
var callEnds = map[string]string{
	"int, error": "Int", "byte, error": "Byte", "rune, int, error": "Rune", "[]byte, error": "Bytes",
	"[]byte, bool, error": "Line", "string, error": "Text", "error": "Err", "bool": "Bool",
}

// A through says by which field the methods of a type read or write. has is a method that tells how many bytes its
// buffer has, or has room for, and needs the methods that wait only if there are fewer bytes than that.
type through struct {
	field, has string
	needs      map[string]string
}

const (
	argument  = "the argument"
	argLength = "the argument's length"
)

var throughTypes = map[string]through{
	"bufio.Reader": {"rd", "Buffered", map[string]string{
		"Discard": argument, "Peek": argument, "Read": "1", "ReadByte": "1", "ReadRune": "4",
	}},
	"bufio.Scanner": {field: "r"},
	"bufio.Writer": {"wr", "Available", map[string]string{
		"Write": argLength, "WriteByte": "1", "WriteRune": "4", "WriteString": argLength,
	}},
}

// maybeCall returns the beginning of the probe of a call whose receiver may be in memory, or "" if it is no such call, or
// needs another form. The probe names the receiver a second time:
//
//	n, err := w.Write(b)     =>   n, err := _at.Calls(&S[i], w).Int(w.Write(b))         where w is an interface
//	line, err := r.ReadSlice('\n')   =>   line, err := _at.Through(&S[i], r, 3).Bytes(r.ReadSlice('\n'))   of a bufio.Reader
//	b, err := r.ReadByte()   =>   b, err := _at.Served(&S[i], r, 3, _at.Nil(r) || r.Buffered() >= 1).Byte(r.ReadByte())
func (f *file) maybeCall(call *ast.CallExpr, c *ioCallee, site string) string {
	if c.function() || c.row == askedRow || c.row.kind != runtime.KindOther || !f.onlyNames(c.x) {
		return ""
	}
	if c.name.name == "ReadFrom" || c.name.name == "WriteTo" { // their arguments may wait
		return ""
	}
	end := callEnds[f.results(c.sig)]
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if end == "" || !ok || f.line(sel.Pos()) != f.line(sel.End()) {
		return ""
	}
	t := f.receiverType(sel, c)
	x := f.textOf(c.x) + c.path
	if types.IsInterface(t) && !isTypeParam(t) {
		return fmt.Sprintf("%s, %s).%s(", f.call("Calls", site), x, end)
	}
	pkg, name := typeName(t)
	by, ok := throughTypes[pkg+"."+name]
	if !ok {
		return ""
	}
	word := wordOf(t, by.field)
	if word < 0 {
		return ""
	}
	need := f.need(by.needs[c.name.name], call)
	if need == "" {
		return fmt.Sprintf("%s, %s, %d).%s(", f.call("Through", site), c.address()+x, word, end)
	}
	served := fmt.Sprintf("%s.%s() >= %s", x, by.has, need)
	if !c.addr {
		served = fmt.Sprintf("%s.Nil(%s) || %s", f.names, x, served)
	}
	return fmt.Sprintf("%s, %s, %d, %s).%s(", f.call("Served", site), c.address()+x, word, served, end)
}

// inner reports whether c is a method of a type of throughTypes that the standard library calls, in a build in which
// package bufio has probes. Then the read or write that it waits in has one, and so has the user's call of the library.
func (f *file) inner(c *ioCallee) bool {
	_, ok := throughTypes[c.name.pkg+"."+c.name.recv]
	return ok && f.pkg.OnBufio
}

// need returns an expression for how many bytes a call needs, or "" if there is none that can be evaluated beside the
// call.
func (f *file) need(need string, call *ast.CallExpr) string {
	if need != argument && need != argLength {
		return need
	}
	arg := ast.Unparen(call.Args[0])
	value := f.pkg.Info.Types[arg]
	switch {
	case value.IsNil():
		return "0"
	case value.Value != nil && need == argLength:
		return strconv.Itoa(len(constant.StringVal(value.Value)))
	case value.Value != nil:
		return value.Value.ExactString()
	}
	if c, ok := arg.(*ast.CallExpr); ok && f.pkg.Info.Types[c.Fun].IsType() && isBytes(f.pkg.Info.TypeOf(c.Args[0])) {
		arg = ast.Unparen(c.Args[0]) // of a conversion
	}
	if line := f.line(call.Lparen); f.line(arg.Pos()) != line || f.line(arg.End()) != line || !f.again(arg) {
		return ""
	}
	if need == argLength {
		return fmt.Sprintf("%s.Len(%s)", f.names, f.textOf(arg))
	}
	return f.textOf(arg)
}

// again reports whether to evaluate an expression twice is the same as to do so once.
func (f *file) again(e ast.Expr) bool {
	if e == nil || f.pkg.Info.Types[e].Value != nil {
		return true
	}
	switch e := e.(type) {
	case *ast.SliceExpr:
		return f.again(e.X) && f.again(e.Low) && f.again(e.High) && f.again(e.Max)
	case *ast.IndexExpr:
		return indexes(f.pkg.Info.TypeOf(e.X)) && f.again(e.X) && f.again(e.Index)
	}
	return f.onlyNames(e)
}

// indexes reports whether t is an array, or points to one, or a slice: a map would be searched.
func indexes(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Array, *types.Slice:
		return true
	case *types.Pointer:
		_, ok := t.Elem().Underlying().(*types.Array)
		return ok
	}
	return false
}

// isBytes reports whether the collector's Len takes a t: a kind of string, or of slice of bytes.
func isBytes(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return t.Info()&types.IsString != 0
	case *types.Slice:
		return types.Identical(t.Elem(), types.Typ[types.Byte])
	}
	return false
}

// results returns the types of the results of sig as callEnds has them.
func (f *file) results(sig *types.Signature) string {
	var list []string
	for v := range sig.Results().Variables() {
		list = append(list, types.TypeString(v.Type(), (*types.Package).Path))
	}
	return strings.Join(list, ", ")
}

// wordOf returns the number of the word of a declared struct, or of what a pointer to one points to, with which a field
// begins that is an interface. It returns -1 if there is none.
func wordOf(t types.Type, field string) int {
	s, ok := namedOf(t).Underlying().(*types.Struct)
	if !ok {
		return -1
	}
	n := 0
	for v := range s.Fields() {
		if v.Name() == field && types.IsInterface(v.Type()) {
			return n
		}
		switch t := v.Type().Underlying().(type) {
		case *types.Interface:
			n += 2
		case *types.Slice:
			n += 3
		case *types.Basic:
			if t.Kind() != types.Int {
				return -1
			}
			n++
		default:
			return -1
		}
	}
	return -1
}
