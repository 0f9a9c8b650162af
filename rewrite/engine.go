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
	// hint reports whether visit may have something to do for a node of f's plain syntax tree. It is cheap, and may be
	// wrong in saying yes.
	hint func(f *file, n ast.Node) bool
	// visit is called for every node of the decorated tree, outer nodes first.
	visit func(f *file, c *dstutil.Cursor)
}

// rules returns the rules in the order in which they see a node. A rule that claims operations of another one goes
// before it.
func rules() []rule {
	return []rule{
		startRule, testRule, goRule, selectRule, rangeRule, loopRule, sendRule, recvRule, closeRule, makeRule, capRule,
		methodRule, sleepRule, ioRule, timeoutRule, stackRule,
	}
}

// A file is a file being instrumented. One goroutine works on it.
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
	alone   []alone    // those of the ancestors that are left alone, outermost first
	funcs   []*fn      // the functions around the node, outermost first
	claims  map[dst.Node]bool
	globals int                        // function literals in package variables of earlier files
	values  map[*types.Var][]ast.Expr  // see origins
	takers  map[token.Pos]runtime.Role // see permits
	links   map[string]bool

	sites   []site
	skipped []Skip
	hosted  []string          // the sites of this and other files, placed after the imports
	tail    []string          // declarations at the end of the file
	kept    map[string]string // by import path: a declaration that uses the import
	already bool              // it was instrumented before

	initCalls   bool   // the initializer of a package variable may reach a probe
	unformatted bool   // the original is formatted, but its text in the tree is not
	spans       []Span // of the rendered text, with Config.Spans
}

// find runs the rules on the file. It does everything that depends on types; host and render need only the text and the
// syntax. So it drops the decorated tree, which takes much more memory.
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
	defer func() { // dst panics on syntax that it does not expect
		if p := recover(); p != nil {
			f.giveUp(p)
		}
	}()
	f.links = linknames(f.Syntax)
	if f.Embedded {
		f.alone = append(f.alone, alone{reason: embeddedReason})
	}
	if f.directed() { // to place comments, dst needs the whole file, and takes four times as long
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
	f.skipped = []Skip{{Pos: f.fset.PositionFor(f.Syntax.Package, false),
		Reason: fmt.Sprintf("%s: %v", unreadable, why)}}
}

// unreadable begins the reason for a file that is left alone because of a bug in awaittrace.
const unreadable = "the file cannot be rewritten"

// candidate reports whether a declaration has a node that a rule may want.
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

// enter and leave maintain what is known of the nodes around the visited one.
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

// node returns the syntax node that n was made from.
func (f *file) node(n dst.Node) ast.Node { return f.dec.Ast.Nodes[n] }

// expr returns the expression that n was made from.
func (f *file) expr(n dst.Expr) ast.Expr {
	e, _ := f.dec.Ast.Nodes[n].(ast.Expr)
	return e
}

// typeOf returns the type of n, or nil if it has none.
func (f *file) typeOf(n dst.Expr) types.Type {
	t := f.pkg.Info.TypeOf(f.expr(n))
	if t == nil || t == types.Typ[types.Invalid] {
		return nil
	}
	return t
}

// parent returns the i-th ancestor of the visited node, 0 being its parent, or nil.
func (f *file) parent(i int) dst.Node {
	if i >= len(f.path) {
		return nil
	}
	return f.path[len(f.path)-1-i]
}

// claim marks an operation, so that other rules leave it alone.
func (f *file) claim(n dst.Node) { f.claims[n] = true }

func (f *file) claimed(n dst.Node) bool { return f.claims[n] }

// line returns the line of pos in the file, not adjusted by line directives.
func (f *file) line(pos token.Pos) int { return f.fset.PositionFor(pos, false).Line }

// A Result is the output of Instrument.
type Result struct {
	// Files are the files that differ from the original, sorted by name.
	Files []File
	// Sites counts the probes by the name of their operation.
	Sites map[string]int
	// Skipped are the operations that have no probe, sorted by position.
	Skipped []Skip
	// Unused has, for each of Config.ProbeFuncs that nothing matched, a line that says what is wrong with it.
	Unused []string
	// Unformatted are the names of the formatted files whose text for a tree could not be formatted, sorted.
	Unformatted []string
	// Already are the names of the files that were instrumented before, sorted; Instrument leaves them alone.
	Already []string
	// Left are the packages of dependencies that could not be instrumented, sorted; they are compiled unchanged.
	Left []load.Left
	// Modules are the dependencies with packages in the build, with probes or without, sorted by path.
	Modules []load.Module
	// Outside are those of Modules that Config.Deps names and that are not in Config.Tree.
	Outside []load.Module
}

// A File is an instrumented file.
type File struct {
	Name     string // absolute path of the original
	Text     []byte
	Original [32]byte // SHA-256 of the original text
	Kept     []Span   `json:",omitempty"` // the original parts of Text, in order; with Config.Spans, in an overlay

	// Sites counts the probes in the file by the name of their operation.
	Sites map[string]int `json:",omitempty"`
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
