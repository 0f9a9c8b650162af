package runtime

// Where the collector is in a program with probes. Whoever builds such a program and whoever reads one have to agree on it.
const (
	// Path is its import path in a build by awaittrace: a folder of GOROOT/src that exists in every
	// release of Go and holds packages, but is none itself.
	Path = "debug"
	// Folder is the last element of its import path in a tree that was instrumented in place or copied: a folder of a main module.
	Folder = "awaittrace_runtime"
)
