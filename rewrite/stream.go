package rewrite

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// Instrument puts probes into the packages of the main modules (those of a workspace all count) and of cfg.Deps that the
// build of cfg.Patterns needs. The types of everything else come from export data, which the go command compiles, as it
// would for the build, or has in its cache. The Inputs are what the result was made from.
//
// It keeps no package longer than it needs it, and does not look again into files of which the cache, which may be nil,
// knows what is in them.
//
// What the rules find in a file depends on its text, on what the other files of its package declare, on what the package imports, and
// on the prefix of the names that are put in; it does not depend on the body of any function in another file. So after an edit in a body one file
// is decorated, its package is checked with the bodies of that file alone, and no other package is checked at all unless its types are asked for.
//
// A dependency that cannot be instrumented is left alone: Result.Left. Code that does not load or compile is a
// *CompileError, a pattern of cfg.Deps that matches nothing a *DepsError.
func Instrument(cfg Config, cache Cache) (*Result, Inputs, error) {
	_, r, in, err := instrument(cfg, cache)
	return r, in, err
}

func instrument(cfg Config, cache Cache) (*program, *Result, Inputs, error) {
	l, p, err := begin(cfg)
	if err != nil {
		return nil, nil, Inputs{}, err
	}
	r, err := l.instrument(p, cache)
	var broken *CompileError
	if errors.As(err, &broken) && l.blames(broken) {
		left := l.leaveDeps(broken)
		if r, err = l.instrument(p, cache); err == nil {
			r.Left = append(r.Left, left...)
			r.sort()
		}
	}
	return p, r, l.inputs(), err
}

// leaveDeps makes l leave all dependencies alone, and returns those that were to be instrumented.
func (l *loader) leaveDeps(broken *CompileError) (left []Left) {
	for _, p := range l.choose() {
		if isDependency(p) {
			left = append(left, Left{p.PkgPath, "dependencies could not be loaded: " + oneLine(broken.Errors[0].Error())})
		}
	}
	l.deps = nil
	return left
}

// blames reports whether errors are in packages to instrument that are dependencies, and in no others.
func (l *loader) blames(broken *CompileError) bool {
	files, deps := map[string]bool{}, false
	for _, p := range l.choose() {
		for _, name := range p.GoFiles {
			files[name] = isDependency(p)
		}
		deps = deps || isDependency(p)
	}
	for _, err := range broken.Errors {
		name, _, _ := strings.Cut(err.Pos, ":")
		if dep, known := files[name]; known && !dep {
			return false
		}
	}
	return deps
}

// instrument instruments the packages of a program: as a stream or, where that cannot check their types, as go/packages loads them.
func (l *loader) instrument(p *program, cache Cache) (*Result, error) {
	r, err := newStream(p, cache).run(l)
	if err != nil {
		if p.pkgs, err = l.loadAll(); err == nil {
			dedupe(p.pkgs)
			r, err = p.instrument()
		}
	}
	return r, err
}

// A stream instruments the packages of a graph one after the other.
type stream struct {
	*graph
	p       *program
	cache   Cache
	rules   []rule
	options []byte                    // of p.cfg, what decides what the rules find
	skip    map[*node]map[string]bool // files that are instrumented in another variant of the package
	budget  *budget                   // of packages that are checked with bodies
	looking chan struct{}             // one for each file that is decorated at once
	exports sync.Once
	unread  error // why export data could not be read

	total *Result // under graph.lock, with what p.funcs notes
}

func newStream(p *program, cache Cache) *stream {
	p.pkgs = nil
	return &stream{
		p: p, cache: cache, rules: rules(), total: p.newResult(), budget: newBudget(), looking: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

// run instruments all packages. After an error the caller must have go/packages load them, which takes longer.
func (s *stream) run(l *loader) (*Result, error) {
	if l.cfg.all {
		return nil, errNoExports
	}
	s.setOptions(l.cfg)
	selected := l.choose()
	s.graph = l.newGraph(selected)
	s.work = s.do
	s.setSkip(selected)
	if err := s.listExports(); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	s.total.sort()
	if s.p.funcs.anyUnused() {
		if err := s.readOnce(); err != nil {
			return nil, err
		}
		var checked []*types.Package
		for _, p := range selected {
			checked = append(checked, s.nodes[p].declared())
		}
		s.total.Unused = s.p.funcs.unused(checked)
	}
	return s.total, nil
}

func (s *stream) setOptions(cfg Config) {
	cfg.Dir, cfg.Env, cfg.BuildFlags, cfg.Patterns, cfg.Overlay, cfg.Deps, cfg.DepsIfAny, cfg.Tree, cfg.Tests = "", nil, nil, nil, nil, nil, false, "", false
	var err error
	if s.options, err = json.Marshal(cfg); err != nil {
		panic(err) // of plain data
	}
}

// setSkip does for the files of a stream what dedupe does for those of a program.
func (s *stream) setSkip(selected []*packages.Package) {
	s.skip = map[*node]map[string]bool{}
	seen := map[string]bool{}
	for _, p := range selected {
		mine := map[string]bool{}
		for _, name := range p.GoFiles {
			mine[name] = seen[name]
		}
		for _, name := range p.GoFiles {
			seen[name] = true
		}
		s.skip[s.nodes[p]] = mine
	}
}

// do works on one package, after those that it imports.
func (s *stream) do(n *node) error {
	defer s.budget.give(s.budget.take(sizeOf(n.GoFiles)))
	files, cgo, err := s.l.parseAll(n.GoFiles)
	if err != nil {
		return err
	}
	n.sum = s.sumOf(n, files)
	var declared []*ast.File
	for _, f := range files {
		declared = append(declared, declarations(f.syntax))
	}
	n.declared = sync.OnceValue(func() *types.Package { return s.declare(n, declared, cgo) })
	if n.made == nil {
		return nil
	}
	for _, f := range files {
		f.skip = s.skip[n][f.name]
	}
	n.made.files = files
	defer s.drop(n)
	err = s.instrument(n, cgo)
	if err != nil && isDependency(n.Package) {
		s.leave(n.PkgPath, err)
		return nil
	}
	return err
}

// drop lets go of the files and types of a package that is instrumented.
func (s *stream) drop(n *node) {
	if s.p.cfg.keep {
		s.lock.Lock()
		s.p.pkgs = append(s.p.pkgs, n.made)
		s.lock.Unlock()
	}
	n.made = nil
}

// isDependency reports whether a package is in a module that is not a main one, or in the standard library.
func isDependency(p *packages.Package) bool {
	return packagePath(p) != commandLine && (p.Module == nil || !p.Module.Main)
}

// leave notes that a package has no probes because of an error.
func (s *stream) leave(path string, err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.total.Left = append(s.total.Left, Left{path, oneLine(err.Error())})
}

// sizeOf is the size of files in bytes.
func sizeOf(names []string) (n int) {
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			n += int(info.Size())
		}
	}
	return n
}

// declare checks a package without bodies, for those that import it.
func (s *stream) declare(n *node, files []*ast.File, cgo bool) *types.Package {
	conf := s.config(n, cgo, func(err types.Error) {
		if !err.Soft { // such as that of a missing body
			s.fail(err)
		}
	})
	conf.IgnoreFuncBodies = true
	checked, _ := conf.Check(n.PkgPath, s.l.fset, files, nil)
	return checked
}

// instrument finds out, or remembers, what is in the files of a package, and writes them.
func (s *stream) instrument(n *node, cgo bool) error {
	files := s.p.open(n.made)
	before := s.remembered(n)
	now := map[string]*found{}
	var missing []*file
	for _, f := range files {
		key := s.key(n, f)
		if r := before[f.name]; r != nil && r.Key == key && r.inText(f.tok) {
			now[f.name] = r
			f.restore(r)
		} else {
			now[f.name] = &found{Key: key}
			missing = append(missing, f)
		}
	}
	if len(missing) > 0 {
		if err := s.checkBodies(n, missing, cgo); err != nil {
			return err
		}
		inParallel(len(missing), func(i int) {
			s.looking <- struct{}{}
			missing[i].find(s.rules)
			<-s.looking
		})
		for _, f := range missing {
			now[f.name] = f.found(now[f.name].Key)
		}
	}
	if len(missing) > 0 || len(before) != len(now) {
		s.remember(n, now)
	}
	part := s.p.newResult()
	part.add(files)
	if err := part.render(files); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.p.noteUsed(files)
	s.total.merge(part)
	return nil
}

// key is a hash of all that decides what the rules find in a file.
func (s *stream) key(n *node, f *file) (key [sha256.Size]byte) {
	h := sha256.New()
	writeJSON(h, s.options, n.sum, f.pkg.path, f.pkg.name, f.pkg.lang, f.pkg.trim, f.pkg.lib, f.names, f.globals, f.name, f.embedded, sha256.Sum256(f.text))
	h.Sum(key[:0])
	return key
}

// checkBodies checks a package with the bodies of the functions in some files, and sets its types. Errors in the others come from
// their lack of bodies: what is remembered of a file was found without an error, in a package that declared the same.
func (s *stream) checkBodies(n *node, files []*file, cgo bool) error {
	if err := s.readOnce(); err != nil {
		return err
	}
	whole := map[*token.File]bool{}
	for _, f := range files {
		whole[f.tok] = true
	}
	var syntax []*ast.File
	for _, f := range n.made.files {
		if whole[s.l.fset.File(f.syntax.FileStart)] {
			syntax = append(syntax, f.syntax)
		} else {
			syntax = append(syntax, declarations(f.syntax))
		}
	}
	var first error
	conf := s.config(n, cgo, func(err types.Error) {
		if first == nil && (!err.Pos.IsValid() || whole[s.l.fset.File(err.Pos)]) {
			first = err
		}
	})
	n.made.info = newInfo()
	n.made.types, _ = conf.Check(n.PkgPath, s.l.fset, syntax, n.made.info)
	for _, f := range files {
		f.io = s.p.matcher(n.made)
	}
	return first
}

// readOnce reads the export data, which nobody needs where nothing is checked.
func (s *stream) readOnce() error {
	s.exports.Do(func() { s.unread = s.readExports() })
	return s.unread
}

// remembered is what the cache has of the files of a package, by name.
func (s *stream) remembered(n *node) map[string]*found {
	var r map[string]*found
	if s.cache != nil {
		if data, ok := s.cache.Get(s.place(n)); ok && json.Unmarshal(data, &r) != nil {
			return nil
		}
	}
	return r
}

func (s *stream) remember(n *node, files map[string]*found) {
	if s.cache == nil {
		return
	}
	if data, err := json.Marshal(files); err == nil {
		s.cache.Put(s.place(n), data)
	}
}

// place is where the cache has what was found in a package last. There is one for each way to build it.
func (s *stream) place(n *node) (key [sha256.Size]byte) {
	h := sha256.New()
	writeJSON(h, s.options, n.ID, n.Dir, n.TypesSizes, s.l.cfg.BuildFlags)
	h.Sum(key[:0])
	return key
}

// merge adds the result for other packages to r.
func (r *Result) merge(part *Result) {
	r.Files = append(r.Files, part.Files...)
	r.Skipped = append(r.Skipped, part.Skipped...)
	r.Left = append(r.Left, part.Left...)
	r.Already = append(r.Already, part.Already...)
	r.Unformatted = append(r.Unformatted, part.Unformatted...)
	for op, n := range part.Sites {
		r.Sites[op] += n
	}
}
