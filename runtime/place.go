package runtime

// The place of the collector in a program with probes. Whatever builds such a program and whatever reads one must agree
// on it.
const (
	// Path is its import path in a build by awaittrace: a folder of GOROOT/src that exists in every release of Go and
	// holds packages, but no package itself.
	Path = "debug"
	// Assembly is the import path of the package with its assembly in such a build, where the release of Go allows one:
	// see internal/gocmd/registers.go.
	Assembly = "internal/runtime/startlinetest"
	// Folder is the last element of its import path in a tree that was instrumented in place or copied: a folder of a
	// main module.
	Folder = "awaittrace_runtime"
)

// LoopVars are the letters in the names of the inserted variables of a loop over a channel. A letter stands between the
// prefix of inserted names and the number of the site.
const LoopVars = "RVK"

// Local reports whether name is that of an inserted local variable: of a loop over a channel, such as _atR12 or _at2V3,
// or _atT, of a test whose parameter has no name.
func Local(name string) bool {
	if len(name) < 4 || name[:3] != "_at" {
		return false
	}
	name = withoutDigits(name[3:])
	if len(name) < 2 {
		return name == "T"
	}
	for i := range LoopVars {
		if name[0] == LoopVars[i] {
			return withoutDigits(name[1:]) == ""
		}
	}
	return false
}

// withoutDigits returns s without its leading digits.
func withoutDigits(s string) string {
	for s != "" && s[0] >= '0' && s[0] <= '9' {
		s = s[1:]
	}
	return s
}
