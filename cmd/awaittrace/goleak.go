//go:build !lite

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/awaittrace/awaittrace/rewrite"
)

const (
	// goleak begins the import of each of its packages.
	goleak = `"go.uber.org/goleak`
	// topFunction is what a test asks of goleak that probes change: a goroutine that waits has a function of the collector on top.
	topFunction = "goleak.IgnoreTopFunction("
)

// adviseGoleak says what to do about tests that have failed, if one in the folders of files asks goleak, which reads stacks.
func adviseGoleak(w io.Writer, files []rewrite.File) {
	var dirs []string
	for _, f := range files {
		dirs = append(dirs, filepath.Dir(f.Name))
	}
	slices.Sort(dirs)
	var user string // a place that imports it
	for _, dir := range slices.Compact(dirs) {
		tests, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		for _, name := range tests {
			text, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			if place := find(name, text, topFunction); place != "" {
				fmt.Fprintf(w, "awaittrace: %s: goleak.IgnoreTopFunction does not know a goroutine that waits in a probe, which has a function of the collector on top; "+
					"put //awaittrace:ignore on the function that it names, or use goleak.IgnoreAnyFunction\n", place)
				return
			}
			user = cmp.Or(user, find(name, text, goleak))
		}
	}
	if user != "" {
		fmt.Fprintf(w, "awaittrace: %s: goleak reads stacks, and a goroutine that waits in a probe has a function of the collector on top, debug.Recv or the like; "+
			"if a test fails for that, put //awaittrace:ignore on the function that waits\n", user)
	}
}

// find returns the place of a string in a text, or "".
func find(name string, text []byte, s string) string {
	at := bytes.Index(text, []byte(s))
	if at < 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", shortPath(name), 1+bytes.Count(text[:at], []byte("\n")))
}
