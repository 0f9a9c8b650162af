package load

import (
	"cmp"
	"errors"
	"go/scanner"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A CompileError reports packages that could not be loaded. Its text is for logs: users want to see the go command's
// errors for the same build.
type CompileError struct {
	Errors []packages.Error
	// Good lists the requested packages that the errors do not affect, by import path, sorted.
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

// A Left is a package that is left without probes.
type Left struct {
	Package, Reason string
}

// errors returns a *CompileError with all errors of the packages, or nil.
func (b *Build) errors() error {
	var errs []packages.Error
	packages.Visit(b.named, nil, func(p *packages.Package) {
		for _, err := range p.Errors {
			if !slices.Contains(errs, err) { // a package may have several variants
				errs = append(errs, err)
			}
		}
	})
	if errs == nil {
		return nil
	}
	return &CompileError{errs, good(b.named)}
}

// good returns the import paths of the packages of named without errors in themselves, their tests and their imports.
func good(named []*packages.Package) []string {
	bad := map[*packages.Package]bool{}
	packages.Visit(named, nil, func(p *packages.Package) { // a package comes after its imports
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

// typeErrors are the errors of Check in a package, at least one.
type typeErrors []types.Error

func (e typeErrors) Error() string { return e[0].Error() }

// note adds an error of reading or checking p to its errors.
func note(p *packages.Package, err error) {
	switch err := err.(type) {
	case interface{ Unwrap() []error }:
		for _, e := range err.Unwrap() {
			note(p, e)
		}
	case scanner.ErrorList:
		for _, e := range err {
			p.Errors = append(p.Errors, packages.Error{Pos: e.Pos.String(), Msg: e.Msg, Kind: packages.ParseError})
		}
	case typeErrors:
		for _, e := range err {
			p.Errors = append(p.Errors, packages.Error{Pos: e.Fset.Position(e.Pos).String(), Msg: e.Msg,
				Kind: packages.TypeError})
		}
	default:
		p.Errors = append(p.Errors, packages.Error{Msg: err.Error()})
	}
}

// LeaveDeps makes b leave all dependencies alone if err is a *CompileError and all errors are in dependencies that were
// to get probes. It reports whether the caller must call Each again.
func (b *Build) LeaveDeps(err error) bool {
	var broken *CompileError
	if !errors.As(err, &broken) {
		return false
	}
	files := map[string]bool{} // by file of the packages to probe: whether it is a dependency's
	b.Left = nil
	for _, p := range b.choose() {
		for _, name := range p.GoFiles {
			files[name] = isDependency(p)
		}
		if isDependency(p) {
			b.leave(p, "dependencies could not be loaded: "+broken.Errors[0].Error())
		}
	}
	for _, err := range broken.Errors {
		name, _, _ := strings.Cut(err.Pos, ":")
		if dep, known := files[name]; known && !dep {
			return false
		}
	}
	packages.Visit(b.named, nil, func(p *packages.Package) { p.Errors = nil })
	b.deps, b.cfg.Edited = nil, nil
	return b.Left != nil
}

// leave notes that a package gets no probes.
func (b *Build) leave(p *packages.Package, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Left = append(b.Left, Left{p.PkgPath, strings.Join(strings.Fields(reason), " ")})
}
