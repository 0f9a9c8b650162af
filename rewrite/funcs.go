package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/dave/dst"
)

// A fn is a function around the visited node. Its counters number the functions in it as the compiler does (closureName
// in cmd/compile/internal/ir/func.go).
type fn struct {
	node     dst.Node
	name     string
	literal  bool
	literals int
	ranges   int // bodies of loops over functions
	outer    *fn // for the body of a loop over a function, the function that counts
}

// enterFunc and leaveFunc maintain file.funcs.
func (f *file) enterFunc(n dst.Node) {
	switch n := n.(type) {
	case *dst.FuncDecl:
		f.funcs = append(f.funcs, &fn{node: n, name: f.declName(n)})
	case *dst.FuncLit:
		f.funcs = append(f.funcs, f.literal(n))
	case *dst.BlockStmt:
		if loop, ok := f.parent(0).(*dst.RangeStmt); ok && len(f.funcs) > 0 && f.overFunc(loop) {
			outer := f.funcs[len(f.funcs)-1].counts()
			outer.ranges++
			f.funcs = append(f.funcs, &fn{node: n, name: fmt.Sprintf("%s-range%d", outer.name, outer.ranges),
				outer: outer})
		}
	}
}

func (f *file) leaveFunc(n dst.Node) {
	if len(f.funcs) > 0 && f.funcs[len(f.funcs)-1].node == n {
		f.funcs = f.funcs[:len(f.funcs)-1]
	}
}

func (o *fn) counts() *fn {
	if o.outer != nil {
		return o.outer
	}
	return o
}

// literal returns the next function literal in the innermost function.
func (f *file) literal(n dst.Node) *fn {
	if len(f.funcs) == 0 {
		f.globals++
		return &fn{node: n, name: fmt.Sprintf("%s.init.func%d", f.symbolPath(), f.globals), literal: true}
	}
	outer := f.funcs[len(f.funcs)-1].counts()
	outer.literals++
	if outer.literal {
		return &fn{node: n, name: fmt.Sprintf("%s.%d", outer.name, outer.literals), literal: true}
	}
	return &fn{node: n, name: fmt.Sprintf("%s.func%d", outer.name, outer.literals), literal: true}
}

// funcName returns the name of the innermost function in a stack trace.
func (f *file) funcName() string {
	if len(f.funcs) == 0 {
		return f.symbolPath() + ".init"
	}
	return f.funcs[len(f.funcs)-1].name
}

// declName returns the symbol of a declared function. A method may have type parameters of its own since Go 1.27.
func (f *file) declName(d *dst.FuncDecl) string {
	name := f.symbolPath() + "."
	if d.Recv != nil && len(d.Recv.List) > 0 {
		name += receiverName(d.Recv.List[0].Type) + "."
	}
	name += d.Name.Name
	if d.Type.TypeParams != nil {
		name += "[...]"
	}
	return name
}

// receiverName returns the type of a receiver as the symbol of a method has it.
func receiverName(recv dst.Expr) string {
	switch t := recv.(type) {
	case *dst.ParenExpr:
		return receiverName(t.X)
	case *dst.StarExpr:
		return "(*" + receiverName(t.X) + ")"
	case *dst.IndexExpr:
		return identName(t.X) + "[...]"
	case *dst.IndexListExpr:
		return identName(t.X) + "[...]"
	}
	return identName(recv)
}

func identName(e dst.Expr) string {
	if id, ok := e.(*dst.Ident); ok {
		return id.Name
	}
	return ""
}

// symbolPath returns the package's path in symbols: dots in its last element are escaped (objabi.PathToPrefix).
func (f *file) symbolPath() string {
	i := strings.LastIndexByte(f.pkg.Path, '/') + 1
	return f.pkg.Path[:i] + strings.ReplaceAll(f.pkg.Path[i:], ".", "%2e")
}

// overFunc reports whether a loop calls an iterator function.
func (f *file) overFunc(loop *dst.RangeStmt) bool {
	t := f.typeOf(loop.X)
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

// globalLiterals counts the outermost function literals in package variables that d declares.
func globalLiterals(d ast.Decl) int {
	n := 0
	if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
		ast.Inspect(g, func(node ast.Node) bool {
			_, literal := node.(*ast.FuncLit)
			if literal {
				n++
			}
			return !literal
		})
	}
	return n
}
