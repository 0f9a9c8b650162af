// Package gocmd drives the go command for the verbs that stand for a go verb: it splits their command line into what is ours
// and what is go's, has the packages instrumented, and runs go with an overlay that holds the instrumented text and the
// collector.
//
// Goals: nothing of the user's tree, module files or module cache is written; every flag of the go verb means what it means
// there, and reaches the nested go list too; what the go command says about the user's code is said by the go command.
//
// How the collector gets into the build: an overlay may add files to a folder of GOROOT/src, and a folder there that holds no
// package of its own (CollectorPath) becomes one, with assembly, for main modules, dependencies, workspaces and
// vendor folders alike. The exception is a GOROOT inside the module cache, where go puts the toolchains that it
// downloads: the go command refuses to overlay files there (golang/go#71783 and cmd/go/internal/fsys), so that the
// build gets a GOROOT that is a symbolic link to it, see goroot.go.
//
// go test has vet look at every package. vet is shown the source without probes, by a program that the go command starts in place of its
// tools: see toolexec.go.
//
// Files of dependencies in the module cache (-deps) are overlaid in the same way, see modcache.go.
//
// What the rewriter wrote is kept in the user's cache folder with a list of all files and folders that it depends on
// (manifest.go): where none of them has changed since, the next build takes it from there, and neither lists packages nor checks
// types.
//
// Coverage is measured by the counters of the source without probes, and these go into what cmd/cover has made of it: see cover.go.
//
// Not supported, and refused with a message: package@version arguments, because their files are in the module cache, and a user's own
// -overlay with -cover.
package gocmd
