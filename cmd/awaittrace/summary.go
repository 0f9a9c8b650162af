//go:build !lite

package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite"
)

// writeSummary writes how many operations of each kind have a probe, and how many have none; with all, it lists the
// latter with the reason.
func writeSummary(w io.Writer, r *rewrite.Result, all bool) {
	total := 0
	var kinds []string
	for _, op := range slices.Sorted(maps.Keys(r.Sites)) {
		total += r.Sites[op]
		kinds = append(kinds, fmt.Sprintf("%s %d", op, r.Sites[op]))
	}
	list := ""
	if len(kinds) > 0 {
		list = " (" + strings.Join(kinds, ", ") + ")"
	}
	fmt.Fprintf(w, "awaittrace: %s in %s%s\n", count(total, "probe"), count(len(r.Files), "file"), list)
	if !all {
		if n := len(r.Skipped); n > 0 {
			fmt.Fprintf(w, "awaittrace: no probe on %s; -v lists them with the reason\n", count(n, "operation"))
		}
		return
	}
	for _, name := range r.Already {
		fmt.Fprintf(w, "%s: has probes already\n", shortPath(name))
	}
	for _, name := range r.Unformatted {
		fmt.Fprintf(w, "%s: is formatted, but not with its probes\n", shortPath(name))
	}
	for _, l := range r.Left {
		fmt.Fprintf(w, "%s: no probes: %s\n", l.Package, l.Reason)
	}
	for _, s := range r.Skipped {
		pos := s.Pos
		pos.Filename = shortPath(pos.Filename)
		fmt.Fprintf(w, "%v: no probe on %s: %s\n", pos, s.Expr, s.Reason)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// shortPath returns name relative to the current folder, if it is below it.
func shortPath(name string) string {
	dir, err := os.Getwd()
	if err != nil {
		return name
	}
	rel, err := filepath.Rel(dir, name)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return name
	}
	return rel
}
