package positions

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// A SourceCount is about the positions of syntax nodes: of each node its own and those of its tokens, such as a closing
// brace.
type SourceCount struct {
	Positions int // of the original
	Exact     int // a node of the same kind and text is at the same file, line and column
	Column    int // it is on the same line, at another column
	Replaced  int // there is no such node any more: a probe has taken its place, on the same line
	Wrong     []string
}

// Add adds o to c.
func (c *SourceCount) Add(o SourceCount) {
	c.Positions += o.Positions
	c.Exact += o.Exact
	c.Column += o.Column
	c.Replaced += o.Replaced
	c.Wrong = append(c.Wrong, o.Wrong...)
}

// A Line is a line of a source file, as line directives give it.
type Line struct {
	File string
	Line int
}

// A mark is a position in a syntax tree: what is there, and where.
type mark struct {
	what string // kind of node, token of it, and its text if it has no nodes in it
	leaf bool
	at   Line
	col  int
}

// Source compares the file name without and with probes, and gives the lines of the probes and their operands.
func Source(name string, plain, probed []byte) (SourceCount, map[Line]bool, error) {
	before, err := parse(name, plain)
	if err != nil {
		return SourceCount{}, nil, err
	}
	after, err := parse(name, probed)
	if err != nil {
		return SourceCount{}, nil, err
	}
	probes, operands := after.probes(before)
	maps.Copy(operands, probes)
	return compare(before.marks(token.NoPos), after.marks(after.added(before)), probes, operands), operands, nil
}

// A file is a syntax tree.
type file struct {
	fset *token.FileSet
	tree *ast.File
}

func parse(name string, text []byte) (*file, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return &file{fset, tree}, err
}

// added is where the declarations begin that f has at its end and before does not: variables without a name, which use
// an import.
func (f *file) added(before *file) token.Pos {
	collector := f.collector(before)
	var own []ast.Decl // without what has a name that begins as the collector's: sites
	for _, d := range f.declared() {
		g, ok := d.(*ast.GenDecl)
		if ok && g.Tok == token.VAR && len(g.Specs) == 1 &&
			strings.HasPrefix(g.Specs[0].(*ast.ValueSpec).Names[0].Name, collector) {
			continue
		}
		own = append(own, d)
	}
	if n := len(before.declared()); collector != "" && n < len(own) {
		return own[n].Pos()
	}
	return token.NoPos
}

// declared are the declarations but for imports.
func (f *file) declared() []ast.Decl {
	return slices.DeleteFunc(slices.Clone(f.tree.Decls), func(d ast.Decl) bool {
		g, ok := d.(*ast.GenDecl)
		return ok && g.Tok == token.IMPORT
	})
}

// collector is the name that f imports and before does not, or "".
func (f *file) collector(before *file) string {
	old := before.importNames()
	for name := range f.importNames() {
		if !old[name] {
			return name
		}
	}
	return ""
}

// marks lists the positions in a file, up to end if that is valid.
func (f *file) marks(end token.Pos) []mark {
	var list []mark
	ast.Inspect(f.tree, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.File: // where a file begins and ends is not in the source
			return n != nil
		case *ast.CommentGroup:
			return false
		}
		if end.IsValid() && n.Pos() >= end {
			return false
		}
		list = append(list, nodeMarks(f.fset, n)...)
		return true
	})
	return list
}

// probes gives the lines on which the collector is named, which is what f imports and before does not, and those of
// what it is called with. What is in a function literal is no operand.
func (f *file) probes(before *file) (probes, operands map[Line]bool) {
	collector := f.collector(before)
	probes, operands = map[Line]bool{}, map[Line]bool{}
	ast.Inspect(f.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && isName(sel.X, collector) {
				f.addLines(operands, n)
			}
		case *ast.Ident:
			if n.Name == collector {
				probes[f.line(n.Pos())] = true
			}
		}
		return true
	})
	return probes, operands
}

// addLines adds the lines on which something in n begins or ends.
func (f *file) addLines(lines map[Line]bool, n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		_, literal := n.(*ast.FuncLit)
		if n != nil && !literal {
			lines[f.line(n.Pos())], lines[f.line(n.End()-1)] = true, true
		}
		return !literal
	})
}

func (f *file) line(pos token.Pos) Line {
	p := f.fset.Position(pos)
	return Line{p.Filename, p.Line}
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// importNames are the names that imports of a file are given in it.
func (f *file) importNames() map[string]bool {
	names := map[string]bool{}
	for _, spec := range f.tree.Imports {
		if spec.Name != nil && spec.Name.Name != "_" && spec.Name.Name != "." {
			names[spec.Name.Name] = true
		}
	}
	return names
}

// nodeMarks lists the positions of one node: where it begins, and every field of type token.Pos.
func nodeMarks(fset *token.FileSet, n ast.Node) []mark {
	v := reflect.ValueOf(n).Elem()
	text, leaf := textOf(n)
	var list []mark
	add := func(field string, pos token.Pos) {
		if pos.IsValid() {
			p := fset.Position(pos)
			list = append(list, mark{v.Type().Name() + "." + field + " " + text, leaf, Line{p.Filename, p.Line},
				p.Column})
		}
	}
	add("Pos", n.Pos())
	for i := range v.NumField() {
		if pos, ok := v.Field(i).Interface().(token.Pos); ok && pos != n.Pos() {
			add(v.Type().Field(i).Name, pos)
		}
	}
	return list
}

// textOf is what distinguishes a node from others of its kind, apart from the nodes in it. A leaf has none.
func textOf(n ast.Node) (text string, leaf bool) {
	switch n := n.(type) {
	case *ast.Ident:
		return n.Name, true
	case *ast.BasicLit:
		return n.Value, true
	case *ast.UnaryExpr:
		return n.Op.String(), false
	case *ast.BinaryExpr:
		return n.Op.String(), false
	case *ast.AssignStmt:
		return n.Tok.String(), false
	case *ast.IncDecStmt:
		return n.Tok.String(), false
	case *ast.BranchStmt:
		return n.Tok.String(), false
	}
	return "", false
}

// compare finds for each mark of before the one of after that it has become: at the same place, else on the same line.
// A leaf that is left over while one with the same text is left over on a line without probes has moved.
func compare(before, after []mark, probes, operands map[Line]bool) SourceCount {
	c := SourceCount{Positions: len(before)}
	rest := slices.Clone(before)
	for _, key := range []func(mark) any{
		func(m mark) any { return m },
		func(m mark) any { m.col = 0; return m },
	} {
		was := len(rest)
		rest, after = subtract(rest, after, key)
		c.Exact, c.Column = c.Exact+c.Column, was-len(rest)
	}
	elsewhere := map[string]bool{}
	for _, m := range after {
		elsewhere[m.what] = elsewhere[m.what] || m.leaf && !probes[m.at]
	}
	for _, m := range rest {
		if operands[m.at] && !elsewhere[m.what] {
			c.Replaced++
		} else {
			c.Wrong = append(c.Wrong, fmt.Sprintf("%s:%d:%d: %s", m.at.File, m.at.Line, m.col, m.what))
		}
	}
	return c
}

// subtract takes marks with the same key away from both lists.
func subtract(before, after []mark, key func(mark) any) (restBefore, restAfter []mark) {
	left := map[any]int{}
	for _, m := range after {
		left[key(m)]++
	}
	taken := map[any]int{}
	for _, m := range before {
		k := key(m)
		if left[k] > 0 {
			left[k]--
			taken[k]++
		} else {
			restBefore = append(restBefore, m)
		}
	}
	for _, m := range after {
		k := key(m)
		if taken[k] > 0 {
			taken[k]--
		} else {
			restAfter = append(restAfter, m)
		}
	}
	return restBefore, restAfter
}
