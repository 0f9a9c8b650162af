package rewrite

import (
	"strings"

	"golang.org/x/tools/go/packages"
)

const typesMode = packages.LoadSyntax | packages.NeedModule | packages.NeedForTest

// loadAll has go/packages load the packages to instrument with their types, for which the go command compiles them. That takes longer
// than a stream; it is for packages that import cgo packages of the main modules, and for code that does not compile.
func (l *loader) loadAll() ([]*pkg, error) {
	roots, rest, files := l.patterns()
	if !l.cfg.Tests && !files { // one run of the go command, and one view of what all of them import
		roots, rest = append(roots, rest...), nil
	}
	pkgs, err := l.load(roots, l.cfg.Tests)
	if err != nil || len(rest) == 0 {
		return pkgs, err
	}
	more, err := l.load(rest, false)
	return append(pkgs, more...), err
}

// patterns splits what is to be instrumented into the packages that were named, which may be files of no import path, and those that
// they import.
func (l *loader) patterns() (roots, rest []string, files bool) {
	isRoot := map[string]bool{}
	for _, p := range l.named {
		isRoot[strings.TrimSuffix(p.PkgPath, "_test")] = true
		files = files || p.PkgPath == commandLine
	}
	for _, p := range l.choose() {
		path := strings.TrimSuffix(p.PkgPath, "_test")
		switch {
		case !isRoot[path]:
			rest = append(rest, path)
		case path == p.PkgPath && !files:
			roots = append(roots, path)
		}
	}
	if files {
		roots = l.cfg.Patterns
	}
	return roots, rest, files
}

// load loads packages with types and gives them in the order: test variants, plain ones.
func (l *loader) load(patterns []string, tests bool) ([]*pkg, error) {
	loaded, err := packages.Load(l.config(typesMode, tests), patterns...)
	if err != nil {
		return nil, &CompileError{Errors: []packages.Error{{Msg: err.Error()}}}
	}
	var errs []packages.Error
	var variants, plain []*pkg
	for _, p := range loaded {
		errs = append(errs, p.Errors...)
		if strings.HasSuffix(p.ID, ".test") || len(p.Errors) > 0 || !l.wanted(p, true) {
			continue
		}
		made, err := l.make(p)
		if err != nil {
			errs = append(errs, packages.Error{Pos: p.PkgPath, Msg: err.Error(), Kind: packages.TypeError})
			continue
		}
		if p.ForTest != "" {
			variants = append(variants, made)
		} else {
			plain = append(plain, made)
		}
	}
	if len(errs) > 0 {
		return nil, &CompileError{errs, good(loaded)}
	}
	return append(variants, plain...), nil
}

// make turns a loaded package into a pkg.
func (l *loader) make(p *packages.Package) (*pkg, error) {
	made := newPkg(p)
	made.types, made.info = p.Types, p.TypesInfo
	if cgoFiles(p) {
		return made, l.checkCgo(p, made)
	}
	made.files = l.loaded(p.Syntax)
	return made, nil
}
