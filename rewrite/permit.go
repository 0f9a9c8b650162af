package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/awaittrace/awaittrace/runtime"
)

// permits finds channels that count permits, or hold a pool, by the operations of one function on them:
//
//	sem <- struct{}{}                     c := <-pool
//	go func() {                           defer func() { pool <- c }()
//		defer func() { <-sem }()
//		…
//
// The function takes first, and gives back later, itself or in a function literal inside it. If the literal takes and
// the function around it gives, one goroutine only tells another that it is done.
func (f *file) permits(ch ast.Expr) runtime.Role {
	if f.takers == nil {
		f.takers = map[token.Pos]runtime.Role{}
		for key, list := range f.transfers() {
			f.takers[key] = roleOfTransfers(list)
		}
	}
	return f.takers[f.channelKey(ch)]
}

// channelKey identifies the channel that ch names, a variable or a field of one, by where that is declared. It returns
// token.NoPos for other expressions.
func (f *file) channelKey(ch ast.Expr) token.Pos {
	switch e := ast.Unparen(ch).(type) {
	case *ast.Ident:
		if v, ok := f.pkg.Info.ObjectOf(e).(*types.Var); ok {
			return v.Pos()
		}
	case *ast.SelectorExpr:
		if v, ok := f.pkg.Info.Uses[e.Sel].(*types.Var); ok && v.IsField() {
			return v.Pos()
		}
	}
	return token.NoPos
}

// A transferOp is a send to a channel or a receive from it.
type transferOp struct {
	send  bool
	pos   token.Pos
	value types.Object // what a receive is stored in, or a send sends; nil: it has no name
	// plain is set for a receive whose value is dropped, unless it is in a select that waits for more, and for a send
	// of a value that carries no information.
	plain bool
	in    []ast.Node // the functions around it, outermost first
}

// transfers returns the sends and receives of all functions in the file, by channel, in source order.
func (f *file) transfers() map[token.Pos][]transferOp {
	ops := map[token.Pos][]transferOp{}
	var around []ast.Node
	news := map[ast.Node]bool{} // receives of selects that wait, whose values are messages
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectStmt); ok && waits(s) {
			for _, c := range s.Body.List {
				news[c.(*ast.CommClause).Comm] = true
			}
		}
		if body := bodyOf(n); body != nil {
			around = append(around, n)
			ast.Inspect(body, visit)
			around = around[:len(around)-1]
			return false
		}
		if ch, op, ok := f.transfer(n); ok {
			if key := f.channelKey(ch); key != token.NoPos {
				op.in = slices.Clone(around)
				op.plain = op.plain && (op.send || !news[n])
				ops[key] = append(ops[key], op)
			}
		}
		return true
	}
	for _, d := range f.Syntax.Decls {
		ast.Inspect(d, visit)
	}
	return ops
}

// waits reports whether a select has several cases, and no default.
func waits(s *ast.SelectStmt) bool {
	return len(s.Body.List) > 1 &&
		!slices.ContainsFunc(s.Body.List, func(c ast.Stmt) bool { return c.(*ast.CommClause).Comm == nil })
}

// bodyOf returns the body of a function, or nil.
func bodyOf(n ast.Node) *ast.BlockStmt {
	_, body := function(n)
	return body
}

// transfer returns the operation of the statement n on a channel.
func (f *file) transfer(n ast.Node) (ch ast.Expr, op transferOp, ok bool) {
	received := func(e ast.Expr) (ast.Expr, bool) {
		u, ok := ast.Unparen(e).(*ast.UnaryExpr)
		if !ok || u.Op != token.ARROW {
			return nil, false
		}
		return u.X, true
	}
	object := func(e ast.Expr) types.Object {
		if id, ok := ast.Unparen(e).(*ast.Ident); ok && id.Name != "_" {
			return f.pkg.Info.ObjectOf(id)
		}
		return nil
	}
	switch n := n.(type) {
	case *ast.SendStmt:
		value := f.pkg.Info.Types[n.Value]
		lit, literal := ast.Unparen(n.Value).(*ast.CompositeLit)
		plain := value.Value != nil || literal && len(lit.Elts) == 0
		return n.Chan, transferOp{send: true, pos: n.Pos(), value: object(n.Value), plain: plain}, true
	case *ast.ExprStmt:
		ch, ok = received(n.X)
		return ch, transferOp{pos: n.Pos(), plain: true}, ok
	case *ast.AssignStmt:
		if len(n.Rhs) == 1 {
			ch, ok = received(n.Rhs[0])
			return ch, transferOp{pos: n.Pos(), value: object(n.Lhs[0]), plain: isBlank(n.Lhs[0]) && len(n.Lhs) == 1},
				ok
		}
	}
	return nil, op, false
}

// roleOfTransfers returns the role of a channel with these operations in a file, in source order. Any other send or
// receive makes it a channel for messages.
func roleOfTransfers(list []transferOp) runtime.Role {
	role := runtime.RoleNone
	for i, take := range list {
		for _, give := range list[i+1:] {
			switch {
			case take.send == give.send || !within(give.in, take.in):
			case take.send && take.plain && give.plain:
				role = runtime.RoleSemaphore
			case !take.send && take.value != nil && give.value == take.value:
				return runtime.RolePool
			}
		}
	}
	if role == runtime.RoleSemaphore && slices.ContainsFunc(list, func(op transferOp) bool { return !op.plain }) {
		return runtime.RoleNone
	}
	return role
}

// within reports whether code inside the functions inner is also inside the functions outer.
func within(inner, outer []ast.Node) bool {
	return len(outer) > 0 && len(inner) >= len(outer) && inner[len(outer)-1] == outer[len(outer)-1]
}
