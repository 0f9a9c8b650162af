package gocmd

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An input is the state of a file or folder that a result was made from. For a folder, the source files and folders in
// it count.
type input struct {
	Name   string
	Folder bool  `json:",omitempty"`
	Stamp  stamp // zero: there was nothing of that name
	// Racy means that it was changed so shortly before it was read that another change may leave the same stamp. Then,
	// and if the stamp differs, Sum decides. (Git has the same term and rule.)
	Racy bool   `json:",omitempty"`
	Sum  []byte // SHA-256 of a file's content, or of what is in a folder
}

// A stamp changes when a file is written or replaced, with one exception: see input.Racy.
type stamp struct {
	Size     int64
	Modified int64  // nanoseconds since 1970
	Changed  int64  // the same for the inode, which cannot be set back; zero where the system does not say
	Inode    uint64 // zero where the system does not say
}

// racyFor is the coarsest unit in which file systems note times.
const racyFor = 2 * time.Second

// since reports whether a file with that stamp may have been changed after start, by the time of the inode if known:
// the other time can be set.
func (s stamp) since(start time.Time) bool {
	return cmp.Or(s.Changed, s.Modified) >= start.UnixNano()
}

// stampOf returns the stamp of a file or folder, or zero if there is none.
func stampOf(name string) (stamp, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return stamp{}, nil
	}
	if err != nil {
		return stamp{}, err
	}
	s := stamp{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	s.Inode, s.Changed = inodeOf(info)
	if info.IsDir() {
		s.Size = 0 // which says nothing
	}
	return s, nil
}

// sum returns the SHA-256 of the content.
func (in *input) sum(tests bool) ([]byte, error) {
	h := sha256.New()
	if in.Folder {
		entries, err := os.ReadDir(in.Name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if matters(e, tests) {
				fmt.Fprintf(h, "%s %q\n", e.Type(), e.Name())
			}
		}
		return h.Sum(nil), nil
	}
	f, err := os.Open(in.Name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}

// matters reports whether a file or folder may affect which packages there are, and their types.
func matters(e fs.DirEntry, tests bool) bool {
	if name := e.Name(); strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" {
		return false
	}
	return e.IsDir() || e.Type()&fs.ModeSymlink != 0 || e.Name() == "go.mod" || isSource(e.Name(), tests)
}

// isSource reports whether the types of a package may depend on a file: Go, and what cgo and SWIG read.
func isSource(name string, tests bool) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return false
	}
	switch filepath.Ext(name) {
	case ".go":
		return tests || !strings.HasSuffix(name, "_test.go")
	case ".h", ".hh", ".hpp", ".hxx", ".c", ".cc", ".cpp", ".cxx", ".m", ".swig", ".swigcxx":
		return true
	}
	return false
}

// unchanged reports whether an input is as it was. If it had to read the content, and the stamp can be trusted from now
// on, it sets a new stamp in in, and looked.
func (in *input) unchanged(tests bool, now time.Time) (same, looked bool) {
	s, err := stampOf(in.Name)
	if err != nil {
		return false, false
	}
	if s == in.Stamp && !in.Racy {
		return true, false
	}
	if s == (stamp{}) || in.Stamp == (stamp{}) {
		return s == in.Stamp, false
	}
	sum, err := in.sum(tests)
	if err != nil || !bytes.Equal(sum, in.Sum) {
		return false, false
	}
	racy := s.since(now.Add(-racyFor))
	looked = s != in.Stamp || !racy
	in.Stamp, in.Racy = s, racy
	return true, looked
}

// allUnchanged reports whether all inputs are as they were; looked means that stamps have changed and should be stored.
func allUnchanged(inputs []input, tests bool) (same, looked bool) {
	now := time.Now()
	var differs, changed atomic.Bool
	var wg sync.WaitGroup
	n := runtime.GOMAXPROCS(0)
	for i := range n {
		wg.Go(func() {
			for j := i; j < len(inputs) && !differs.Load(); j += n {
				same, looked := inputs[j].unchanged(tests, now)
				if !same {
					differs.Store(true)
				}
				if looked {
					changed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	return !differs.Load(), changed.Load()
}
