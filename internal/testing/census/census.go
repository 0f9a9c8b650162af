// Package census lists the operations in Go source that can have a probe, by a plain walk over syntax and types. It is
// a second opinion on the rules of package rewrite, for tests: it shares no code with them, only the catalog of I/O
// functions, as data.
package census

import (
	"go/ast"
	"go/token"
	"go/types"
)

// An Operation is an operation in the source.
type Operation struct {
	// Op is its name as in a report: send, recv, lock, io, ….
	Op string
	// Pos is where it is, and Alt where it may be said to be instead: a call whose function is named on another line.
	// Line directives do not count.
	Pos, Alt token.Position
	// Cases is the number of communication clauses of a select.
	Cases int
}

// methods are those of package sync, by their full names.
var methods = map[string]string{
	"(*sync.Cond).Broadcast":   "cond",
	"(*sync.Cond).Signal":      "cond",
	"(*sync.Cond).Wait":        "cond",
	"(*sync.Mutex).Lock":       "lock",
	"(*sync.Mutex).TryLock":    "trylock",
	"(*sync.Mutex).Unlock":     "unlock",
	"(*sync.Once).Do":          "once",
	"(*sync.RWMutex).Lock":     "lock",
	"(*sync.RWMutex).RLock":    "rlock",
	"(*sync.RWMutex).RUnlock":  "runlock",
	"(*sync.RWMutex).TryLock":  "trylock",
	"(*sync.RWMutex).TryRLock": "trylock",
	"(*sync.RWMutex).Unlock":   "unlock",
	"(*sync.WaitGroup).Add":    "wait",
	"(*sync.WaitGroup).Done":   "wait",
	"(*sync.WaitGroup).Go":     "wait",
	"(*sync.WaitGroup).Wait":   "wait",
	"(sync.Locker).Lock":       "lock",
	"(sync.Locker).Unlock":     "unlock",
}

// Of lists the operations in a file of a package.
func Of(fset *token.FileSet, file *ast.File, pkg *types.Package, info *types.Info, catalog *Catalog) []Operation {
	w := &walker{
		fset: fset, info: info, catalog: catalog,
		cases: map[ast.Node]bool{}, called: map[ast.Expr]*ast.CallExpr{}, selected: map[*ast.Ident]bool{},
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if n != nil {
			w.node(n)
		}
		return true
	})
	return w.list
}

type walker struct {
	fset     *token.FileSet
	info     *types.Info
	catalog  *Catalog
	cases    map[ast.Node]bool          // sends and receives that are cases of a select
	called   map[ast.Expr]*ast.CallExpr // functions that are called where they are named
	selected map[*ast.Ident]bool        // names behind a dot
	list     []Operation
}

func (w *walker) add(op string, pos token.Pos) {
	p := w.fset.PositionFor(pos, false)
	w.list = append(w.list, Operation{Op: op, Pos: p, Alt: p})
}

// node lists the operation that n is.
func (w *walker) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.SelectStmt:
		w.add("select", n.Pos())
		w.list[len(w.list)-1].Cases = w.markCases(n)
	case *ast.SendStmt:
		if !w.cases[n] {
			w.add("send", n.Pos())
		}
	case *ast.UnaryExpr:
		if n.Op == token.ARROW && !w.cases[n] {
			w.add("recv", n.Pos())
		}
	case *ast.RangeStmt:
		if isChan(w.info.TypeOf(n.X)) {
			w.add("range", n.Pos())
		}
	case *ast.CallExpr:
		w.called[ast.Unparen(n.Fun)] = n
		w.builtin(n)
	case *ast.SelectorExpr:
		w.name(n, n.Sel)
		w.selected[n.Sel] = true
	case *ast.Ident:
		if !w.selected[n] {
			w.name(n, n)
		}
	}
}

// markCases marks the operations of a select as parts of it, and counts them.
func (w *walker) markCases(s *ast.SelectStmt) int {
	n := 0
	for _, clause := range s.Body.List {
		var e ast.Expr
		switch comm := clause.(*ast.CommClause).Comm.(type) {
		case *ast.SendStmt:
			w.cases[comm] = true
			n++
		case *ast.ExprStmt:
			e = comm.X
		case *ast.AssignStmt:
			e = comm.Rhs[0]
		}
		if e != nil {
			w.cases[ast.Unparen(e)] = true
			n++
		}
	}
	return n
}

// builtin lists calls of close and make.
func (w *walker) builtin(call *ast.CallExpr) {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return
	}
	switch w.info.Uses[id] {
	case types.Universe.Lookup("close"):
		w.add("close", call.Pos())
	case types.Universe.Lookup("make"):
		if isChan(w.info.TypeOf(call)) {
			w.add("make", call.Pos())
		}
	}
}

// name lists what a name stands for, called or not: a method of package sync, time.Sleep, or what the catalog has.
func (w *walker) name(e ast.Expr, id *ast.Ident) {
	fn, ok := w.info.Uses[id].(*types.Func)
	if !ok {
		return
	}
	fn = fn.Origin()
	switch full := fn.FullName(); {
	case methods[full] != "":
		w.add(methods[full], e.Pos())
	case full == "time.Sleep":
		w.add("sleep", e.Pos())
	default:
		var selection *types.Selection
		if sel, ok := e.(*ast.SelectorExpr); ok {
			selection = w.info.Selections[sel]
		}
		if w.catalog.waits(w.info, fn, selection, w.called[e]) {
			w.add("io", e.Pos())
			w.list[len(w.list)-1].Alt = w.fset.PositionFor(id.Pos(), false)
		}
	}
}

// isChan says that t is a channel, or a type parameter all of whose types are.
func isChan(t types.Type) bool {
	if t == nil {
		return false
	}
	if _, ok := types.Unalias(t).(*types.TypeParam); !ok {
		_, ok := t.Underlying().(*types.Chan)
		return ok
	}
	return allChans(t.Underlying().(*types.Interface))
}

// allChans says that the type set of an interface is one of channels.
func allChans(i *types.Interface) bool {
	for e := range i.EmbeddedTypes() {
		switch e := types.Unalias(e).(type) {
		case *types.Union:
			chans := 0
			for term := range e.Terms() {
				if _, ok := term.Type().Underlying().(*types.Chan); ok {
					chans++
				}
			}
			if chans > 0 && chans == e.Len() {
				return true
			}
		default:
			switch u := e.Underlying().(type) {
			case *types.Chan:
				return true
			case *types.Interface:
				if allChans(u) {
					return true
				}
			}
		}
	}
	return false
}
