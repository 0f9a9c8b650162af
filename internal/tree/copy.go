package tree

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite"
)

// copySign is the file at the top of a copy that says so.
const copySign = ".awaittrace-copy"

// A copyRecord is what copySign holds.
type copyRecord struct {
	Source string            // the folder that was copied
	Files  map[string]string // the hash of each file by its slash-separated path
}

// A Source is a tree with the instrumented text of its files.
type Source struct {
	// Root is the folder of the tree, Modules the folders of its main modules, one of which may be Root.
	Root    string
	Modules []string
	// Files are the instrumented files. Those outside of Root are left out of a copy.
	Files []rewrite.File
	// Deps are modules outside of Root that become part of a copy, and ModuleFile the go.mod or go.work that says where modules are.
	Deps       []Dep
	ModuleFile string
	// Collector is the folder of the collector in the tree, where it is not yet.
	Collector string
	// Go runs the go command in a folder and returns its standard output.
	Go func(dir string, args ...string) ([]byte, error)
}

// Copy writes the tree with the instrumented texts to dir. If dir exists it must be an earlier copy that nobody has edited.
func Copy(src Source, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := replaceable(dir); err != nil {
		return err
	}
	if rel, inside := below(dir, src.Root); inside && rel == "." || contains(dir, src.Root) {
		return fmt.Errorf("-o: %s holds the source itself", dir)
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return fmt.Errorf("-o: %v", err)
	}
	c := &copier{src: src, to: filepath.Join(parent, "."+filepath.Base(dir)+".awaittrace-new"), dir: dir,
		old:   filepath.Join(parent, "."+filepath.Base(dir)+".awaittrace-old"),
		texts: map[string][]byte{}, record: copyRecord{src.Root, map[string]string{}}}
	for _, f := range src.Files {
		c.texts[f.Name] = f.Text
	}
	if err := c.clear(); err != nil {
		return fmt.Errorf("-o: %v", err)
	}
	if err := c.all(); err != nil {
		os.RemoveAll(c.to)
		return fmt.Errorf("-o: %v", err)
	}
	return nil
}

// below gives the path of name relative to dir, if name is dir or in it.
func below(name, dir string) (rel string, ok bool) {
	rel, err := filepath.Rel(dir, name)
	return rel, err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func contains(dir, name string) bool { _, ok := below(name, dir); return ok }

// replaceable is an error unless dir is free, or a copy of ours without edits.
func replaceable(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("-o: %v", err)
	}
	var record copyRecord
	text, err := os.ReadFile(filepath.Join(dir, copySign))
	if !info.IsDir() || err != nil || json.Unmarshal(text, &record) != nil {
		return fmt.Errorf("-o: %s exists, and is not of an earlier instrument -o; remove it or name another folder", dir)
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && isCollector(path) {
			return filepath.SkipDir
		}
		if err != nil || !entry.Type().IsRegular() || path == filepath.Join(dir, copySign) {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		want, known := record.Files[filepath.ToSlash(rel)]
		if !known && filepath.Ext(path) != ".go" { // something that was built there
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && hash(text) != want {
			err = fmt.Errorf("-o: %s was edited in the copy, and would be lost; remove the copy or name another folder", path)
		}
		return err
	})
}

// A copier makes one copy.
type copier struct {
	src    Source
	to     string // where it is made
	dir    string // where it goes
	old    string // where an earlier one goes
	texts  map[string][]byte
	record copyRecord
}

// clear removes what a call that was killed has left.
func (c *copier) clear() error {
	if err := os.RemoveAll(c.to); err != nil {
		return err
	}
	return os.RemoveAll(c.old)
}

// all makes the copy and puts it in its place.
func (c *copier) all() error {
	if err := c.folder(c.src.Root, ".", c.leaveOut); err != nil {
		return err
	}
	rel, _ := below(c.src.Collector, c.src.Root)
	if err := placeCollector(filepath.Join(c.to, rel)); err != nil {
		return err
	}
	if err := c.paths(); err != nil {
		return err
	}
	if err := c.deps(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(c.record, "", "\t")
	if err != nil {
		return err
	}
	if err := writeAtomic(filepath.Join(c.to, copySign), text, 0o644); err != nil {
		return err
	}
	if _, err := os.Lstat(c.dir); err == nil {
		if err := os.Rename(c.dir, c.old); err != nil {
			return err
		}
	}
	if err := os.Rename(c.to, c.dir); err != nil {
		return errors.Join(err, os.Rename(c.old, c.dir))
	}
	return os.RemoveAll(c.old)
}

// folder copies a folder to that at place in the copy, with the instrumented text of files where there is one.
func (c *copier) folder(from, place string, leaveOut func(path string) bool) error {
	modes := map[string]fs.FileMode{} // of folders: set last, because one may be read-only
	var folders []string
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && leaveOut(path) {
			return filepath.SkipDir
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		rel = filepath.Join(place, rel)
		to := filepath.Join(c.to, rel)
		switch mode := info.Mode(); {
		case mode.IsDir():
			modes[to] = mode
			folders = append(folders, to)
			return os.MkdirAll(to, 0o700)
		case c.texts[path] != nil, mode.IsRegular():
			return c.file(path, rel, mode)
		case mode&fs.ModeSymlink != 0:
			return c.link(from, path, to)
		}
		return nil // a socket, a pipe or a device
	})
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		err = os.Chmod(folders[i], modes[folders[i]].Perm()|0o300)
	}
	return err
}

// leaveOut says that a folder is not part of a copy: a repository, or a copy.
func (c *copier) leaveOut(path string) bool {
	switch filepath.Base(path) {
	case ".git", ".hg", ".svn", ".bzr", ".jj":
		return true
	}
	if path == c.dir || path == c.to || path == c.old {
		return true
	}
	_, err := os.Lstat(filepath.Join(path, copySign))
	return err == nil
}

// file copies a file. An instrumented file that is a symbolic link becomes a file.
func (c *copier) file(path, rel string, mode fs.FileMode) error {
	text, ok := c.texts[path]
	if ok && mode&fs.ModeSymlink != 0 {
		mode = 0o644
	}
	if !ok {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if text, err = io.ReadAll(f); err != nil {
			return err
		}
	}
	return c.write(rel, text, mode)
}

// write writes a file of the copy.
func (c *copier) write(rel string, text []byte, mode fs.FileMode) error {
	to := filepath.Join(c.to, rel)
	c.record.Files[filepath.ToSlash(rel)] = hash(text)
	if err := os.WriteFile(to, text, 0o600); err != nil {
		return err
	}
	return os.Chmod(to, mode.Perm())
}

// link copies a symbolic link. A relative one that leads out of the folder that is copied leads to the same place from the copy.
func (c *copier) link(folder, path, to string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return err
	}
	if !filepath.IsAbs(target) {
		if abs := filepath.Join(filepath.Dir(path), target); !contains(folder, abs) {
			target = abs
		}
	}
	return os.Symlink(target, to)
}
