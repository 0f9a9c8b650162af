package main

import (
	"go/ast"
	"go/parser"
	"go/token"
)

// isCase reports whether the select statement at a line of a file has a case at another line.
func isCase(file string, stmt, line int) bool {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		return false
	}
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectStmt)
		if ok && fset.Position(s.Pos()).Line == stmt {
			for _, c := range s.Body.List {
				found = found || fset.Position(c.Pos()).Line == line
			}
		}
		return !found
	})
	return found
}
