package tree

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/awaittrace/awaittrace/internal/lock"
)

// A Journals is the folder of the journals of this user's trees. It is outside the trees, out of the reach of git clean
// and git checkout. The zero Journals has none, and takes none.
type Journals struct{ dir string }

// OpenJournals returns the folder of the journals in the user's cache. It creates nothing.
func OpenJournals() (Journals, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return Journals{}, fmt.Errorf("no folder for the journal, which keeps what -w replaces: %v; set HOME or "+
			"XDG_CACHE_HOME", err)
	}
	return Journals{filepath.Join(dir, "awaittrace", "journal")}, nil
}

// A journal says what was written in place in a tree. It is complete before the first file of the tree is changed.
type journal struct {
	Root      string // without symbolic links
	Collector string // the folder of the collector
	Files     []entry

	path string // where the journal is
}

// An entry is a file that was instrumented in place.
type entry struct {
	Path                   string    // absolute
	Original, Instrumented string    // hashes of the texts
	Text                   []byte    // the original
	Time                   time.Time // when the original was last modified; zero: unknown
}

// of returns the path of the journal of root.
func (j Journals) of(root string) string {
	return filepath.Join(j.dir, hash([]byte(root))[:32]+".json")
}

// lock keeps other processes from writing to the tree at root until unlock is called, or this process ends.
func (j Journals) lock(root string) (unlock func(), err error) {
	return lock.Take(j.of(root)+".lock", root)
}

// read returns the journal of root, or nil.
func (j Journals) read(root string) (*journal, error) {
	if j == (Journals{}) {
		return nil, nil
	}
	path := j.of(root)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	made := &journal{}
	if err := json.Unmarshal(text, made); err != nil || made.Root != root {
		return nil, fmt.Errorf("%s is damaged; remove it, and revert will take the probes out of the text itself", path)
	}
	made.path = path
	return made, nil
}

// above returns the journal of dir or of the nearest folder above it, or nil.
func (j Journals) above(dir string) (*journal, error) {
	for {
		made, err := j.read(dir)
		if made != nil || err != nil || dir == filepath.Dir(dir) {
			return made, err
		}
		dir = filepath.Dir(dir)
	}
}

// write writes a journal to the disk, replacing an earlier one.
func (j Journals) write(made *journal) error {
	made.path = j.of(made.Root)
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return err
	}
	if err := writeAtomic(made.path, text, 0o600); err != nil {
		return err
	}
	syncFolders(made.path, j.dir)
	return nil
}

// original returns the original text of e, unless the journal was damaged.
func (e entry) original() (text []byte, ok bool) { return e.Text, hash(e.Text) == e.Original }

// remove removes the journal.
func (made *journal) remove() error {
	err := os.Remove(made.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
