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

	"github.com/awaittrace/awaittrace/internal/lock"
	"github.com/awaittrace/awaittrace/rewrite"
)

// copySign is the file at the top of a copy that marks it.
const copySign = ".awaittrace-copy"

// A copyRecord is the content of copySign.
type copyRecord struct {
	Source string            // the folder that was copied
	Files  map[string]string // the hash of each file by its slash-separated path
	Links  map[string]string // where each symbolic link leads, by its path
}

// A Source is a tree with the instrumented text of its files.
type Source struct {
	// Root is the folder of the tree, Modules the folders of its main modules, one of which may be Root.
	Root    string
	Modules []string
	// Files are the instrumented files. Those outside of Root are left out of a copy.
	Files []rewrite.File
	// Deps are modules outside of Root that become part of a copy, and ModuleFile the go.mod or go.work that says where
	// modules are.
	Deps       []Dep
	ModuleFile string
	// Collector is the folder of the collector in the tree, where it is not yet.
	Collector string
	// Go runs the go command in a folder and returns its standard output.
	Go func(dir string, args ...string) ([]byte, error)
}

// Copy writes the tree with the instrumented texts to dir. If dir exists it must be an unchanged earlier copy: Copy
// removes nothing that it did not write.
func Copy(src Source, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return fmt.Errorf("-o: %v", err)
	}
	locked := lock.Beside(dir)
	unlock, err := lock.Take(locked, dir)
	if err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	defer unlock()
	was, err := replaceable(dir)
	if err != nil {
		return err
	}
	if rel, inside := below(dir, src.Root); inside && rel == "." || contains(dir, src.Root) {
		return fmt.Errorf("-o: %s contains the source itself", dir)
	}
	c := &copier{src: src, to: filepath.Join(parent, "."+filepath.Base(dir)+".awaittrace-new"), dir: dir,
		old: filepath.Join(parent, "."+filepath.Base(dir)+".awaittrace-old"), locked: locked,
		texts: map[string][]byte{}, was: was, record: copyRecord{src.Root, map[string]string{}, map[string]string{}}}
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

// below returns the path of name relative to dir, if name is dir or in it.
func below(name, dir string) (rel string, ok bool) {
	rel, err := filepath.Rel(dir, name)
	return rel, err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func contains(dir, name string) bool { _, ok := below(name, dir); return ok }

// maxInTheWay bounds the names in an error.
const maxInTheWay = 5

// replaceable returns an error unless dir is free, or an unchanged copy, whose record it returns.
func replaceable(dir string) (*copyRecord, error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("-o: %v", err)
	}
	record := new(copyRecord)
	text, err := os.ReadFile(filepath.Join(dir, copySign))
	if !info.IsDir() || err != nil || json.Unmarshal(text, record) != nil {
		return nil, fmt.Errorf("-o: %s exists, and no earlier instrument -o wrote it; remove it or name another folder",
			dir)
	}
	foreign, err := record.foreign(dir)
	if err != nil {
		return nil, fmt.Errorf("-o: %v", err)
	}
	if len(foreign) == 0 {
		return record, nil
	}
	more := ""
	if n := len(foreign) - maxInTheWay; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return nil, fmt.Errorf("-o: %s has files that instrument did not write, or that were changed since, and they "+
		"would be lost: %s%s; move them away, remove the copy, or name another folder",
		dir, strings.Join(foreign[:min(len(foreign), maxInTheWay)], ", "), more)
}

// foreign returns what Copy did not write in dir, or what was edited since. It lists a folder without any of the copy's
// files by its name only.
func (record *copyRecord) foreign(dir string) (list []string, err error) {
	folders := map[string]bool{".": true}
	for _, files := range []map[string]string{record.Files, record.Links} {
		for name := range files {
			for d := filepath.Dir(filepath.FromSlash(name)); d != "."; d = filepath.Dir(d) {
				folders[d] = true
			}
		}
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == filepath.Join(dir, copySign) {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		name := filepath.ToSlash(rel)
		switch {
		case entry.IsDir() && isCollector(path):
			for _, extra := range besideCollector(path) {
				list = append(list, name+"/"+extra)
			}
			return filepath.SkipDir
		case entry.IsDir() && !folders[rel]:
			if hasFiles(path) { // else the source, too, has none there
				list = append(list, name+"/")
			}
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		same, err := record.same(path, name, entry.Type())
		if err == nil && !same {
			list = append(list, name)
		}
		return err
	})
	return list, err
}

// hasFiles reports whether dir has anything but folders in it, or cannot be read.
func hasFiles(dir string) bool {
	return filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			err = fs.ErrExist
		}
		return err
	}) != nil
}

// same reports whether the file at path equals the one that the copy has under name.
func (record *copyRecord) same(path, name string, mode fs.FileMode) (bool, error) {
	switch {
	case mode.IsRegular():
		text, err := os.ReadFile(path)
		want, known := record.Files[name]
		return known && hash(text) == want, err
	case mode&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		want, known := record.Links[name]
		return known && target == want, err
	}
	return false, nil
}

// remove removes the files of the copy at dir, by its record. It fails if something is left.
func (record *copyRecord) remove(dir string) error {
	foreign, err := record.foreign(dir)
	if err != nil || len(foreign) > 0 {
		return errors.Join(err, fmt.Errorf("%s, the former copy, was not removed: %s appeared in it meanwhile", dir,
			strings.Join(foreign, ", ")))
	}
	var folders []string
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && isCollector(path):
			if err := removeCollector(path); err != nil {
				return err
			}
			return filepath.SkipDir
		case entry.IsDir():
			_ = os.Chmod(path, 0o700)
			folders = append(folders, path)
			return nil
		case path == filepath.Join(dir, copySign):
			return nil // last: until then the rest is known to be a copy
		}
		return os.Remove(path)
	})
	if err == nil {
		err = os.Remove(filepath.Join(dir, copySign))
	}
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		err = os.Remove(folders[i])
	}
	return err
}

// A copier makes one copy.
type copier struct {
	src    Source
	to     string // where it is made
	dir    string // where it goes
	old    string // where an earlier one goes
	locked string // the file of the lock
	texts  map[string][]byte
	was    *copyRecord // of the copy that is replaced; nil: there is none
	record copyRecord
}

// makingSign marks a copy that is not complete.
const makingSign = ".awaittrace-making"

// clear removes what a killed call has left.
func (c *copier) clear() error {
	if exists(c.to) {
		if !exists(filepath.Join(c.to, makingSign)) {
			return fmt.Errorf("%s is in the way, and awaittrace did not write it", c.to)
		}
		if err := os.RemoveAll(c.to); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.to, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.to, makingSign), nil, 0o600); err != nil {
		return err
	}
	if !exists(c.old) {
		return nil
	}
	was, err := replaceable(c.old)
	if err != nil {
		return err
	}
	return was.remove(c.old)
}

// all makes the copy and puts it in its place.
func (c *copier) all() error {
	if hasFiles(c.src.Collector) { // an error here names the user's folder, not that in the copy
		if err := freeForCollector(c.src.Collector); err != nil {
			return err
		}
	}
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
	if err := os.Remove(filepath.Join(c.to, makingSign)); err != nil {
		return err
	}
	if c.was != nil {
		if err := os.Rename(c.dir, c.old); err != nil {
			return err
		}
	}
	if err := os.Rename(c.to, c.dir); err != nil {
		if c.was != nil {
			err = errors.Join(err, os.Rename(c.old, c.dir))
		}
		return err
	}
	if c.was != nil {
		return c.was.remove(c.old)
	}
	return nil
}

// folder copies a folder to that at place in the copy, with the instrumented text of files where there is one.
func (c *copier) folder(from, place string, leaveOut func(path string) bool) error {
	modes := map[string]fs.FileMode{} // of folders: set last, because one may be read-only
	var folders []string
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if leaveOut(path) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
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
			return c.link(from, path, rel)
		}
		return nil // a socket, a pipe or a device
	})
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		err = os.Chmod(folders[i], modes[folders[i]].Perm()|0o300)
	}
	return err
}

// leaveOut reports whether a folder or file is not part of a copy: a repository, or a copy. In a worktree and a submodule
// .git is a file, by which git would take the copy for the source.
func (c *copier) leaveOut(path string) bool {
	switch filepath.Base(path) {
	case ".git", ".hg", ".svn", ".bzr", ".jj":
		return true
	}
	if path == c.dir || path == c.to || path == c.old || path == c.locked {
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

// link copies a symbolic link. A relative link out of the copied folder leads to the same place from the copy.
func (c *copier) link(folder, path, rel string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return err
	}
	if !filepath.IsAbs(target) {
		if abs := filepath.Join(filepath.Dir(path), target); !contains(folder, abs) {
			target = abs
		}
	}
	c.record.Links[filepath.ToSlash(rel)] = target
	return os.Symlink(target, filepath.Join(c.to, rel))
}
