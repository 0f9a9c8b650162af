package runtime

// Where the collector is in a program with probes. Whoever builds such a program and whoever reads one have to agree on it.
const (
	// Path is its import path in a build by awaittrace: a folder of GOROOT/src that exists in every
	// release of Go and holds packages, but is none itself.
	Path = "debug"
	// Assembly is the import path of the package that has its assembly in such a build, where the release of Go allows
	// it: see internal/gocmd/registers.go.
	Assembly = "internal/runtime/startlinetest"
	// Folder is the last element of its import path in a tree that was instrumented in place or copied: a folder of a main module.
	Folder = "awaittrace_runtime"
)

// LoopVars are the letters that follow the prefix of inserted names in those of the variables of a loop over a channel; the number of the site follows the letter.
const LoopVars = "RVK"

// Local reports whether name is that of a local variable that was inserted: of a loop over a channel, such as _atR12 or _at2V3, or of a test whose
// parameter has no name, _atT.
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

// withoutDigits returns s without the digits that it begins with.
func withoutDigits(s string) string {
	for s != "" && s[0] >= '0' && s[0] <= '9' {
		s = s[1:]
	}
	return s
}
