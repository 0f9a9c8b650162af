package rewrite

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	gort "runtime"
	"sync"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
	"github.com/dave/dst/decorator"
	"github.com/dave/dst/dstutil"
)

// A rule recognises operations of one kind and writes their probes.
type rule struct {
	// hint says that visit may have something to do for a node of f's plain syntax tree. It is cheap, and may err on
	// the side of yes.
	hint func(f *file, n ast.Node) bool
	// visit is called for every node of the decorated tree, outer nodes first.
	visit func(f *file, c *dstutil.Cursor)
}

// rules are the rules in the order in which they see a node. A rule that takes operations away from another one goes
// before it.
func rules() []rule {
	return []rule{
		startRule, testRule, goRule, selectRule, rangeRule, loopRule, sendRule, recvRule, closeRule, makeRule, capRule,
		methodRule, sleepRule, ioRule, timeoutRule, stackRule,
	}
}

// A file is a file that is being instrumented. One goroutine works on it.
type file struct {
	*load.File
	edits
	cfg   *Config
	fset  *token.FileSet
	pkg   *load.Package
	names names
	dec   *decorator.Decorator
	io    *matcher

	path    []dst.Node // the ancestors of the node that is visited, outermost first
	alone   []alone    // the ancestors that are left alone, outermost first
	funcs   []*fn      // the functions around the node, outermost first
	claims  map[dst.Node]bool
	globals int                       // function literals in package variables of the files before
	values  map[*types.Var][]ast.Expr // see origins
	takers  map[string]runtime.Role   // see permits
	links   map[string]bool

	sites   []site
	skipped []Skip
	hosted  []string          // site arrays of this and other files that stand after the imports
	tail    []string          // declarations at the end of the file
	kept    map[string]string // by import path: a declaration that uses the import
	already bool              // it was instrumented before

	initCalls   bool   // the initializer of a package variable may reach a probe
	unformatted bool   // it is formatted, and its text in the tree is not
	spans       []Span // of the text that was rendered, with Config.Spans
}

// find fills in what the rules have to say of the file. All that depends on its types is in it: what follows, host and
// render, needs the text and the syntax alone, and the decorated tree, which takes much more memory than these, is
// dropped.
func (f *file) find(rules []rule) {
	f.instrument(rules)
	f.initCalls = !f.already && f.callsInInit()
	f.dec, f.claims, f.path, f.alone, f.funcs, f.values, f.takers = nil, nil, nil, nil, nil, nil, nil
	for i := range f.sites {
		f.sites[i].node = nil
	}
}

// instrument visits all nodes of the file. Afterwards its edits and sites are complete.
func (f *file) instrument(rules []rule) {
	if f.already = f.instrumented(); f.already {
		return
	}
	defer func() { // dst panics at syntax that it does not expect
		if p := recover(); p != nil {
			f.giveUp(p)
		}
	}()
	f.links = linknames(f.Syntax)
	if f.Embedded {
		f.alone = append(f.alone, alone{reason: embeddedReason})
	}
	if f.directed() { // to find where comments belong, dst needs the whole file, and takes four times as long
		f.walk(f.Syntax, rules)
		return
	}
	for _, d := range f.Syntax.Decls {
		if f.candidate(d, rules) {
			f.walk(d, rules)
		} else {
			f.globals += globalLiterals(d)
		}
	}
}

// walk decorates the file or a declaration of it, and shows each node to all rules.
func (f *file) walk(n ast.Node, rules []rule) {
	f.dec, f.claims = decorator.NewDecorator(f.fset), map[dst.Node]bool{}
	tree, err := f.dec.DecorateNode(n)
	if err != nil {
		panic(err)
	}
	dstutil.Apply(tree, func(c *dstutil.Cursor) bool {
		if c.Node() == nil {
			return false
		}
		f.enter(c.Node())
		for _, r := range rules {
			r.visit(f, c)
		}
		f.path = append(f.path, c.Node())
		return true
	}, func(c *dstutil.Cursor) bool {
		f.path = f.path[:len(f.path)-1]
		f.leave(c.Node())
		return true
	})
}

// giveUp leaves the whole file as it is, and lists it.
func (f *file) giveUp(why any) {
	f.list, f.sites = nil, nil
	f.skipped = []Skip{{Pos: f.fset.PositionFor(f.Syntax.Package, false), Reason: fmt.Sprintf("%s: %v", unreadable, why)}}
}

// unreadable begins the reason for a file that is left alone because of an error of ours.
const unreadable = "the file cannot be rewritten"

// candidate says whether there is anything in a declaration that a rule may want.
func (f *file) candidate(d ast.Decl, rules []rule) bool {
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		for i := 0; i < len(rules) && !found && n != nil; i++ {
			found = rules[i].hint(f, n)
		}
		return !found
	})
	return found
}

// enter and leave keep what is known of the nodes around the one that is visited.
func (f *file) enter(n dst.Node) {
	f.enterFunc(n)
	if reason := f.leftAlone(n); reason != "" {
		f.alone = append(f.alone, alone{n, reason})
	}
}

func (f *file) leave(n dst.Node) {
	f.leaveFunc(n)
	if len(f.alone) > 0 && f.alone[len(f.alone)-1].node == n {
		f.alone = f.alone[:len(f.alone)-1]
	}
}

// node is the syntax node that n was made from.
func (f *file) node(n dst.Node) ast.Node { return f.dec.Ast.Nodes[n] }

// expr is the expression that n was made from.
func (f *file) expr(n dst.Expr) ast.Expr {
	e, _ := f.dec.Ast.Nodes[n].(ast.Expr)
	return e
}

// typeOf is the type of n, or nil if it has none.
func (f *file) typeOf(n dst.Expr) types.Type {
	t := f.pkg.Info.TypeOf(f.expr(n))
	if t == nil || t == types.Typ[types.Invalid] {
		return nil
	}
	return t
}

// parent is the i-th ancestor of the node that is visited, 0 being its parent; nil if there is none.
func (f *file) parent(i int) dst.Node {
	if i >= len(f.path) {
		return nil
	}
	return f.path[len(f.path)-1-i]
}

// claim marks an operation as dealt with: another rule that asks finds it claimed.
func (f *file) claim(n dst.Node) { f.claims[n] = true }

func (f *file) claimed(n dst.Node) bool { return f.claims[n] }

// line is the line of pos in the file, not adjusted by line directives.
func (f *file) line(pos token.Pos) int { return f.fset.PositionFor(pos, false).Line }

// A Result is what Instrument wrote.
type Result struct {
	// Files are the files that differ from the original, sorted by name.
	Files []File
	// Sites counts the probes by the name of their operation.
	Sites map[string]int
	// Skipped are the operations that have no probe, sorted by position.
	Skipped []Skip
	// Unused says of each of Config.ProbeFuncs that nothing matched what is wrong with it, one line each.
	Unused []string
	// Unformatted are the names of the formatted files whose text for a tree could not be formatted, sorted.
	Unformatted []string
	// Already are the names of the files that had been instrumented before, sorted; nothing was done to them.
	Already []string
	// Left are the packages of dependencies that could not be instrumented, sorted; they are compiled as they are.
	Left []load.Left
	// Modules are the dependencies that packages of the build are in, with probes or without, sorted by path.
	Modules []load.Module
	// Outside are those of them that Config.Deps names and that are not in Config.Tree.
	Outside []load.Module
}

// A File is an instrumented file.
type File struct {
	Name     string // absolute path of the original
	Text     []byte
	Original [32]byte // SHA-256 of the original text
	Kept     []Span   `json:",omitempty"` // what of Text is original, in order; with Config.Spans, in an overlay
}

// A Skip is an operation that has no probe.
type Skip struct {
	Pos    token.Position // in the original file
	Op     runtime.Op     // zero: the whole file is left alone
	Expr   string
	Reason string
}

// inParallel calls do for each number below n, on all processors.
func inParallel(n int, do func(i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(n, gort.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
