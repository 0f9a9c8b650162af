// Package load finds the packages of a build, and type-checks those that are to get probes from source, imports first.
//
// The types of everything else come from export data, which the go command compiles as for the build, or has in its
// cache. go/packages would make it compile the packages to probe too, only for their types.
//
// No package stays in memory longer than it is worked on, and no body is checked that is not asked for: a package is
// declared, without function bodies, for those that import it, and [Package.Check] takes the bodies of some of its
// files.
package load

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"

	"github.com/awaittrace/awaittrace/runtime"
)

// A Config says what is built, and which of its packages are to get probes.
type Config struct {
	// Dir is the folder in which the go command runs; empty is the current one.
	Dir string
	// Env is the environment of the go command; nil is the current one.
	Env []string
	// Arch is the GOARCH of the build; empty: the go command says it.
	Arch string
	// BuildFlags are flags of the go command that decide what is built: -tags, -race, -mod, -modfile, ….
	BuildFlags []string
	// Patterns are the packages or .go files to build; empty is the package in Dir.
	Patterns []string
	// Tests adds the test files of the packages that Patterns name.
	Tests bool
	// Overlay replaces the content of files, by absolute path.
	Overlay map[string][]byte
	// Deps are patterns of import paths: matching dependencies get probes, too. AllDeps and "..." match all of them,
	// NoDeps none.
	Deps []string
	// DepsIfAny marks Deps as a default: what it matches need not be in the build, nor in Tree.
	DepsIfAny bool
	// Tree, if not empty, is a folder: dependencies outside it get no probes, but are listed in Build.Outside.
	Tree string
	// RuntimePath is the import path of the collector; empty is "debug".
	RuntimePath string
	// Listing, if not nil, is what the go command would tell.
	Listing *Listing `json:"-"`
	// Edited, if not nil, has all files that have changed since Listing was made. Then Each skips the packages in which
	// neither the text nor a declaration that it can see has changed.
	Edited map[string]bool `json:"-"`
	// Cache, if not nil, keeps the declarations of packages.
	Cache Cache `json:"-"`
	// Progress, if not nil, is called after each package that was read, one call at a time, with the number of packages
	// so far and of all.
	Progress func(done, total int) `json:"-"`
}

// A Cache keeps what was found in source. Several goroutines use it at once.
type Cache interface {
	// Get returns the last data put under a key.
	Get(key [32]byte) (data []byte, ok bool)
	// Put may keep data under key. It reports no errors.
	Put(key [32]byte, data []byte)
}

// A Build is the packages of a build.
type Build struct {
	Fset    *token.FileSet
	Modules []Module // all dependencies of the build
	Outside []Module // those that Config.Deps names, but are not in Config.Tree
	Left    []Left   // the packages that Each has left alone, not sorted

	cfg   Config
	deps  depPatterns
	named []*packages.Package // the packages of the patterns, with all that they import, without types
	graph *graph              // of the last Each
	sizes types.Sizes

	under    map[string]bool // packages that the collector is built from, by import path
	embedded map[string]bool // files that are embedded, by absolute path

	exported map[string]string // the files with the export data that Each needed, by import path

	mu   sync.Mutex
	sums map[string]Sums // of all files that were parsed, by name
}

// Inputs are the files and folders that a build was read from, except those that the go command tracks itself.
type Inputs struct {
	// Texts are the files that were parsed, by absolute path.
	Texts map[string]Sums
	// Folders are those of all loaded packages and their imports, sorted.
	Folders []string
	// Listing is what the go command has told.
	Listing *Listing
}

// Sums are the SHA-256 of a file, and its Head.
type Sums struct{ Text, Head [sha256.Size]byte }

// listMode is what List asks for. packages.NeedTypesSizes is left out: for it, go/packages starts the go command once
// more, and has it run cgo.
const listMode = packages.NeedName | packages.NeedFiles | packages.NeedModule | packages.NeedImports | packages.NeedDeps |
	packages.NeedForTest | packages.NeedEmbedFiles

// commandLine is the path that the go command gives a package of files on its command line.
const commandLine = "command-line-arguments"

// List asks the go command for the packages of a build. It returns a *CompileError for code that does not load, and a
// *DepsError for a pattern of cfg.Deps that matches nothing.
func List(cfg Config) (*Build, error) {
	cfg.RuntimePath = cmp.Or(cfg.RuntimePath, runtime.Path)
	deps, err := parseDeps(cfg.Deps)
	if err != nil {
		return nil, err
	}
	b := &Build{cfg: cfg, deps: deps, Fset: token.NewFileSet(), sums: map[string]Sums{},
		exported: map[string]string{}}
	if err := b.list(); err != nil {
		return nil, err
	}
	if err := b.checkDeps(); err != nil {
		return nil, err
	}
	b.Modules = modules(b.named, func(*packages.Package) bool { return true })
	if !cfg.DepsIfAny {
		b.Outside = modules(b.named, func(p *packages.Package) bool { return deps.match(p) && !b.inTree(p) })
	}
	return b, nil
}

// list sets the packages of the patterns, with all that they import, without types.
func (b *Build) list() (err error) {
	if b.cfg.Listing != nil {
		b.named = b.cfg.Listing.packages()
	} else if b.named, err = packages.Load(b.config(listMode, b.cfg.Tests), b.cfg.Patterns...); err != nil {
		return &CompileError{Errors: []packages.Error{{Msg: err.Error()}}}
	}
	taken := ""
	packages.Visit(b.named, nil, func(p *packages.Package) {
		if p.Module != nil && p.PkgPath == b.cfg.RuntimePath {
			taken = p.Module.Path
		}
	})
	if taken == b.cfg.RuntimePath {
		return fmt.Errorf("a package of module %q has the import path of the collector; give the module another path (go mod edit -module), "+
			"or write a copy (awaittrace instrument -o)", taken)
	}
	b.under, b.embedded = underCollector(b.named), embeddedFiles(b.named)
	if err := b.errors(); err != nil {
		return err
	}
	b.sizes, err = b.cfg.sizes()
	return err
}

// sizes returns the sizes of types in the build.
func (c *Config) sizes() (types.Sizes, error) {
	arch, compiler := c.Arch, "gc"
	if arch == "" {
		cmd := exec.Command("go", "env", "GOARCH")
		cmd.Dir, cmd.Env = c.Dir, c.Env
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go env GOARCH: %w", err)
		}
		arch = strings.TrimSpace(string(out))
	}
	for _, f := range c.BuildFlags {
		if value, ok := strings.CutPrefix(f, "-compiler="); ok {
			compiler = value
		}
	}
	return types.SizesFor(compiler, arch), nil
}

func (b *Build) config(mode packages.LoadMode, tests bool) *packages.Config {
	env := b.cfg.Env
	if env == nil {
		env = os.Environ()
	}
	return &packages.Config{
		Mode: mode, Dir: b.cfg.Dir, Fset: b.Fset, Tests: tests, Overlay: b.cfg.Overlay, BuildFlags: b.cfg.BuildFlags,
		Env: append(slices.Clip(env), "GOPACKAGESDRIVER=off"),
	}
}

// Inputs returns what the packages of the patterns, and all that they import, were read from.
func (b *Build) Inputs() Inputs {
	in := Inputs{Texts: b.sums, Listing: b.listing()}
	packages.Visit(b.named, nil, func(p *packages.Package) {
		if p.Dir != "" {
			in.Folders = append(in.Folders, p.Dir)
		}
	})
	slices.Sort(in.Folders)
	in.Folders = slices.Compact(in.Folders)
	return in
}

// wanted reports whether p is to get probes: a package of a main module or of Config.Deps, or one without a module that
// a pattern names. The collector, which may be part of an instrumented copy, gets none.
func (b *Build) wanted(p *packages.Package) bool {
	if p.PkgPath == b.cfg.RuntimePath || isCollector(p) {
		return false
	}
	if p.Module == nil {
		return strings.TrimSuffix(p.PkgPath, "_test") == commandLine || b.wantedStd(p)
	}
	return p.Module.Main || b.deps.match(p) && b.inTree(p)
}

// isCollector reports whether p is the collector in an instrumented tree, and not a package of the user's own in a
// folder of that name.
func isCollector(p *packages.Package) bool {
	return path.Base(p.PkgPath) == runtime.Folder && p.Name == "runtime"
}

// isDependency reports whether a package is in a module that is not a main one, or in the standard library.
func isDependency(p *packages.Package) bool {
	return packagePath(p) != commandLine && (p.Module == nil || !p.Module.Main)
}

// choose returns the packages to probe, sorted. It takes one variant of each, the one with its test files if there is
// one.
func (b *Build) choose() []*packages.Package {
	best := map[string]*packages.Package{}
	packages.Visit(b.named, nil, func(p *packages.Package) {
		if !b.wanted(p) || strings.HasSuffix(p.ID, ".test") {
			return
		}
		if old := best[p.PkgPath]; old == nil || cmp.Or(cmp.Compare(variant(p), variant(old)), cmp.Compare(p.ID, old.ID)) < 0 {
			best[p.PkgPath] = p
		}
	})
	return slices.SortedFunc(maps.Values(best), func(a, b *packages.Package) int { return cmp.Compare(a.ID, b.ID) })
}

// variant returns 0 for a package with its own tests, 1 for the package alone, and 2 for it in the tests of another
// one.
func variant(p *packages.Package) int {
	switch p.ForTest {
	case strings.TrimSuffix(p.PkgPath, "_test"):
		return 0
	case "":
		return 1
	}
	return 2
}

// langOf returns the language version of a package's module, or "" for the compiler's.
func langOf(p *packages.Package) string {
	switch {
	case p.Module == nil:
		return ""
	case p.Module.GoVersion == "":
		return "go1.16"
	}
	return "go" + p.Module.GoVersion
}

// trimmed returns the folder of p in the file names of a -trimpath build: see (*Action).trimpath in
// cmd/go/internal/work/gc.go.
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

// embeddedFiles returns the files that packages of the build embed.
func embeddedFiles(named []*packages.Package) map[string]bool {
	embedded := map[string]bool{}
	packages.Visit(named, nil, func(p *packages.Package) {
		for _, name := range p.EmbedFiles {
			embedded[name] = true
		}
	})
	return embedded
}
