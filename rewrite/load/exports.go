package load

import (
	"fmt"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

// exports are the imported packages that are not checked from source.
type exports struct {
	files map[string]string         // of the export data, by import path
	known bool                      // files are those of Config.Listing
	types map[string]*types.Package // after read
	once  sync.Once
	err   error
}

func newExports() exports {
	return exports{files: map[string]string{}, types: map[string]*types.Package{"unsafe": types.Unsafe}}
}

// listExports finds the export data of the packages that those of the graph import.
func (g *graph) listExports() error {
	missing := map[string]*packages.Package{}
	for p := range g.nodes {
		for _, imported := range p.Imports {
			if g.nodes[imported] == nil && imported.PkgPath != "unsafe" && imported.PkgPath != "C" {
				missing[imported.PkgPath] = imported
			}
		}
	}
	if len(missing) == 0 {
		g.known = g.b.cfg.Listing != nil
		return nil
	}
	if files, ok := g.b.cfg.Listing.exports(missing); ok {
		g.files, g.known = files, true
		maps.Copy(g.b.exported, files)
		return nil
	}
	config := g.b.config(packages.NeedName|packages.NeedExportFile, false)
	if profile := g.b.profile(); profile != "" {
		config.BuildFlags = append(slices.Clip(config.BuildFlags), "-pgo="+profile)
	}
	exported, err := packages.Load(config, slices.Sorted(maps.Keys(missing))...)
	if err != nil {
		return &CompileError{Errors: []packages.Error{{Msg: err.Error()}}}
	}
	for _, p := range exported {
		if p.ExportFile != "" {
			g.files[p.PkgPath], g.b.exported[p.PkgPath] = p.ExportFile, p.ExportFile
			delete(missing, p.PkgPath)
		} else if of := missing[p.PkgPath]; of != nil {
			of.Errors = p.Errors
		}
	}
	for path, p := range missing {
		if p.Errors == nil {
			note(p, fmt.Errorf("no export data for %q", path))
		}
	}
	return g.b.errors()
}

// profile returns the default.pgo with which the build compiles all imports of its main package, or "". Without the
// flag, the go command would compile the imports again, without a profile. Several main packages may have several
// profiles, so then it is left to the go command.
func (b *Build) profile() string {
	const name = "default.pgo" // see setPGOProfilePath in cmd/go/internal/load/pkg.go
	if b.cfg.Tests ||
		slices.ContainsFunc(b.cfg.BuildFlags,
			func(f string) bool { return strings.HasPrefix(f, "-pgo=") && f != "-pgo=auto" }) {
		return ""
	}
	if len(b.named) != 1 || b.named[0].Name != "main" || len(b.named[0].GoFiles) == 0 {
		return ""
	}
	file := filepath.Join(filepath.Dir(b.named[0].GoFiles[0]), name)
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		return ""
	}
	return file
}

// read reads the types that listExports has found. They are needed only if something is checked.
func (g *graph) read() error {
	g.once.Do(func() {
		for _, path := range slices.Sorted(maps.Keys(g.files)) {
			if err := g.readExport(path, g.files[path]); err != nil {
				g.err = &CompileError{Errors: []packages.Error{{Msg: err.Error()}}}
				return
			}
		}
	})
	return g.err
}

func (g *graph) readExport(path, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	// The file is an archive if the go command has compiled the package for a build, and not only for its export data.
	r, err := gcexportdata.NewReader(f) //lint:ignore SA1019 there is nothing else for archives
	if err != nil {
		return err
	}
	_, err = gcexportdata.Read(r, g.b.Fset, g.types, path)
	return err
}
