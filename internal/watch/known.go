package watch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A baseline is the file of -known: the known leaks, which fail no test. A line has the folder of a package relative to
// the file's, the function that waits, and the operation, separated by tabs. It has no line numbers, because these
// change.
type baseline struct {
	name   string // of the file; empty: nothing is known
	update bool   // all that is found becomes known
	lines  map[string]bool

	mu    sync.Mutex
	found map[string]bool // lines that were found
	dirs  map[string]bool // folders whose tests all ran
}

// comment is the first line of a file that we write.
const comment = "# Goroutines that tests are known to leave stuck: folder, function, operation. awaittrace test " +
	"-known-update writes this file.\n"

// openBaseline reads the file of that name. With update it need not exist.
func openBaseline(name string, update bool) (*baseline, error) {
	b := &baseline{name: name, update: update, lines: make(map[string]bool), found: make(map[string]bool),
		dirs: make(map[string]bool)}
	if name == "" {
		return b, nil
	}
	f, err := os.Open(name)
	if update && errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("-known: %w; -known-update writes it", err)
	}
	defer f.Close()
	for lines, n := bufio.NewScanner(f), 1; ; n++ {
		if !lines.Scan() {
			return b, lines.Err()
		}
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.Count(line, "\t") != 2 {
			return nil, fmt.Errorf("-known: %s:%d: want a folder, a function and an operation with tabs between", name,
				n)
		}
		b.lines[line] = true
	}
}

// folder returns the name of a package's folder in the file.
func (b *baseline) folder(dir string) string {
	base, err := filepath.Abs(filepath.Dir(b.name))
	if err != nil {
		return dir
	}
	if rel, err := filepath.Rel(base, dir); err == nil {
		return filepath.ToSlash(rel)
	}
	return dir
}

// ran notes that the tests of a package run: all of them, unless a flag of the test binary with args chooses some.
func (b *baseline) ran(dir string, args []string) {
	if b.name == "" || slices.ContainsFunc(args, func(arg string) bool {
		return strings.HasPrefix(arg, "-test.run=") || strings.HasPrefix(arg, "-test.skip=")
	}) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dirs[b.folder(dir)] = true
}

// unknown returns the findings with a goroutine that waits at a place not in the file. With update there are none.
func (b *baseline) unknown(dir string, r *diagnose.Report, findings []diagnose.Finding) []diagnose.Finding {
	if b.name == "" {
		return findings
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(findings), func(f diagnose.Finding) bool {
		known := true
		for _, id := range f.Goroutines {
			line, ok := b.line(dir, r.Snapshot, id)
			if ok {
				b.found[line] = true
			}
			known = known && (b.update || ok && b.lines[line])
		}
		return known
	})
}

// excuses reports whether the file has the places where the goroutines that a test leaves wait, and those in the
// findings about them. Then the test does not fail, whatever the program's memory says. With update the memory decides
// what gets into the file.
func (b *baseline) excuses(dir string, s *snapshot.Snapshot, left map[int64]bool, findings []diagnose.Finding) bool {
	if b.update || len(b.lines) == 0 {
		return false
	}
	known := func(id int64) bool {
		i, ok := s.Find(id)
		if !ok || len(s.Goroutines[i].Waits) == 0 {
			return false
		}
		line, _ := b.line(dir, s, id)
		return b.lines[line]
	}
	for id := range left {
		if !known(id) {
			return false
		}
	}
	return !slices.ContainsFunc(findings, func(f diagnose.Finding) bool {
		return slices.ContainsFunc(f.Goroutines, func(id int64) bool { return !known(id) })
	})
}

// line returns the line of the file for a goroutine, unless it is not in s or has reached no probe.
func (b *baseline) line(dir string, s *snapshot.Snapshot, id int64) (line string, ok bool) {
	i, ok := s.Find(id)
	if !ok || s.Goroutines[i].Last == nil {
		return "", false
	}
	g := &s.Goroutines[i]
	probe := g.Last
	if len(g.Waits) > 0 {
		probe = g.Waits[0].Probe
	}
	return strings.Join([]string{b.folder(dir), probe.Func, oneLine(probe.Expr)}, "\t"), true
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// close writes the file if update is set: what was found, and what is known of packages whose tests did not all run.
// Where a test failed, that may be any of them: a panic or an interrupt ends those that follow, too.
func (b *baseline) close(passed bool) error {
	if !b.update {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range b.lines {
		if folder, _, _ := strings.Cut(line, "\t"); !passed || !b.dirs[folder] {
			b.found[line] = true
		}
	}
	list := make([]string, 0, len(b.found))
	for line := range b.found {
		list = append(list, line+"\n")
	}
	slices.Sort(list)
	return report.WriteFile("known", b.name, func(w io.Writer) error {
		_, err := io.WriteString(w, comment+strings.Join(list, ""))
		return err
	})
}
