package rewrite

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// callEnds are the methods of the collector's Call, by the results that they take.
var callEnds = map[string]string{
	"int, error": "Int", "byte, error": "Byte", "rune, int, error": "Rune", "[]byte, error": "Bytes",
	"[]byte, bool, error": "Line", "string, error": "Text", "error": "Err", "bool": "Bool",
}

// throughFields are the fields by which the methods of a type read or write.
var throughFields = map[string]string{"bufio.Reader": "rd", "bufio.Scanner": "r", "bufio.Writer": "wr"}

// maybeCall returns the beginning of the probe of a call whose receiver may be in memory, or "" if it is no such call, or
// needs another form. The probe names the receiver a second time:
//
//	n, err := w.Write(b)     =>   n, err := _at.Calls(&S[i], w).Int(w.Write(b))         where w is an interface
//	b, err := r.ReadByte()   =>   b, err := _at.Through(&S[i], r, 3).Byte(r.ReadByte())   of a bufio.Reader
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
	if word := throughWord(t); word >= 0 {
		return fmt.Sprintf("%s, %s, %d).%s(", f.call("Through", site), c.address()+x, word, end)
	}
	return ""
}

// results returns the types of the results of sig as callEnds has them.
func (f *file) results(sig *types.Signature) string {
	var list []string
	for v := range sig.Results().Variables() {
		list = append(list, types.TypeString(v.Type(), (*types.Package).Path))
	}
	return strings.Join(list, ", ")
}

// throughWord returns the number of the word of a struct with which its field of throughFields begins, or -1 if t is no
// such struct, or a pointer to one.
func throughWord(t types.Type) int {
	pkg, name := typeName(t)
	field := throughFields[pkg+"."+name]
	if field == "" {
		return -1
	}
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
