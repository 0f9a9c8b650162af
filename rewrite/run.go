package rewrite

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/rewrite/load"
	collector "github.com/awaittrace/awaittrace/runtime"
)

// A Config says what is built, and what to probe in it.
type Config struct {
	load.Config

	// TestBodies adds calls of the collector to the beginning of every function that may be a test and to go
	// statements, unless Revertible is set.
	TestBodies bool
	// Probes are the kinds of operation to probe; zero is DefaultProbes.
	Probes ProbeSet
	// ProbeFuncs adds functions, in `go doc` form: PACKAGE.Func or PACKAGE.Type.Method, either name possibly *.
	ProbeFuncs []string
	// ChanCap limits the buffer size of every channel that the program makes; zero means no limit.
	ChanCap int
	// IOTimeout is a deadline for network reads and writes that have none; zero means none.
	IOTimeout time.Duration
	// Trimpath shortens the file names of sites as the go command's -trimpath does.
	Trimpath bool
	// Revertible is set for text that goes to a tree on disk, where people and tools edit it. The text has no
	// directives inside lines, is formatted if the original is, and has a section from which Revert restores the
	// original. Otherwise every line keeps its place, and Revert is not possible.
	Revertible bool
	// Spans sets File.Kept, which Covered needs.
	Spans bool
	// Previous, if not nil, is the result of the run that Listing and Edited are of. It has nothing of ProbeFuncs, and
	// has left no package alone.
	Previous *Result `json:"-"`
}

// CollectorFolder is the name of the folder that holds the collector in a tree that was instrumented in place or
// copied.
const CollectorFolder = collector.Folder

// Instrument puts probes into the packages of the main modules (all of a workspace's) and of cfg.Deps that the build of
// cfg.Patterns needs. The Inputs are what the result was made from.
//
// It keeps a package only as long as it needs it, and skips files that the cache, which may be nil, knows.
//
// For a file, the rules depend on its text, on the declarations in the other files of its package, on what the package
// imports, and on the prefix of inserted names. They do not depend on a function body in another file. So after an edit
// in a body, one file is decorated, its package is checked with the bodies of that file alone, and no other package is
// checked unless its types are needed. With cfg.Previous no other package is read, and its declarations are enough for
// its types.
//
// A dependency that cannot be instrumented is left alone: Result.Left. Code that does not load or compile gives a
// *load.CompileError, a pattern of cfg.Deps that matches nothing a *load.DepsError.
func Instrument(cfg Config, cache Cache) (*Result, load.Inputs, error) {
	funcs, err := parseProbeFuncs(cfg.ProbeFuncs)
	if err != nil {
		return nil, load.Inputs{}, err
	}
	cfg.Cache = cache
	b, err := load.List(cfg.Config)
	if err != nil {
		return nil, load.Inputs{}, err
	}
	r, err := newRun(cfg, funcs, b, cache).all()
	if b.LeaveDeps(err) {
		cfg.Previous = nil
		r, err = newRun(cfg, funcs, b, cache).all()
	}
	return r, b.Inputs(), err
}

// A run instruments the packages of a build.
type run struct {
	cfg     Config
	build   *load.Build
	cache   Cache
	index   *ioIndex
	rules   []rule
	options []byte        // the parts of cfg that decide what the rules find
	looking chan struct{} // has a value for each file being decorated

	lock  sync.Mutex
	funcs *probeFuncs
	total *Result
	names map[string]bool // of the files of all packages that were worked on
}

func newRun(cfg Config, funcs *probeFuncs, b *load.Build, cache Cache) *run {
	cfg.Probes = cmp.Or(cfg.Probes, DefaultProbes)
	cfg.Config = load.Config{RuntimePath: cmp.Or(cfg.RuntimePath, collector.Path)}
	options, err := json.Marshal(cfg)
	if err != nil {
		panic(err) // cannot happen: it is plain data
	}
	return &run{
		cfg: cfg, build: b, cache: cache, index: newIOIndex(), rules: rules(), options: options,
		looking: make(chan struct{}, runtime.GOMAXPROCS(0)),
		funcs:   funcs, total: &Result{Sites: map[string]int{}, Modules: b.Modules, Outside: b.Outside},
		names: map[string]bool{},
	}
}

// all instruments all packages of the build.
func (r *run) all() (*Result, error) {
	if err := r.build.Each(r.instrument); err != nil {
		return nil, err
	}
	return r.result()
}

// result returns the Result after the last package.
func (r *run) result() (*Result, error) {
	r.total.Left = r.build.Left
	if r.cfg.Previous != nil {
		r.total.merge(r.cfg.Previous.without(r.names))
	}
	for _, f := range r.total.Files {
		for op, n := range f.Sites {
			r.total.Sites[op] += n
		}
	}
	r.total.sort()
	if r.funcs.anyUnused() {
		checked, err := r.build.Types()
		if err != nil {
			return nil, err
		}
		r.total.Unused = r.funcs.unused(checked)
	}
	return r.total, nil
}

// instrument finds, or restores from the cache, the probes of the files of a package, and writes them.
func (r *run) instrument(p *load.Package) error {
	files := r.open(p)
	r.lock.Lock()
	for _, f := range files {
		r.names[f.Name] = true
	}
	r.lock.Unlock()
	before := r.remembered(p)
	now := map[string]*found{}
	var missing []*file
	for _, f := range files {
		key := r.key(f)
		if known := before[f.Name]; known != nil && known.Key == key && known.inText(f.Tok) {
			now[f.Name] = known
			f.restore(known)
		} else {
			now[f.Name] = &found{Key: key}
			missing = append(missing, f)
		}
	}
	if len(missing) > 0 {
		if err := r.find(p, missing); err != nil {
			return err
		}
		for _, f := range missing {
			now[f.Name] = f.found(now[f.Name].Key)
		}
	}
	if len(missing) > 0 || len(before) != len(now) {
		r.remember(p, now)
	}
	part := &Result{}
	part.add(files)
	if err := part.render(files); err != nil {
		return err
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	for _, f := range files {
		r.funcs.use(f.io.funcs.usedOnes())
	}
	r.total.merge(part)
	return nil
}

// open makes a file of each source of a package to be instrumented.
func (r *run) open(p *load.Package) []*file {
	var files []*file
	names := prefix(p)
	globals := 0
	for _, src := range p.Files {
		f := &file{
			File: src, cfg: &r.cfg, fset: r.build.Fset, pkg: p, names: names,
			io: r.matcher(p), kept: map[string]string{}, globals: globals,
		}
		for _, d := range src.Syntax.Decls {
			globals += globalLiterals(d)
		}
		if !src.Skip && filepath.IsAbs(src.Name) {
			files = append(files, f)
		}
	}
	return files
}

// find runs the rules on files of a package.
func (r *run) find(p *load.Package, files []*file) error {
	var sources []*load.File
	for _, f := range files {
		sources = append(sources, f.File)
	}
	if err := p.Check(sources); err != nil {
		return err
	}
	inParallel(len(files), func(i int) {
		r.looking <- struct{}{}
		defer func() { <-r.looking }()
		files[i].find(r.rules)
	})
	return nil
}

// key returns a hash of everything that decides what the rules find in a file.
func (r *run) key(f *file) [sha256.Size]byte {
	return load.Hash(r.options, f.pkg.Declared, f.pkg.Path, f.pkg.Name, f.pkg.Lang, f.pkg.Trim, f.pkg.Lib,
		f.pkg.OnBufio, f.names, f.globals, f.Name, f.Embedded, sha256.Sum256(f.Text))
}

// place returns the cache key for what was last found in a package. Each way to build the package has one.
func (r *run) place(p *load.Package) [sha256.Size]byte { return load.Hash(r.options, p.ID) }

// remembered returns what the cache has of the files of a package, by name.
func (r *run) remembered(p *load.Package) map[string]*found {
	var known map[string]*found
	if r.cache != nil {
		if data, ok := r.cache.Get(r.place(p)); ok && json.Unmarshal(data, &known) != nil {
			return nil
		}
	}
	return known
}

func (r *run) remember(p *load.Package, files map[string]*found) {
	if r.cache == nil {
		return
	}
	if data, err := json.Marshal(files); err == nil {
		r.cache.Put(r.place(p), data)
	}
}

// merge adds the result of other packages to r.
func (r *Result) merge(part *Result) {
	r.Files = append(r.Files, part.Files...)
	r.Skipped = append(r.Skipped, part.Skipped...)
	r.Already = append(r.Already, part.Already...)
	r.Unformatted = append(r.Unformatted, part.Unformatted...)
}

// without returns what r says of other files than the named ones.
func (r *Result) without(names map[string]bool) *Result {
	named := func(name string) bool { return names[name] }
	return &Result{
		Files:       slices.DeleteFunc(slices.Clone(r.Files), func(f File) bool { return names[f.Name] }),
		Skipped:     slices.DeleteFunc(slices.Clone(r.Skipped), func(s Skip) bool { return names[s.Pos.Filename] }),
		Already:     slices.DeleteFunc(slices.Clone(r.Already), named),
		Unformatted: slices.DeleteFunc(slices.Clone(r.Unformatted), named),
	}
}
