package rewrite

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/rewrite/revert"
)

var (
	update    = flag.Bool("update", false, "write the goldens in testdata anew")
	allCached = flag.Bool("cached", false,
		"TestGolden compares all modules, and not one in four, with what comes from the cache")
)

// TestGolden instruments each module testdata/*.txtar. Every file X that Instrument writes has a file X.golden; if
// operations are skipped, the module has a file skipped. The comment may have lines with options: "probe: LIST",
// "probe-func: LIST", "runtime: PATH", "test bodies", and "form: tree", for files as they are written to a tree.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for i, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			golden(t, name, *allCached || i%4 == 0)
		})
	}
}

// golden tests one module. If cached is set, it also compares with the result from the cache, which loads the module
// twice more.
func golden(t *testing.T, name string, cached bool) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var input []txtar.File
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".golden") || f.Name == "skipped" {
			continue
		}
		input = append(input, f)
		write(t, filepath.Join(dir, f.Name), f.Data)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		write(t, filepath.Join(dir, "go.mod"), []byte("module m\n\ngo 1.26\n"))
	}
	cfg := Config{Config: load.Config{Dir: dir, Env: offline(), Patterns: []string{"./..."}, Tests: true},
		Trimpath: true}
	tree := false
	for line := range strings.Lines(string(archive.Comment)) {
		if list, ok := strings.CutPrefix(line, "probe: "); ok {
			if cfg.Probes, err = ParseProbes(strings.TrimSpace(list)); err != nil {
				t.Fatal(err)
			}
		}
		tree = tree || line == "form: tree\n"
		if path, ok := strings.CutPrefix(line, "runtime: "); ok {
			cfg.RuntimePath = strings.TrimSpace(path)
		}
		cfg.TestBodies = cfg.TestBodies || line == "test bodies\n"
		if list, ok := strings.CutPrefix(line, "probe-func: "); ok {
			cfg.ProbeFuncs = strings.Fields(list)
		}
	}
	p, result := mustInstrument(t, cfg)
	if cached {
		sameFromCache(t, cfg, &memory{data: map[[32]byte][]byte{}}, result)
	}
	if cfg.RuntimePath == "" {
		checkTypes(t, p, result)
	}
	checkLines(t, result)
	inTree := checkTree(t, p)
	for _, name := range inTree.Unformatted {
		t.Errorf("%s is not formatted", name)
	}
	if tree {
		result = inTree
	}

	got := &txtar.Archive{Comment: archive.Comment, Files: input}
	for _, f := range result.Files {
		rel, _ := filepath.Rel(dir, f.Name)
		got.Files = append(got.Files, txtar.File{Name: rel + ".golden", Data: f.Text})
	}
	for _, name := range result.Already {
		rel, _ := filepath.Rel(dir, name)
		got.Files = append(got.Files, txtar.File{Name: rel + ".golden", Data: []byte("instrumented already\n")})
	}
	if list := skipList(dir, result); list != "" {
		got.Files = append(got.Files, txtar.File{Name: "skipped", Data: []byte(list)})
	}
	text := txtar.Format(got)
	if *update {
		write(t, name, text)
		return
	}
	if want := txtar.Format(archive); !bytes.Equal(text, want) {
		t.Errorf("differs from the golden (-update writes it anew); got:\n%s", text)
	}
}

// skipList returns one line for each operation without a probe.
func skipList(dir string, r *Result) string {
	var b strings.Builder
	for _, s := range r.Skipped {
		rel, _ := filepath.Rel(dir, s.Pos.Filename)
		fmt.Fprintf(&b, "%s:%d:%d: %s %q: %s\n", rel, s.Pos.Line, s.Pos.Column, s.Op, s.Expr, s.Reason)
	}
	return b.String()
}

func offline() []string {
	return append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// A program is an instrumented build that keeps what production drops: its packages with their types.
type program struct {
	cfg   Config
	build *load.Build
	pkgs  []*load.Package
}

// mustInstrument does what Instrument does without a cache, and keeps the packages.
func mustInstrument(t *testing.T, cfg Config) (*program, *Result) {
	t.Helper()
	b, err := load.List(cfg.Config)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{cfg: cfg, build: b}
	r := p.run(t, cfg)
	var lock sync.Mutex
	err = b.Each(func(pkg *load.Package) error {
		lock.Lock()
		p.pkgs = append(p.pkgs, pkg)
		lock.Unlock()
		return r.instrument(pkg)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, mustResult(t, r)
}

// run begins to instrument the packages of p.
func (p *program) run(t *testing.T, cfg Config) *run {
	t.Helper()
	funcs, err := parseProbeFuncs(cfg.ProbeFuncs)
	if err != nil {
		t.Fatal(err)
	}
	return newRun(cfg, funcs, p.build, nil)
}

func mustResult(t *testing.T, r *run) *Result {
	t.Helper()
	result, err := r.result()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// checkTypes type-checks every package of p with the written files, against the collector in ../runtime.
func checkTypes(t *testing.T, p *program, r *Result) {
	t.Helper()
	c := &checker{t: t, p: p, texts: map[string][]byte{}, done: map[string]*types.Package{}}
	for _, f := range r.Files {
		c.texts[f.Name] = f.Text
	}
	for _, pkg := range p.pkgs {
		c.check(pkg)
	}
}

// A checker type-checks packages after their imports.
type checker struct {
	t     *testing.T
	p     *program
	texts map[string][]byte // of the written files
	done  map[string]*types.Package
}

func (c *checker) check(pkg *load.Package) *types.Package {
	path := pkg.Types.Path()
	if done := c.done[path]; done != nil {
		return done
	}
	var files []*ast.File
	fset := token.NewFileSet()
	cgo := false
	for _, src := range pkg.Files {
		text := src.Text
		if changed, ok := c.texts[src.Name]; ok {
			text = changed
		}
		f, err := parser.ParseFile(fset, src.Name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			c.t.Fatalf("the output does not parse: %v\n%s", err, text)
		}
		for _, spec := range f.Imports {
			cgo = cgo || spec.Path.Value == `"C"`
		}
		files = append(files, f)
	}
	conf := types.Config{
		GoVersion: pkg.Lang, Importer: imported(c.imported), FakeImportC: cgo,
		Error: func(err error) {
			if !cgo {
				c.t.Errorf("the output does not type-check: %v", err)
			}
		},
	}
	c.done[path], _ = conf.Check(path, fset, files, nil)
	return c.done[path]
}

// imported returns the collector, a package of p, or one of the standard library.
func (c *checker) imported(path string) (*types.Package, error) {
	for _, pkg := range c.p.pkgs {
		if pkg.Types.Path() == path {
			return c.check(pkg), nil
		}
	}
	stdLock.Lock()
	defer stdLock.Unlock()
	if path == "debug" {
		return collectorTypes()
	}
	return std().Import(path)
}

var collectorTypes = sync.OnceValues(func() (*types.Package, error) {
	fset := token.NewFileSet()
	names, err := runtimeFiles()
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: std()}
	return conf.Check("debug", fset, files, nil)
})

// runtimeFiles returns the Go files of the collector for this platform.
func runtimeFiles() ([]string, error) {
	p, err := build.ImportDir("../runtime", 0)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(p.GoFiles))
	for i, name := range p.GoFiles {
		names[i] = filepath.Join(p.Dir, name)
	}
	return names, nil
}

// An imported is an importer.
type imported func(path string) (*types.Package, error)

func (f imported) Import(path string) (*types.Package, error) { return f(path) }

// std imports packages of the standard library, always with the same result. Only one goroutine may use it at a time.
var std = sync.OnceValue(func() types.Importer { return importer.ForCompiler(token.NewFileSet(), "gc", nil) })

var stdLock sync.Mutex

// checkLines checks that every statement and every literal keeps its position.
func checkLines(t *testing.T, r *Result) {
	t.Helper()
	for _, f := range r.Files {
		checkPositions(t, f, true)
	}
}

// checkPositions checks that all statements and literals of a file keep their line, and with columns also their column.
func checkPositions(t *testing.T, f File, columns bool) {
	t.Helper()
	old, err := os.ReadFile(f.Name)
	if err != nil {
		t.Fatal(err)
	}
	is := map[string]bool{}
	for _, p := range statements(t, f.Name, f.Text, columns) {
		is[p] = true
	}
	for _, p := range statements(t, f.Name, old, columns) {
		if !is[p] {
			t.Errorf("%s: a statement at %s has moved", f.Name, p)
		}
	}
}

// statements returns the positions of the statements and literals of a file.
func statements(t *testing.T, name string, text []byte, columns bool) []string {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	ast.Inspect(f, func(n ast.Node) bool {
		value := ""
		switch n := n.(type) {
		case *ast.LabeledStmt, *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.SelectStmt,
			*ast.CaseClause, *ast.ReturnStmt:
		case *ast.BasicLit:
			value = n.Value
		default:
			return true
		}
		p := fset.Position(n.Pos())
		if !columns {
			p.Column = 0
		}
		list = append(list, fmt.Sprintf("%d:%d %s", p.Line, p.Column, value))
		return true
	})
	return list
}

// checkTree instruments p for a tree, and checks the promises for that: the originals come back, formatted files stay
// formatted, and statements keep their lines.
func checkTree(t *testing.T, p *program) *Result {
	t.Helper()
	cfg := p.cfg
	cfg.Revertible = true
	run := p.run(t, cfg)
	inParallel(len(p.pkgs), func(i int) {
		if err := run.instrument(p.pkgs[i]); err != nil {
			t.Error(err)
		}
	})
	r := mustResult(t, run)
	for _, f := range r.Files {
		old, err := os.ReadFile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := revert.Text(f.Text)
		if err != nil || !bytes.Equal(got, old) {
			t.Errorf("%s is not what it was: %v\n%s", f.Name, err, firstDifference(string(old), string(got)))
		}
		if !revert.Instrumented(f.Text) || revert.Instrumented(old) {
			t.Errorf("%s: instrumented %v, before %v", f.Name, revert.Instrumented(f.Text), revert.Instrumented(old))
		}
		if !slices.Contains(r.Unformatted, f.Name) && gofmted(old) && !gofmted(f.Text) {
			t.Errorf("%s is not formatted:\n%s", f.Name, f.Text)
		}
		checkPositions(t, f, false)
	}
	return r
}

func gofmted(text []byte) bool {
	out, err := format.Source(text)
	return err == nil && bytes.Equal(out, text)
}
