package rewrite

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/tools/go/packages"

	"github.com/awaittrace/awaittrace/runtime"
)

// A Config says what to load and what to probe.
type Config struct {
	// Dir is the folder in which the go command runs; empty is the current one.
	Dir string
	// Env is the environment of the go command; nil is the current one.
	Env []string
	// BuildFlags are flags of the go command that decide what is built: -tags, -race, -mod, -modfile, ….
	BuildFlags []string
	// Patterns are the packages or .go files that are to be built; empty is the package in Dir.
	Patterns []string
	// Tests adds the test files of the packages that Patterns name.
	Tests bool
	// TestBodies adds calls of the collector to the beginning of every function that may be a test and to go statements, unless Revertible is set.
	TestBodies bool
	// Overlay replaces the content of files, by absolute path.
	Overlay map[string][]byte

	// Probes are the kinds of operation to probe; zero is DefaultProbes.
	Probes ProbeSet
	// ProbeFuncs adds functions, in `go doc` form: PACKAGE.Func or PACKAGE.Type.Method, either name possibly *.
	ProbeFuncs []string
	// ChanCap limits the size of the buffer of every channel that is made; zero does not.
	ChanCap int
	// IOTimeout is a deadline for network reads and writes that have none; zero is none.
	IOTimeout time.Duration
	// Deps are patterns of import paths: dependencies that they match are instrumented too. AllDeps and "..." match every one, NoDeps none.
	Deps []string
	// DepsIfAny says that Deps is a default: what it matches need not be part of the build, nor in Tree.
	DepsIfAny bool
	// Tree, if it is not empty, is a folder: dependencies outside of it are not instrumented, but listed in Result.Outside.
	Tree string
	// RuntimePath is the import path of the collector; empty is "debug".
	RuntimePath string
	// Trimpath shortens the file names of sites as the go command's -trimpath does.
	Trimpath bool
	// Revertible is set for text that goes to a tree on disk, where people and tools edit it: without directives inside of lines, formatted if the
	// original is, and with a section from which Revert brings the original back. Otherwise every line keeps its place, and Revert is not possible.
	Revertible bool
	// Spans sets File.Kept, which Covered needs.
	Spans bool
	// Progress, if it is not nil, is called after each package that was read, one call at a time, with how many are and how many there will be.
	Progress func(done, total int) `json:"-"`

	// For tests:
	all  bool // all packages count as those of a main module
	keep bool // the packages are kept with their types
}

// A program is what a build is made of, as far as it is to be instrumented.
type program struct {
	cfg   Config
	fset  *token.FileSet
	pkgs  []*pkg // if go/packages has loaded them, or Config.keep is set
	index *ioIndex
	funcs *probeFuncs
	deps  []Module // all dependencies of the build
	out   []Module // those that Config.Deps names and Config.Tree does not hold
}

// Inputs are the files and folders that a Result was made from, except for what the go command keeps by itself.
type Inputs struct {
	// Texts are the SHA-256 of the files that were parsed, by absolute path.
	Texts map[string][32]byte
	// Folders are those of all packages that were loaded, with those that are imported, sorted.
	Folders []string
}

// A pkg is a package as the compiler sees it, without files that were instrumented in another variant of it.
type pkg struct {
	path  string // import path, as symbols carry it; main for package main
	name  string
	lang  string // language version of its module, such as "go1.21"
	trim  string // what -trimpath puts in place of the folder
	lib   bool   // in a module that is not a main one
	types *types.Package
	info  *types.Info
	files []*source // in the order in which the compiler initialises their variables
}

// A source is a file of a package.
type source struct {
	name     string // absolute path
	text     []byte
	syntax   *ast.File
	test     bool // _test.go
	skip     bool // instrumented in another variant of the package
	embedded bool // data of the program, too
}

// CollectorFolder is the name of the folder that holds the collector in a tree that was instrumented in place or copied.
const CollectorFolder = runtime.Folder

const listMode = packages.NeedName | packages.NeedFiles | packages.NeedModule | packages.NeedImports | packages.NeedDeps |
	packages.NeedForTest | packages.NeedTypesSizes | packages.NeedEmbedFiles

// commandLine is the path that the go command gives a package of files on its command line.
const commandLine = "command-line-arguments"

// begin lists the packages for a program, which has none of them yet.
func begin(cfg Config) (*loader, *program, error) {
	if cfg.Probes == 0 {
		cfg.Probes = DefaultProbes
	}
	if cfg.RuntimePath == "" {
		cfg.RuntimePath = runtime.Path
	}
	funcs, err := parseProbeFuncs(cfg.ProbeFuncs)
	if err != nil {
		return nil, nil, err
	}
	deps, err := parseDeps(cfg.Deps)
	if err != nil {
		return nil, nil, err
	}
	l := newLoader(cfg, deps, token.NewFileSet())
	if l.named, err = l.list(); err != nil {
		return nil, nil, err
	}
	if err := l.checkDeps(l.named); err != nil {
		return nil, nil, err
	}
	p := &program{cfg: cfg, fset: l.fset, index: newIOIndex(), funcs: funcs}
	p.deps = modules(l.named, func(*packages.Package) bool { return true })
	if !cfg.DepsIfAny {
		p.out = modules(l.named, func(p *packages.Package) bool { return deps.match(p) && !l.inTree(p) })
	}
	return l, p, nil
}

// A CompileError says that packages could not be loaded. Its text is for logs: users want to see what the go command says of
// the same build.
type CompileError struct {
	Errors []packages.Error
	// Good are the import paths of the packages, of those that were named, that nothing of it concerns, sorted.
	Good []string
}

func (e *CompileError) Error() string {
	if len(e.Errors) == 1 {
		return e.Errors[0].Error()
	}
	lines := make([]string, len(e.Errors))
	for i, err := range e.Errors {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// good returns the import paths of the packages of named that have no errors, nor do their tests or what they import.
func good(named []*packages.Package) []string {
	bad := map[*packages.Package]bool{}
	packages.Visit(named, nil, func(p *packages.Package) { // what a package imports comes before it
		bad[p] = len(p.Errors) > 0
		for _, imported := range p.Imports {
			bad[p] = bad[p] || bad[imported]
		}
	})
	fine := map[string]bool{}
	for _, p := range named {
		path := cmp.Or(p.ForTest, strings.TrimSuffix(p.PkgPath, ".test"))
		if was, seen := fine[path]; !seen || was {
			fine[path] = !bad[p]
		}
	}
	delete(fine, commandLine)
	maps.DeleteFunc(fine, func(_ string, fine bool) bool { return !fine })
	return slices.Sorted(maps.Keys(fine))
}

type loader struct {
	cfg  Config
	deps depPatterns
	fset *token.FileSet
	// named are the packages that the patterns name, with all that they import, without types.
	named []*packages.Package

	// Set by list:
	under    map[string]bool // packages that the collector is built from, by import path
	embedded map[string]bool // files that are embedded, by absolute path

	mu   sync.Mutex
	text map[string][]byte   // what go/packages has parsed, by file name
	sums map[string][32]byte // SHA-256 of all that was parsed, by file name
}

func newLoader(cfg Config, deps depPatterns, fset *token.FileSet) *loader {
	return &loader{cfg: cfg, deps: deps, fset: fset, text: map[string][]byte{}, sums: map[string][32]byte{}}
}

func (l *loader) config(mode packages.LoadMode, tests bool) *packages.Config {
	env := l.cfg.Env
	if env == nil {
		env = os.Environ()
	}
	return &packages.Config{
		Mode: mode, Dir: l.cfg.Dir, Fset: l.fset, Tests: tests, Overlay: l.cfg.Overlay, BuildFlags: l.cfg.BuildFlags,
		Env:       append(slices.Clip(env), "GOPACKAGESDRIVER=off"),
		ParseFile: l.parse,
	}
}

// parse parses a file for go/packages, and keeps the text that its positions refer to.
func (l *loader) parse(fset *token.FileSet, name string, text []byte) (*ast.File, error) {
	l.mu.Lock()
	l.text[name] = text
	l.mu.Unlock()
	return l.syntax(fset, name, text)
}

func (l *loader) syntax(fset *token.FileSet, name string, text []byte) (*ast.File, error) {
	sum := sha256.Sum256(text)
	l.mu.Lock()
	l.sums[name] = sum
	l.mu.Unlock()
	return parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution|parser.AllErrors)
}

// inputs are what the packages that were named, and all that they import, were made from.
func (l *loader) inputs() Inputs {
	in := Inputs{Texts: l.sums}
	packages.Visit(l.named, nil, func(p *packages.Package) {
		if p.Dir != "" {
			in.Folders = append(in.Folders, p.Dir)
		}
	})
	slices.Sort(in.Folders)
	in.Folders = slices.Compact(in.Folders)
	return in
}

// list gives the packages that the patterns name, with all that they import, without types.
func (l *loader) list() ([]*packages.Package, error) {
	named, err := packages.Load(l.config(listMode, l.cfg.Tests), l.cfg.Patterns...)
	if err != nil {
		return nil, &CompileError{Errors: []packages.Error{{Msg: err.Error()}}}
	}
	var errs []packages.Error
	taken := ""
	packages.Visit(named, nil, func(p *packages.Package) {
		errs = append(errs, p.Errors...)
		if p.Module != nil && p.PkgPath == l.cfg.RuntimePath {
			taken = p.Module.Path
		}
	})
	if taken == l.cfg.RuntimePath {
		return nil, fmt.Errorf("a package of module %q has the import path that the collector has in a build; give the module another path (go mod edit -module), "+
			"or write a copy (awaittrace instrument -o)", taken)
	}
	if len(errs) > 0 {
		return nil, &CompileError{errs, good(named)}
	}
	l.under, l.embedded = underCollector(named), embeddedFiles(named)
	return named, nil
}

// wanted says whether p is to be instrumented: a package of a main module or of Config.Deps, or one without a module that was named. The collector, which
// may be part of an instrumented copy, never is.
func (l *loader) wanted(p *packages.Package, named bool) bool {
	if p.PkgPath == l.cfg.RuntimePath || isCollector(p) {
		return false
	}
	if l.cfg.all {
		return true
	}
	if p.Module == nil {
		return named && strings.TrimSuffix(p.PkgPath, "_test") == commandLine || l.wantedStd(p)
	}
	return p.Module.Main || l.deps.match(p) && l.inTree(p)
}

// isCollector says that p is the collector in an instrumented tree, and not a package of the user's own in a folder of that name.
func isCollector(p *packages.Package) bool {
	return path.Base(p.PkgPath) == CollectorFolder && p.Name == "runtime"
}

// choose gives the packages to instrument, sorted: of each one variant, that with its test files if there is one.
func (l *loader) choose() []*packages.Package {
	best := map[string]*packages.Package{}
	packages.Visit(l.named, nil, func(p *packages.Package) {
		if !l.wanted(p, true) || strings.HasSuffix(p.ID, ".test") {
			return
		}
		if old := best[p.PkgPath]; old == nil || cmp.Or(cmp.Compare(variant(p), variant(old)), cmp.Compare(p.ID, old.ID)) < 0 {
			best[p.PkgPath] = p
		}
	})
	return slices.SortedFunc(maps.Values(best), func(a, b *packages.Package) int { return cmp.Compare(a.ID, b.ID) })
}

// variant is 0 for a package with its own tests, 1 for the package alone, and 2 for it in the tests of another one.
func variant(p *packages.Package) int {
	switch p.ForTest {
	case strings.TrimSuffix(p.PkgPath, "_test"):
		return 0
	case "":
		return 1
	}
	return 2
}

// newPkg is a package without its files and types.
func newPkg(p *packages.Package) *pkg {
	made := &pkg{path: p.PkgPath, name: p.Name, lang: langOf(p), trim: trimmed(p), lib: p.Module != nil && !p.Module.Main}
	if p.Name == "main" && p.ForTest == "" {
		made.path = "main"
	}
	return made
}

// langOf is the language version of a package's module. Without a module it is the compiler's.
func langOf(p *packages.Package) string {
	switch {
	case p.Module == nil:
		return ""
	case p.Module.GoVersion == "":
		return "go1.16"
	}
	return "go" + p.Module.GoVersion
}

// loaded are the files of a package that go/packages has parsed.
func (l *loader) loaded(files []*ast.File) []*source {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*source, len(files))
	for i, f := range files {
		name := l.fset.File(f.FileStart).Name()
		list[i] = &source{name: name, text: l.text[name], syntax: f, test: isTest(name), embedded: l.embedded[name]}
	}
	return list
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

// trimmed is the folder of p in the file names of a -trimpath build: see (*Action).trimpath in cmd/go/internal/work/gc.go.
func trimmed(p *packages.Package) string {
	path := packagePath(p)
	if path == commandLine {
		return "."
	}
	if m := p.Module; m != nil && m.Version != "" {
		return m.Path + "@" + m.Version + strings.TrimPrefix(path, m.Path)
	}
	return path
}

// dedupe marks the files that are in several variants of a package: only the first variant is instrumented.
func dedupe(pkgs []*pkg) {
	seen := map[string]bool{}
	for _, p := range pkgs {
		for _, f := range p.files {
			f.skip = seen[f.name]
		}
		for _, f := range p.files {
			seen[f.name] = true
		}
	}
}
