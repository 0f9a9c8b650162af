package load

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Module is a dependency with packages in the build.
type Module struct {
	// Path and Version are those in the build list, even if the module is replaced. Version is empty only if the go
	// command gives none.
	Path, Version string
	// Dir is the folder with its files; empty: they are in a vendor folder.
	Dir string
	// As and AsVersion are the module that replaces it, if any; AsVersion is empty if that is a folder.
	As, AsVersion string
}

// The patterns of Config.Deps that are not import paths.
const (
	// AllDeps matches every dependency that is in a module.
	AllDeps = "all"
	// NoDeps matches none.
	NoDeps = "none"
)

// A depPattern is one pattern of Config.Deps.
type depPattern struct {
	text string
	re   *regexp.Regexp
}

// depPatterns are the patterns of a run. The nil value matches nothing.
type depPatterns []depPattern

// parseDeps parses patterns, each of which may be a list separated by commas.
func parseDeps(patterns []string) (depPatterns, error) {
	var deps depPatterns
	for _, pattern := range patterns {
		for _, text := range strings.Split(pattern, ",") {
			text = strings.TrimSpace(text)
			if text == "" || path.Clean(text) != text || text[0] == '.' && !strings.HasPrefix(text, "...") ||
				filepath.IsAbs(text) || strings.ContainsAny(text, "@ \t\"'`\\*") {
				return nil, fmt.Errorf("-deps: %q is not a pattern of import paths (such as "+
					"golang.org/x/sync/errgroup, github.com/nats-io/..., all or none)", text)
			}
			if text != NoDeps {
				deps = append(deps, depPattern{text, importPathPattern(text)})
			}
		}
	}
	return deps, nil
}

// CheckDeps reports what is wrong with a value of -deps, without loading anything.
func CheckDeps(pattern string) error {
	_, err := parseDeps([]string{pattern})
	return err
}

// importPathPattern returns a regular expression for a pattern of the go command: ... is any text, and x/... matches x
// too (go help packages).
func importPathPattern(pattern string) *regexp.Regexp {
	if pattern == AllDeps {
		pattern = "..."
	}
	re := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\.\.\.`, `.*`)
	if rest, ok := strings.CutSuffix(re, `/.*`); ok {
		re = rest + `(/.*)?`
	}
	return regexp.MustCompile(`^` + re + `$`)
}

// match reports whether one of the patterns matches a package that is in a module, a dependency or not.
func (d depPatterns) match(p *packages.Package) bool {
	return slices.ContainsFunc(d, func(pattern depPattern) bool { return pattern.match(p) })
}

func (d depPattern) match(p *packages.Package) bool {
	return p.Module != nil && d.re.MatchString(packagePath(p))
}

// A DepsError reports a pattern of Config.Deps that matches nothing that could get a probe.
type DepsError struct{ msg string }

func (e *DepsError) Error() string { return e.msg }

// checkDeps returns a *DepsError for the first pattern that matches no package of the build. A pattern may match
// packages of a main module, which get probes anyway: which modules are main depends on the workspace. AllDeps may
// match nothing, and so may stdPattern where the standard library can have probes.
func (b *Build) checkDeps() error {
	if b.cfg.DepsIfAny {
		return nil
	}
	for _, pattern := range b.deps {
		found, reason := pattern.text == AllDeps || pattern.text == stdPattern && b.probesStd(), ""
		packages.Visit(b.named, nil, func(p *packages.Package) {
			switch {
			case !isStd(p):
				found = found || pattern.match(p)
			case pattern.matchStd(packagePath(p)):
				why := b.reasonStd(p)
				found, reason = found || why == "", cmp.Or(reason, why)
			}
		})
		switch {
		case found:
		case reason != "":
			return &DepsError{fmt.Sprintf("-deps: %q matches only the standard library, %s", pattern.text, reason)}
		default:
			return &DepsError{fmt.Sprintf("-deps: %q matches no package that this build imports; go list -deps lists "+
				"them, and %s/... stands for all below a path", pattern.text, strings.TrimSuffix(pattern.text, "/..."))}
		}
	}
	return nil
}

// inTree reports whether the files of p are in Config.Tree.
func (b *Build) inTree(p *packages.Package) bool {
	return b.cfg.Tree == "" ||
		strings.HasPrefix(p.Dir+string(filepath.Separator), b.cfg.Tree+string(filepath.Separator))
}

// modules returns the dependencies with packages in the build for which counts returns true, sorted.
func modules(named []*packages.Package, counts func(*packages.Package) bool) []Module {
	found := map[Module]bool{}
	packages.Visit(named, nil, func(p *packages.Package) {
		if m := p.Module; m != nil && !m.Main && counts(p) {
			module := Module{Path: m.Path, Version: m.Version, Dir: m.Dir}
			if m.Replace != nil {
				module.As, module.AsVersion = m.Replace.Path, m.Replace.Version
			}
			found[module] = true
		}
	})
	return slices.SortedFunc(maps.Keys(found), func(a, b Module) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Version, b.Version))
	})
}

// packagePath returns the import path of the package in whose folder the files of p are.
func packagePath(p *packages.Package) string {
	if p.ForTest != "" && p.PkgPath == p.ForTest+"_test" {
		return p.ForTest
	}
	return p.PkgPath
}
