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

	"github.com/awaittrace/awaittrace/rewrite/load"
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
	// Head is the load.Head of a file that the rewriter has parsed; else it is nil.
	Head []byte `json:",omitempty"`
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

// A change is what has happened to inputs.
type change int32

const (
	nothing change = iota // that matters
	bodies                // files that the rewriter parses have changed, but not what the go command reads of them
	more
)

// compare compares an input with what is there now. If it had to read the content, and the stamp can be trusted from now
// on, it reports that it looked. It changes in, unless the result is more, to what is there now.
func (in *input) compare(tests bool, now time.Time) (changed change, looked bool) {
	s, err := stampOf(in.Name)
	if err != nil {
		return more, false
	}
	if s == in.Stamp && !in.Racy {
		return nothing, false
	}
	if s == (stamp{}) || in.Stamp == (stamp{}) {
		if s != in.Stamp {
			changed = more
		}
		return changed, false
	}
	sum, head, err := in.sums(tests)
	switch {
	case err != nil:
		return more, false
	case bytes.Equal(sum, in.Sum):
	case head != nil && bytes.Equal(head, in.Head):
		changed = bodies
	default:
		return more, false
	}
	racy := s.since(now.Add(-racyFor))
	looked = s != in.Stamp || !racy
	in.Stamp, in.Racy, in.Sum = s, racy, sum
	return changed, looked
}

// sums returns the SHA-256 of the content, and that of its head if in has one.
func (in *input) sums(tests bool) (sum, head []byte, err error) {
	if in.Head == nil {
		sum, err = in.sum(tests)
		return sum, nil, err
	}
	text, err := os.ReadFile(in.Name)
	if err != nil {
		return nil, nil, err
	}
	whole := sha256.Sum256(text)
	if first, ok := load.Head(text); ok {
		head = first[:]
	}
	return whole[:], head, nil
}

// compareAll compares all inputs, and returns the greatest change, and the names of those in which it is in bodies.
// looked means that stamps have changed and should be stored.
func compareAll(inputs []input, tests bool) (changed change, edited map[string]bool, looked bool) {
	now := time.Now()
	var most atomic.Int32
	var restamped atomic.Bool
	var lock sync.Mutex
	var wg sync.WaitGroup
	edited = map[string]bool{}
	n := runtime.GOMAXPROCS(0)
	for i := range n {
		wg.Go(func() {
			for j := i; j < len(inputs) && change(most.Load()) != more; j += n {
				changed, looked := inputs[j].compare(tests, now)
				if looked {
					restamped.Store(true)
				}
				if changed == bodies {
					lock.Lock()
					edited[inputs[j].Name] = true
					lock.Unlock()
				}
				for was := most.Load(); int32(changed) > was && !most.CompareAndSwap(was, int32(changed)); {
					was = most.Load()
				}
			}
		})
	}
	wg.Wait()
	return change(most.Load()), edited, restamped.Load()
}
