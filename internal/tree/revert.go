package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/lock"
	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// A Reverted says what Revert did.
type Reverted struct {
	Root string // the folder that was reverted: the whole tree, if there is a journal
	// Restored are the files that were put back from the journal, and Edited those whose probes were taken out of the
	// text, because they had been edited or are not in the journal. Both are sorted.
	Restored, Edited []string
}

// Revert takes the probes and the collector out of the tree in dir. An error says which files it left; it does
// everything else. Calling it again is harmless.
func Revert(dir string, journals Journals) (*Reverted, error) {
	given := dir
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no folder %q: give a folder of the tree whose probes are to go", given)
	}
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", dir)
	}
	made, err := journals.above(dir)
	if err != nil {
		return nil, err
	}
	if made != nil { // without a journal, Write is not at work here
		unlock, err := journals.lock(made.Root)
		if errors.Is(err, lock.ErrBusy) {
			return nil, err
		} else if err == nil {
			defer unlock()
		}
		if made, err = journals.read(made.Root); err != nil {
			return nil, err
		}
	}
	r := &reverter{root: dir, journal: made, done: map[string]bool{}}
	if made != nil {
		r.root = made.Root
		made.Collector = real(made.Collector) // earlier journals have the names by which the tree was reached
		for _, e := range made.Files {
			e.Path = real(e.Path)
			r.entry(e)
		}
	}
	if err := filepath.WalkDir(r.root, r.visit); err != nil {
		r.fail("", err)
	}
	r.finish()
	if len(r.errs) == 0 {
		if err := os.Remove(filepath.Join(r.root, copySign)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.fail(r.root, err)
		}
	}
	slices.Sort(r.restored)
	slices.Sort(r.edited)
	return &Reverted{r.root, r.restored, r.edited}, errors.Join(r.errs...)
}

// undo reverts the files of a journal only.
func undo(made *journal) error {
	r := &reverter{root: made.Root, journal: made, done: map[string]bool{}}
	for _, e := range made.Files {
		r.entry(e)
	}
	r.finish()
	return errors.Join(r.errs...)
}

// A reverter reverts one tree.
type reverter struct {
	root             string
	journal          *journal        // nil if there is none
	done             map[string]bool // the files of the journal
	collectors       []string        // the collector's folders
	restored, edited []string
	errs             []error
}

func (r *reverter) fail(path string, err error) {
	if path != "" && !strings.Contains(err.Error(), path) {
		err = fmt.Errorf("%s: %v", path, err)
	}
	r.errs = append(r.errs, err)
}

// entry reverts a file of the journal. A file that is gone, or came back without probes, is left alone.
func (r *reverter) entry(e entry) {
	r.done[e.Path] = true
	if err := os.Remove(tempName(e.Path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.fail(e.Path, err)
	}
	info, err := os.Lstat(e.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return
	}
	text, err := os.ReadFile(e.Path)
	if err != nil {
		r.fail(e.Path, err)
		return
	}
	if now := hash(text); now == e.Original {
		return
	} else if now == e.Instrumented {
		if was, ok := e.original(); ok {
			r.replace(e.Path, was, info.Mode(), &r.restored)
			if !e.Time.IsZero() { // for make, and others that compare times
				_ = os.Chtimes(e.Path, time.Now(), e.Time)
			}
			return
		}
	}
	r.text(e.Path, text, info.Mode())
}

// text takes the probes out of a text, if it has any.
func (r *reverter) text(path string, text []byte, mode fs.FileMode) {
	was, err := revert.Text(text)
	if err != nil {
		r.fail(path, fmt.Errorf("%s was left unchanged: %v", path, err))
		return
	}
	if !bytes.Equal(was, text) {
		r.replace(path, was, mode, &r.edited)
	}
}

func (r *reverter) replace(path string, text []byte, mode fs.FileMode, list *[]string) {
	if err := writeAtomic(path, text, mode); err != nil {
		r.fail(path, err)
		return
	}
	*list = append(*list, path)
}

// visit reverts a file that the journal does not have, and notes the collector's folders. Other copies in the tree are
// left alone.
func (r *reverter) visit(path string, d fs.DirEntry, err error) error {
	if err != nil {
		r.fail(path, err)
		if d != nil && d.IsDir() {
			return filepath.SkipDir
		}
		return nil
	}
	if d.IsDir() {
		return r.folder(path, d.Name())
	}
	name := d.Name()
	if of, ok := strings.CutSuffix(name, ".go.awaittrace"); ok && strings.HasPrefix(of, ".") && d.Type().IsRegular() {
		if err := os.Remove(path); err != nil {
			r.fail(path, err)
		}
		return nil
	}
	if !d.Type().IsRegular() || filepath.Ext(name) != ".go" || r.done[path] {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		r.fail(path, err)
		return nil
	}
	if revert.Instrumented(text) {
		info, err := d.Info()
		if err != nil {
			r.fail(path, err)
			return nil
		}
		r.text(path, text, info.Mode())
	}
	return nil
}

func (r *reverter) folder(path, name string) error {
	if isCollector(path) {
		r.collectors = append(r.collectors, path)
		return filepath.SkipDir
	}
	if path == r.root {
		return nil
	}
	if name == rewrite.CollectorFolder {
		if removeEmpty(path); !exists(path) {
			return filepath.SkipDir
		}
	}
	if exists(filepath.Join(path, copySign)) || name == ".git" {
		return filepath.SkipDir
	}
	return nil
}

// finish removes the collector and the journal, when no file needs them any more.
func (r *reverter) finish() {
	if len(r.errs) > 0 {
		return
	}
	if r.journal != nil {
		removeEmpty(r.journal.Collector)
		if isCollector(r.journal.Collector) && !slices.Contains(r.collectors, r.journal.Collector) {
			r.collectors = append(r.collectors, r.journal.Collector)
		}
	}
	for _, dir := range r.collectors {
		if err := removeCollector(dir); err != nil {
			r.fail(dir, err)
		}
	}
	syncFolders(append(r.restored, r.edited...)...)
	if r.journal != nil && len(r.errs) == 0 {
		if err := r.journal.remove(); err != nil {
			r.fail("", err)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
