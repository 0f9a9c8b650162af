package rewrite

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// askedRow replaces a row of the catalog for functions that -probe-func names.
var askedRow = &row{kind: runtime.KindOther}

// A probeFunc is one pattern of -probe-func, as go doc takes it: a package, then Func or Type.Method. The package is an
// import path, the end of one (v9 for …/go-redis/v9), or a package's name. Func, Type or Method may be *, which means
// all of them.
type probeFunc struct {
	text  string
	reads []callee // the ways to read text: import paths may have dots
	used  bool
}

// probeFuncs are the patterns of a run. The nil value matches nothing.
type probeFuncs struct{ list []*probeFunc }

// fresh returns the same patterns, unused.
func (p *probeFuncs) fresh() *probeFuncs {
	if p == nil {
		return nil
	}
	q := &probeFuncs{}
	for _, f := range p.list {
		q.list = append(q.list, &probeFunc{text: f.text, reads: f.reads})
	}
	return q
}

// usedOnes returns the numbers of the patterns that matched something.
func (p *probeFuncs) usedOnes() (list []int) {
	if p == nil {
		return nil
	}
	for i, f := range p.list {
		if f.used {
			list = append(list, i)
		}
	}
	return list
}

// use marks patterns as used.
func (p *probeFuncs) use(list []int) {
	for _, i := range list {
		p.list[i].used = true
	}
}

func (p *probeFuncs) anyUnused() bool {
	return p != nil && len(p.usedOnes()) < len(p.list)
}

// parseProbeFuncs parses patterns, each of which may be a list separated by commas.
func parseProbeFuncs(patterns []string) (*probeFuncs, error) {
	p := &probeFuncs{}
	for _, pattern := range patterns {
		for _, text := range strings.Split(pattern, ",") {
			text = strings.TrimSpace(text)
			reads := readPattern(text)
			if len(reads) == 0 {
				return nil, fmt.Errorf("-probe-func: %q is not a function in the form of go doc (such as "+
					"net/http.Get, "+
					"github.com/redis/go-redis/v9.Client.Get or example.com/store.Client.*)", text)
			}
			p.list = append(p.list, &probeFunc{text: text, reads: reads})
		}
	}
	if len(p.list) == 0 {
		return nil, nil
	}
	return p, nil
}

// CheckProbeFunc reports what is wrong with a value of -probe-func, without loading anything.
func CheckProbeFunc(pattern string) error {
	_, err := parseProbeFuncs([]string{pattern})
	return err
}

// readPattern returns the ways to read a pattern. gopkg.in/yaml.v3.Unmarshal is the function Unmarshal of
// gopkg.in/yaml.v3, or the method Unmarshal of type v3 of gopkg.in/yaml.
func readPattern(text string) []callee {
	slash := strings.LastIndexByte(text, '/') + 1
	parts := strings.Split(text[slash:], ".")
	pkg := func(n int) string { return text[:slash] + strings.Join(parts[:n], ".") }
	var reads []callee
	if n := len(parts) - 1; n >= 1 && pkg(n) != "" && nameOrStar(parts[n]) {
		reads = append(reads, callee{pkg(n), "", parts[n]})
		if n >= 2 && nameOrStar(parts[n-1]) && parts[0] != "" {
			reads = append(reads, callee{pkg(n - 1), parts[n-1], parts[n]})
		}
	}
	return slices.DeleteFunc(reads, func(c callee) bool { return !pathLike(c.pkg) })
}

func nameOrStar(s string) bool { return s == "*" || token.IsIdentifier(s) }

// pathLike reports whether s may be an import path, or the end of one.
func pathLike(s string) bool {
	if strings.ContainsAny(s, " \t*()\"'`\\") || strings.HasPrefix(s, ".") {
		return false
	}
	return !strings.HasSuffix(s, ".") && !slices.Contains(strings.Split(s, "/"), "")
}

// matches reports whether a pattern names c, of the package named pkgName, and marks the pattern as used.
func (p *probeFuncs) matches(c callee, pkgName string) bool {
	if p == nil {
		return false
	}
	found := false
	for _, f := range p.list {
		if slices.ContainsFunc(f.reads, func(r callee) bool { return r.covers(c, pkgName) }) {
			f.used = true
			found = true
		}
	}
	return found
}

// covers reports whether the pattern r names c.
func (r callee) covers(c callee, pkgName string) bool {
	return r.coversPackage(c.pkg, pkgName) && (r.recv == "") == (c.recv == "") &&
		(r.recv == "*" || r.recv == c.recv) && (r.name == "*" || r.name == c.name)
}

func (r callee) coversPackage(path, name string) bool {
	return r.pkg == path || r.pkg == name || strings.HasSuffix(path, "/"+r.pkg)
}

// unused returns a line for each pattern that no call in the instrumented source matched. It says that the pattern's
// package is not among pkgs and their imports, or has no such function, or that nothing calls it.
func (p *probeFuncs) unused(pkgs []*types.Package) []string {
	if !p.anyUnused() {
		return nil
	}
	imported := closure(pkgs)
	var list []string
	for _, f := range p.list {
		if !f.used {
			list = append(list, fmt.Sprintf("-probe-func: %q: %s", f.text, f.trouble(imported)))
		}
	}
	return list
}

// trouble returns why nothing matched.
func (f *probeFunc) trouble(pkgs []*types.Package) string {
	var found *types.Package
	for _, r := range f.reads {
		for _, pkg := range pkgs {
			if !r.coversPackage(pkg.Path(), pkg.Name()) {
				continue
			}
			if r.declaredIn(pkg) {
				return "the instrumented source has no call of it"
			}
			found = cmp.Or(found, pkg)
		}
	}
	if found == nil {
		return "the source imports no such package"
	}
	return fmt.Sprintf("package %s has no such function or method", found.Path())
}

// declaredIn reports whether pkg has what the pattern r names. A pattern with * matches every package that has its
// type.
func (r callee) declaredIn(pkg *types.Package) bool {
	if r.recv == "*" || r.recv == "" && r.name == "*" {
		return true
	}
	if r.recv == "" {
		return pkg.Scope().Lookup(r.name) != nil
	}
	t, ok := pkg.Scope().Lookup(r.recv).(*types.TypeName)
	if !ok || r.name == "*" {
		return ok
	}
	obj, _, _ := types.LookupFieldOrMethod(t.Type(), true, pkg, r.name)
	_, ok = obj.(*types.Func)
	return ok
}

// closure returns pkgs and their imports, direct and indirect, sorted by path.
func closure(pkgs []*types.Package) []*types.Package {
	seen := map[*types.Package]bool{}
	var list []*types.Package
	var add func(p *types.Package)
	add = func(p *types.Package) {
		if p == nil || seen[p] {
			return
		}
		seen[p] = true
		list = append(list, p)
		for _, imported := range p.Imports() {
			add(imported)
		}
	}
	for _, p := range pkgs {
		add(p)
	}
	slices.SortFunc(list, func(a, b *types.Package) int { return cmp.Compare(a.Path(), b.Path()) })
	return list
}
