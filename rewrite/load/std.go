package load

import (
	"path"
	"slices"

	"golang.org/x/tools/go/packages"

	"github.com/awaittrace/awaittrace/runtime"
)

// Packages of the standard library are dependencies of everything. A pattern that names them gets them instrumented in
// place, because overlays work in GOROOT as they do in the user's folders. Packages that the collector itself is built
// from are the exception, because they cannot import it; their external tests can. So is internal/poll: a call of net
// or os that waits in there has a probe where it is made, and a second one would only cost.

// stdPattern is the go command's pattern for all of the standard library.
const stdPattern = "std"

// isStd reports whether p is a package of the standard library, or a test of one.
func isStd(p *packages.Package) bool {
	return p.Module == nil && packagePath(p) != commandLine
}

// matchStd reports whether the pattern names a package of the standard library. The patterns for all dependencies do
// not.
func (d depPattern) matchStd(path string) bool {
	return d.text == stdPattern || d.text != AllDeps && d.text != "..." && d.re.MatchString(path)
}

// onBufio reports whether p is a package of the standard library in a build in which package bufio has probes.
func (b *Build) onBufio(p *packages.Package) bool {
	return isStd(p) && b.probesStd() &&
		slices.ContainsFunc(b.deps, func(d depPattern) bool { return d.matchStd("bufio") })
}

// wantedStd reports whether p is a package of the standard library that a pattern names and that can be instrumented.
func (b *Build) wantedStd(p *packages.Package) bool {
	return isStd(p) && b.reasonStd(p) == "" &&
		slices.ContainsFunc(b.deps, func(d depPattern) bool { return d.matchStd(packagePath(p)) })
}

// probesStd reports whether packages of the standard library can be instrumented in this build.
func (b *Build) probesStd() bool { return path.Base(b.cfg.RuntimePath) != runtime.Folder }

// reasonStd returns why p, a package of the standard library, cannot be instrumented, or "".
func (b *Build) reasonStd(p *packages.Package) string {
	switch {
	case !b.probesStd():
		return "which is outside the tree that is written; build, test, run and instrument -overlay put probes into it"
	case b.under[p.PkgPath]:
		return "which the collector itself imports"
	case p.PkgPath == "internal/poll":
		return "which net and os wait in, whose calls have probes"
	}
	return ""
}

// underCollector returns the packages that the collector imports, directly or not.
func underCollector(named []*packages.Package) map[string]bool {
	under := map[string]bool{}
	var add func(p *packages.Package)
	add = func(p *packages.Package) {
		if under[p.PkgPath] {
			return
		}
		under[p.PkgPath] = true
		for _, imported := range p.Imports {
			add(imported)
		}
	}
	packages.Visit(named, nil, func(p *packages.Package) {
		switch p.PkgPath {
		case "runtime", "sync", "sync/atomic", "syscall", "time", "unsafe":
			add(p)
		}
	})
	return under
}
