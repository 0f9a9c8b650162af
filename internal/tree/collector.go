package tree

import (
	"fmt"
	"go/build/constraint"
	"os"
	"path/filepath"
	"strings"

	"github.com/awaittrace/awaittrace"
)

// collectorSign is the file that marks the collector's folder. It lists the files beside it, one a line.
const collectorSign = ".awaittrace-collector"

// freeForCollector returns an error if dir exists and is not the collector's.
func freeForCollector(dir string) error {
	if exists(dir) && !isCollector(dir) {
		return fmt.Errorf("%s exists, and awaittrace did not write it; the collector goes there", dir)
	}
	return nil
}

// placeCollector writes the collector into a folder, which must be ours if it exists.
func placeCollector(dir string) error {
	removeEmpty(dir)
	if err := freeForCollector(dir); err != nil {
		return err
	}
	entries, err := awaittrace.Collector.ReadDir("runtime")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	texts := map[string][]byte{}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := awaittrace.Collector.ReadFile("runtime/" + name)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, ".go") {
			text = raiseVersion(text)
		}
		texts[name] = text
		names = append(names, name)
	}
	// The list first: then everything that is written can be removed.
	if err := writeAtomic(filepath.Join(dir, collectorSign), []byte(strings.Join(names, "\n")+"\n"),
		0o644); err != nil {
		return err
	}
	for _, name := range names {
		if err := writeAtomic(filepath.Join(dir, name), texts[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// raiseVersion gives a file the collector's language version, whatever the module's, by a build constraint (since Go
// 1.21).
func raiseVersion(text []byte) []byte {
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		if constraint.IsGoBuild(strings.TrimSpace(line)) {
			if x, err := constraint.Parse(strings.TrimSpace(line)); err == nil {
				both := &constraint.AndExpr{X: x, Y: &constraint.TagExpr{Tag: "go1.21"}}
				lines[i] = fmt.Sprintf("//go:build %s\n", both)
				return []byte(strings.Join(lines, ""))
			}
		}
		if strings.HasPrefix(line, "package ") {
			break
		}
	}
	return append([]byte("//go:build go1.21\n\n"), text...)
}

func isCollector(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, collectorSign))
	return err == nil && info.Mode().IsRegular()
}

// besideCollector returns the files in the collector's folder that are not the collector's.
func besideCollector(dir string) (extra []string) {
	list, _ := os.ReadFile(filepath.Join(dir, collectorSign))
	ours := map[string]bool{collectorSign: true}
	for _, name := range strings.Fields(string(list)) {
		ours[name], ours[tempName(name)] = true, true
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !ours[e.Name()] {
			extra = append(extra, e.Name())
		}
	}
	return extra
}

// removeCollector removes the files that placeCollector wrote, and the folder unless something else is in it.
func removeCollector(dir string) error {
	sign := filepath.Join(dir, collectorSign)
	list, err := os.ReadFile(sign)
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(list)) {
		if filepath.Base(name) != name {
			return fmt.Errorf("%s: %q is not a file name", sign, name)
		}
		for _, name := range []string{name, tempName(name)} {
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
	}
	if err := os.Remove(sign); err != nil {
		return err
	}
	if rest, err := os.ReadDir(dir); err != nil || len(rest) > 0 {
		return fmt.Errorf("%s: it still has files that awaittrace did not write", dir)
	}
	return os.Remove(dir)
}

// removeEmpty removes a folder that is empty, as placeCollector and removeCollector leave it if they are killed. It
// leaves every other folder alone.
func removeEmpty(dir string) {
	if !isCollector(dir) {
		os.Remove(tempName(filepath.Join(dir, collectorSign)))
		os.Remove(dir)
	}
}
