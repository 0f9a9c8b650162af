package tree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/awaittrace/awaittrace/internal/gocmd"
)

// depsFolder is the folder of a copy that holds the dependencies whose files are not in the tree.
const depsFolder = "awaittrace_deps"

// A Dep is a module outside of the tree that has instrumented files, and becomes part of a copy.
type Dep struct {
	// Path and Version are what the module graph calls it, Dir is where it is.
	Path, Version, Dir string
}

// place is the folder of d in a copy.
func (d Dep) place() string {
	return filepath.Join(depsFolder, filepath.FromSlash(d.Path)+"@"+d.Version)
}

// deps copies the dependencies, and makes the copy use them:
//
//	replace golang.org/x/sync v0.24.0 => ./awaittrace_deps/golang.org/x/sync@v0.24.0
//
// A folder with a go.mod is not part of the module around it, so ./... leaves it out.
func (c *copier) deps() error {
	if len(c.src.Deps) == 0 {
		return nil
	}
	rel, inside := below(c.src.ModuleFile, c.src.Root)
	if !inside {
		return fmt.Errorf("%s is outside the tree, and would have to say where the dependencies of -deps are",
			c.src.ModuleFile)
	}
	if _, err := os.Stat(filepath.Join(c.to, "vendor", "modules.txt")); err == nil {
		return fmt.Errorf("the copy is built from its vendor folder, but -mod takes the dependencies of -deps from " +
			"elsewhere; leave -mod out")
	}
	if _, err := os.Lstat(filepath.Join(c.src.Root, depsFolder)); err == nil {
		return fmt.Errorf("%s exists; the dependencies of -deps belong there", filepath.Join(c.src.Root, depsFolder))
	}
	var list []gocmd.Replace
	for _, d := range c.src.Deps {
		if err := c.dep(d); err != nil {
			return err
		}
		list = append(list, gocmd.Replace{Path: d.Path, Version: d.Version, Dir: "./" + filepath.ToSlash(d.place())})
	}
	path := filepath.Join(c.to, rel)
	if err := gocmd.EditModules(path, filepath.Base(rel) == "go.work", list, c.src.Go); err != nil {
		return err
	}
	return c.note(rel)
}

// dep copies a module, without the modules below it.
func (c *copier) dep(d Dep) error {
	if err := os.MkdirAll(filepath.Dir(filepath.Join(c.to, d.place())), 0o777); err != nil {
		return err
	}
	err := c.folder(d.Dir, d.place(), func(path string) bool {
		_, err := os.Lstat(filepath.Join(path, "go.mod"))
		return err == nil && path != d.Dir || c.leaveOut(path)
	})
	if err != nil {
		return err
	}
	goMod := filepath.Join(d.place(), "go.mod")
	if _, err := os.Lstat(filepath.Join(c.to, goMod)); err == nil {
		return nil
	}
	return c.write(goMod, []byte("module "+d.Path+"\n"), fs.FileMode(0o644)) // from before there were modules
}
