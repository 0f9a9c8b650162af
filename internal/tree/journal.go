package tree

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Journals is the folder of the journals of this user's trees. It is outside of the trees, where git clean and git checkout do not reach.
type Journals struct{ dir string }

// OpenJournals gives the folder of the journals in the user's cache. It makes nothing.
func OpenJournals() (Journals, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return Journals{}, fmt.Errorf("no folder for the journal: %v", err)
	}
	return Journals{filepath.Join(dir, "awaittrace", "journal")}, nil
}

// A journal says what was written in place in a tree. It is complete before the first file of the tree is changed.
type journal struct {
	Root      string // without symbolic links
	Collector string // the folder of the collector
	Files     []entry

	dir string // where the journal is
}

// An entry is a file that was instrumented in place.
type entry struct {
	Path                   string // absolute
	Original, Instrumented string // hashes of the texts
}

// journalFile is the journal itself; the original texts stand beside it, each under its hash.
const journalFile = "journal.json"

func (j Journals) of(root string) string { return filepath.Join(j.dir, hash([]byte(root))[:32]) }

// read gives the journal of root, or nil if there is none.
func (j Journals) read(root string) (*journal, error) {
	dir := j.of(root)
	text, err := os.ReadFile(filepath.Join(dir, journalFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	made := &journal{}
	if err := json.Unmarshal(text, made); err != nil || made.Root != root {
		return nil, fmt.Errorf("%s is damaged; remove it, and revert then takes the probes out of the text", filepath.Join(dir, journalFile))
	}
	made.dir = dir
	return made, nil
}

// above gives the journal of dir or of the nearest folder above it, or nil.
func (j Journals) above(dir string) (*journal, error) {
	for {
		made, err := j.read(dir)
		if made != nil || err != nil || dir == filepath.Dir(dir) {
			return made, err
		}
		dir = filepath.Dir(dir)
	}
}

// write writes a journal with the original texts of its entries, down to the disk. What was there is replaced.
func (j Journals) write(made *journal, originals [][]byte) error {
	made.dir = j.of(made.Root)
	if err := made.remove(); err != nil {
		return err
	}
	if err := os.MkdirAll(made.dir, 0o700); err != nil {
		return err
	}
	for i, text := range originals {
		if err := writeAtomic(filepath.Join(made.dir, made.Files[i].Original), text, 0o600); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(made, "", "\t")
	if err != nil {
		return err
	}
	return writeAtomic(filepath.Join(made.dir, journalFile), text, 0o600)
}

// original is the original text of e.
func (made *journal) original(e entry) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(made.dir, e.Original))
	if err == nil && hash(text) != e.Original {
		err = fmt.Errorf("%s is damaged", filepath.Join(made.dir, e.Original))
	}
	return text, err
}

// remove removes the journal: the journal itself first, so that what is left of it never counts.
func (made *journal) remove() error {
	if err := os.Remove(filepath.Join(made.dir, journalFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(made.dir)
}
