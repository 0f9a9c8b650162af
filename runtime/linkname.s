// A package with functions that have no body (those with go:linkname) must have an assembly file, on every
// architecture.
