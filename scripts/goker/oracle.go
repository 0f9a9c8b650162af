package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

// A program is one of the corpus.
type program struct {
	name  string
	suite string // folder below the corpus
	// leaks match the goroutines that are its bug, as "function [wait reason]". A program without any is healthy.
	leaks []*regexp.Regexp
	// lucky says that the bug strikes in some runs only.
	lucky bool
}

// suites are the folders of the corpus, by the variable of the test that lists their programs.
var suites = map[string]string{
	"microTests": ".", "stressTestCases": ".", "patternTestCases": ".", "gokerTestCases": "goker",
}

// testFile is the test whose tables say which programs there are and what is stuck in them.
func testFile() string {
	return filepath.Join(runtime.GOROOT(), "src/runtime/goroutineleakprofile_test.go")
}

// readOracle returns the programs that the test of the leak profile lists, those with one of the names given if there
// are any. Their tables are calls such as
//
//	makeFlakyTest("Moby28462", `monitor_moby28462\(.* \[sync\.Mutex\.Lock\]`, …)
func readOracle(names []string) ([]program, error) {
	f, err := parser.ParseFile(token.NewFileSet(), testFile(), nil, 0)
	if err != nil {
		return nil, err
	}
	var programs []program
	ast.Inspect(f, func(n ast.Node) bool {
		table, ok := n.(*ast.AssignStmt)
		if !ok || len(table.Lhs) != 1 {
			return true
		}
		name, _ := table.Lhs[0].(*ast.Ident)
		if name == nil || suites[name.Name] == "" {
			return true
		}
		ast.Inspect(table.Rhs[0], func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if p, ok := newProgram(call, suites[name.Name]); ok &&
					(len(names) == 0 || slices.Contains(names, p.name)) {
					programs = append(programs, p)
				}
			}
			return true
		})
		return false
	})
	if len(programs) == 0 || len(names) > len(programs) {
		return nil, fmt.Errorf("%d programs found in %s, of %d asked for", len(programs), testFile(), len(names))
	}
	return programs, nil
}

// newProgram returns the program of a call of makeTest or makeFlakyTest.
func newProgram(call *ast.CallExpr, suite string) (program, bool) {
	fn, _ := call.Fun.(*ast.Ident)
	if fn == nil || fn.Name != "makeTest" && fn.Name != "makeFlakyTest" {
		return program{}, false
	}
	p := program{suite: suite, lucky: fn.Name == "makeFlakyTest"}
	for i, arg := range call.Args {
		lit, _ := arg.(*ast.BasicLit)
		if lit == nil || lit.Kind != token.STRING {
			return program{}, false
		}
		s, err := strconv.Unquote(lit.Value)
		if err != nil {
			return program{}, false
		}
		if i == 0 {
			p.name = s
		} else if re, err := regexp.Compile(s); err == nil {
			p.leaks = append(p.leaks, re)
		}
	}
	return p, true
}

// isBug reports whether a goroutine of a dump is one that the bug of p keeps stuck.
func (p *program) isBug(g *goroutine) bool {
	what := fmt.Sprintf("%s [%s]", g.entry, g.reason)
	return slices.ContainsFunc(p.leaks, func(re *regexp.Regexp) bool { return re.MatchString(what) })
}
