//go:build !lite

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/awaittrace/awaittrace/rewrite"
)

// topFunction is what a test asks of goleak that probes change: a goroutine that waits has a function of the collector on top.
const topFunction = "goleak.IgnoreTopFunction("

// adviseGoleak says of tests that have failed what to do about goleak.IgnoreTopFunction, if one in the folders of files calls it.
func adviseGoleak(w io.Writer, files []rewrite.File) {
	var dirs []string
	for _, f := range files {
		dirs = append(dirs, filepath.Dir(f.Name))
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		tests, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		for _, name := range tests {
			text, err := os.ReadFile(name)
			at := bytes.Index(text, []byte(topFunction))
			if err != nil || at < 0 {
				continue
			}
			fmt.Fprintf(w, "awaittrace: %s:%d: goleak.IgnoreTopFunction does not know a goroutine that waits in a probe, which has a function of the collector on top; "+
				"put //awaittrace:ignore on the function that it names, or use goleak.IgnoreAnyFunction\n", shortPath(name), 1+bytes.Count(text[:at], []byte("\n")))
			return
		}
	}
}
