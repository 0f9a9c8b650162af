// Package gocmd drives the go command for the verbs that stand for a go verb: it splits their command line into our
// flags and go's, instruments the packages, and runs go with an overlay that holds the instrumented text and the
// collector.
//
// Goals: the user's tree, module files and module cache are not written; every flag of the go verb keeps its meaning,
// and reaches the nested go list too; errors in the user's code come from the go command.
//
// How the collector gets into the build: an overlay may add files to a folder of GOROOT/src, and a folder there without
// a package (CollectorPath) becomes one, with assembly, for main modules, dependencies, workspaces and vendor folders
// alike. The exception is a GOROOT inside the module cache, where go puts the toolchains that it downloads: the go
// command refuses to overlay files there (golang/go#71783 and cmd/go/internal/fsys), so the build gets a symbolic link
// to that GOROOT, see goroot.go.
//
// go test has vet look at every package. vet is shown the source without probes, by a program that the go command
// starts in place of its tools: see toolexec.go.
//
// Files of dependencies in the module cache (-deps) are overlaid in the same way, see modcache.go.
//
// The rewriter's output is kept in the user's cache folder with a list of all files and folders that it depends on
// (manifest.go): if none of them has changed, the next build reuses it, and neither lists packages nor checks types.
//
// Coverage is measured by the counters of the source without probes; the probes go into the output of cmd/cover: see
// cover.go.
//
// Not supported, with an error: package@version arguments, because their files are in the module cache, and a user's
// own -overlay with -cover.
package gocmd
