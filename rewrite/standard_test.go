package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// A waitGraph knows whether a call of each function of the standard library with a body can wait, and through what.
type waitGraph struct {
	index *ioIndex
	// callers lists, by function, those that call it; a go statement is no call.
	callers map[*types.Func][]*types.Func
	// why says what the function waits in, or calls: "chan receive", or the name of the next function on the way.
	why map[*types.Func]string
	// by is the function that it calls, if that waits.
	by map[*types.Func]*types.Func
	// implements lists, by method of an interface, the methods of the same package that implement it.
	implements map[*types.Func][]*types.Func
	// cut are functions that count as not waiting, whatever they call.
	cut map[string]bool

	todo []*types.Func
}

// blockingCalls are the system calls that can take long, in lower case.
var blockingCalls = map[string]bool{}

func init() {
	for _, name := range strings.Fields("accept accept4 connect copyfilerange epollwait fcntlflock fdatasync flock " +
		"fsync getdents nanosleep open openat openat2 pause ppoll pread " +
		"pwrite read readdirent recvfrom recvmsg select sendfile sendmsg sendto splice sync syncfilerange wait4 " +
		"waitid write") {
		blockingCalls[name] = true
	}
}

// loadStandard loads the standard library for Linux, with syntax and types.
func loadStandard(t *testing.T) []*packages.Package {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedTypesSizes,
		Env:  append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0"),
	}, "std")
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

func newWaitGraph(pkgs []*packages.Package, cut map[string]bool) *waitGraph {
	g := &waitGraph{
		index: newIOIndex(), callers: map[*types.Func][]*types.Func{}, why: map[*types.Func]string{},
		by: map[*types.Func]*types.Func{}, implements: map[*types.Func][]*types.Func{}, cut: cut,
	}
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		if p.PkgPath == "runtime" || strings.HasPrefix(p.PkgPath, "internal/runtime/") {
			return // its waits have other names here
		}
		g.findImplementations(p.Types)
		for _, f := range p.Syntax {
			for _, d := range f.Decls {
				if d, ok := d.(*ast.FuncDecl); ok && d.Body != nil {
					g.addBody(p.TypesInfo, p.TypesInfo.Defs[d.Name].(*types.Func), d.Body)
				}
			}
		}
	})
	for len(g.todo) > 0 {
		fn := g.todo[0]
		g.todo = g.todo[1:]
		for _, caller := range g.callers[fn] {
			if g.why[caller] == "" {
				g.by[caller] = fn
			}
			g.waits(caller, fn.FullName())
		}
	}
	return g
}

// waits notes that fn can wait, and in what.
func (g *waitGraph) waits(fn *types.Func, in string) {
	if g.why[fn] == "" && !g.cut[fn.FullName()] {
		g.why[fn] = in
		g.todo = append(g.todo, fn)
	}
}

// findImplementations finds the types of a package that implement interfaces of the same package.
func (g *waitGraph) findImplementations(pkg *types.Package) {
	var named []*types.Named
	for _, name := range pkg.Scope().Names() {
		if obj, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok && !obj.IsAlias() {
			if n, ok := obj.Type().(*types.Named); ok && n.TypeParams() == nil {
				named = append(named, n)
			}
		}
	}
	for _, i := range named {
		it, ok := i.Underlying().(*types.Interface)
		if !ok || it.NumMethods() == 0 {
			continue
		}
		for _, n := range named {
			if p := types.NewPointer(n); !types.IsInterface(n) && types.Implements(p, it) {
				for m := range it.Methods() {
					obj, _, _ := types.LookupFieldOrMethod(p, false, pkg, m.Name())
					if fn, ok := obj.(*types.Func); ok {
						g.implements[m] = append(g.implements[m], fn)
					}
				}
			}
		}
	}
}

// addBody notes what a function does itself, and what it calls.
func (g *waitGraph) addBody(info *types.Info, fn *types.Func, body *ast.BlockStmt) {
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			for _, arg := range n.Call.Args {
				ast.Inspect(arg, visit)
			}
			return false
		case *ast.SendStmt:
			g.waits(fn, "chan send")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				g.waits(fn, "chan receive")
			}
		case *ast.RangeStmt:
			if t := info.TypeOf(n.X); t != nil && chanOf(t) != nil {
				g.waits(fn, "chan receive")
			}
		case *ast.SelectStmt:
			g.addSelect(fn, n, visit)
			return false
		case *ast.CallExpr:
			g.addCall(info, fn, n)
		}
		return true
	}
	ast.Inspect(body, visit)
}

// addSelect notes a select, which waits unless it has a default, and what is in its clauses.
func (g *waitGraph) addSelect(fn *types.Func, s *ast.SelectStmt, visit func(ast.Node) bool) {
	waits := true
	for _, c := range s.Body.List {
		clause := c.(*ast.CommClause)
		waits = waits && clause.Comm != nil
		for _, stmt := range clause.Body {
			ast.Inspect(stmt, visit)
		}
	}
	if waits {
		g.waits(fn, "select")
	}
}

func (g *waitGraph) addCall(info *types.Info, fn *types.Func, call *ast.CallExpr) {
	id, _ := calleeName(ast.Unparen(call.Fun))
	if id == nil {
		return
	}
	callee, ok := info.Uses[id].(*types.Func)
	if !ok || callee.Pkg() == nil {
		return
	}
	callee = callee.Origin()
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && info.Selections[sel] != nil &&
		quiet(info.Selections[sel].Recv()) && callee.Name() != "ReadFrom" && callee.Name() != "WriteTo" {
		return
	}
	if quietArgs(info, callee.Signature(), call.Args) {
		return // it reads or writes memory
	}
	if why := g.primitive(callee); why != "" {
		g.waits(fn, why)
		return
	}
	for _, target := range append(g.implements[callee], callee) {
		g.callers[target] = append(g.callers[target], fn)
	}
}

// primitive returns what a function without a body waits in, or one that others implement, or "" for other functions.
func (g *waitGraph) primitive(fn *types.Func) string {
	switch fn.FullName() {
	case "(*sync.Cond).Wait", "(*sync.WaitGroup).Wait", "time.Sleep", "internal/poll.runtime_pollWait":
		return fn.FullName()
	}
	if path := fn.Pkg().Path(); (path == "syscall" || path == "internal/syscall/unix") &&
		fn.Signature().Recv() == nil && blockingCalls[strings.ToLower(fn.Name())] {
		return fn.FullName()
	}
	recv := fn.Signature().Recv()
	if recv == nil || !types.IsInterface(recv.Type()) {
		return ""
	}
	pkg, name := typeName(recv.Type())
	if r := g.index.row(callee{pkg, name, fn.Name()}); r != nil {
		return fn.FullName()
	}
	if _, r := g.index.likeness(fn); r != nil {
		return fn.FullName()
	}
	return ""
}

// standardCuts are functions of the standard library that count as not waiting.
var standardCuts = map[string]bool{
	"(*context.cancelCtx).Err":           true, // receives from a channel that is closed
	"(*fmt.readRune).ReadRune":           true,
	"(*fmt.ss).ReadRune":                 true, // Fscan, which may wait, is in the catalog; Sscan reads a string
	"(*internal/bisect.Matcher).Stack":   true, // for debugging Go
	"(*regexp.inputReader).step":         true, // MatchReader and the like, which nobody uses on a connection
	"(*strings.genericReplacer).Replace": true, // writes to a slice
	"(net/mail.debugT).Printf":           true, // is off
	"os.Getwd":                           true, // asks the kernel
}

// TestStandardWaits finds the exported functions of the standard library that can wait: they receive, or call such a
// function, or read and write their arguments. Each must be in the catalog, or in testdata/nowait.txt. Locks do not
// count: a printer holds its lock as long as it prints.
func TestStandardWaits(t *testing.T) {
	if testing.Short() {
		t.Skip("checks the types of the whole standard library")
	}
	exempt := readExemptions(t)
	pkgs := loadStandard(t)
	g := newWaitGraph(pkgs, standardCuts)
	waiting := 0
	for _, p := range pkgs {
		if strings.Contains(p.PkgPath, "internal/") || strings.HasPrefix(p.PkgPath, "vendor/") {
			continue
		}
		for _, c := range exported(p.Types) {
			fn := methodOf(p.Types, c)
			if fn == nil || g.why[fn] == "" {
				continue
			}
			waiting++
			if e := exempt.find(c.String()); g.index.row(c) == nil && e == nil {
				t.Errorf("%v is not in the catalog, nor in testdata/nowait.txt: %s", c, g.path(fn))
			} else if g.index.row(c) == nil {
				e.used = true
			}
		}
	}
	if waiting < 500 {
		t.Errorf("%d functions can wait: the walk does not find what it should", waiting)
	}
	for _, e := range exempt {
		if !e.used && !e.general {
			t.Errorf("testdata/nowait.txt: %s: nothing of that name waits without a probe", e.pattern)
		}
	}
}

// An exemption is a line of testdata/nowait.txt.
type exemption struct {
	pattern string
	re      *regexp.Regexp
	general bool // for a whole package: in other releases of Go it may match nothing
	used    bool
}

type exemptions []*exemption

func (list exemptions) find(name string) *exemption {
	for _, e := range list {
		if e.re.MatchString(name) {
			return e
		}
	}
	return nil
}

func readExemptions(t *testing.T) (list exemptions) {
	t.Helper()
	data, err := os.ReadFile("testdata/nowait.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, reason, ok := strings.Cut(line, ": ")
		if !ok || reason == "" {
			t.Fatalf("testdata/nowait.txt: %q has no reason", line)
		}
		re := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
		list = append(list, &exemption{pattern: pattern, re: regexp.MustCompile("^" + re + "$"),
			general: strings.HasSuffix(pattern, ".*") || strings.HasSuffix(pattern, "/*")})
	}
	return list
}

// path returns the calls through which fn waits.
func (g *waitGraph) path(fn *types.Func) string {
	var steps []string
	for ; fn != nil; fn = g.by[fn] {
		steps = append(steps, g.why[fn])
	}
	return strings.Join(steps, " > ")
}
