package tree

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// Write writes the instrumented texts in place. When it fails, nothing has changed, or the error says what to do.
func Write(src Source, journals Journals) error {
	root, err := filepath.EvalSymlinks(src.Root)
	if err != nil {
		return fmt.Errorf("-w: %w", err)
	}
	if err := os.MkdirAll(journals.dir, 0o700); err != nil {
		return fmt.Errorf("-w: cannot write the journal: %v", err)
	}
	unlock, err := journals.lock(root)
	if err != nil {
		return fmt.Errorf("-w: %w", err)
	}
	defer unlock()
	if err := journals.free(root); err != nil {
		return fmt.Errorf("-w: %w", err)
	}
	made := &journal{Root: root, Collector: real(src.Collector)}
	for _, f := range src.Files {
		text, err := original(f)
		if err != nil {
			return fmt.Errorf("-w: %w", err)
		}
		e := entry{Path: real(f.Name), Original: hash(text), Instrumented: hash(f.Text), Text: text}
		if info, err := os.Stat(f.Name); err == nil {
			e.Time = info.ModTime()
		}
		made.Files = append(made.Files, e)
	}
	if err := journals.write(made); err != nil {
		return fmt.Errorf("-w: cannot write the journal: %v", err)
	}
	err = writeFiles(src)
	if err == nil {
		return nil
	}
	if left := undo(made); left != nil {
		return fmt.Errorf("-w: %v\nnot everything could be undone: %[3]v; run awaittrace revert %[2]s once that "+
			"is fixed", err, root, left)
	}
	return fmt.Errorf("-w: %v; nothing was changed", err)
}

// real returns path with the symbolic links on the way to it resolved. The file need not exist.
func real(path string) string {
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// free returns an error if files of an earlier call are still below root.
func (j Journals) free(root string) error {
	old, err := j.read(root)
	if old == nil || err != nil {
		return err
	}
	for _, e := range old.Files {
		if text, err := os.ReadFile(e.Path); err == nil && revert.Instrumented(text) {
			return fmt.Errorf("%s has probes already; awaittrace revert %s takes them out", e.Path, root)
		}
	}
	return nil
}

// original reads the file to replace, which must be the one that was instrumented.
func original(f rewrite.File) ([]byte, error) {
	info, err := os.Lstat(f.Name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is a symbolic link, which -w does not follow; use -o", f.Name)
	}
	text, err := os.ReadFile(f.Name)
	if err == nil && sha256.Sum256(text) != f.Original {
		err = fmt.Errorf("%s changed while it was being instrumented; try again", f.Name)
	}
	return text, err
}

// writeFiles places the collector, writes all texts beside their files, and renames them when all are on disk: by then,
// a full disk is no danger.
func writeFiles(src Source) error {
	if err := placeCollector(src.Collector); err != nil {
		return err
	}
	for _, f := range src.Files {
		info, err := os.Lstat(f.Name)
		if err == nil {
			err = writeTemp(f.Name, f.Text, info.Mode())
		}
		if err != nil {
			return err
		}
	}
	var names []string
	for _, f := range src.Files {
		if _, err := original(f); err != nil {
			return err
		}
		if err := os.Rename(tempName(f.Name), f.Name); err != nil {
			return err
		}
		names = append(names, f.Name)
	}
	syncFolders(names...)
	return nil
}
