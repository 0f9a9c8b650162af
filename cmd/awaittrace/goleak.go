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

// goleak is the module that checks stacks.
const goleak = "go.uber.org/goleak"

// adviseGoleak prints advice on failed tests, if a test beside files uses goleak.
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
			if err != nil {
				continue
			}
			if place := find(name, text, `"`+goleak); place != "" {
				fmt.Fprintf(w, "awaittrace: %s: goleak reads stacks, and a goroutine that waits in a probe has a "+
					"collector function on top, such as debug.RecvOK; "+
					"if a test fails for that, as with goleak.IgnoreTopFunction, add -deps %s/...\n", place, goleak)
				return
			}
		}
	}
}

// find returns the place of s in text, or "".
func find(name string, text []byte, s string) string {
	at := bytes.Index(text, []byte(s))
	if at < 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", shortPath(name), 1+bytes.Count(text[:at], []byte("\n")))
}
