// Compare prints a line of a table, whose sums docs/fidelity.md has: it compares the positions of an overlay's
// files with those of the originals, and the line tables of two programs, one built with the overlay and one without.
// scripts/positions calls it.
//
//	go run ./internal/testing/positions/compare NAME OVERLAY FOLDER PLAIN PROBED
//
// FOLDER is that of the main module: functions elsewhere have no probes.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/testing/positions"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) != 5 {
		fmt.Fprintln(stderr, "usage: compare NAME OVERLAY FOLDER PLAIN PROBED")
		return 2
	}
	wrong, err := compare(args[0], args[1], args[2]+string(os.PathSeparator), args[3], args[4], stdout)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	for _, w := range wrong {
		fmt.Fprintln(stderr, w)
	}
	if len(wrong) > 0 {
		return 1
	}
	return 0
}

// compare prints the line, and gives what is wrong.
func compare(name, overlay, folder, plain, probed string, stdout io.Writer) ([]string, error) {
	files, source, probes, err := sources(overlay)
	if err != nil {
		return nil, err
	}
	binary, err := positions.Binaries(plain, probed, func(file string) bool { return strings.HasPrefix(file, folder) },
		probes)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stdout, "| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", name, files, source.Positions,
		source.Column, source.Replaced, len(source.Wrong),
		binary.Funcs, binary.Lines, binary.Probe, len(binary.Missing), len(binary.Wrong))
	return slices.Concat(source.Wrong, binary.Missing, binary.Wrong), nil
}

// sources compares the files of an overlay with those that they replace. A file that replaces none is the collector's.
func sources(overlay string) (files int, sum positions.SourceCount, probes map[positions.Line]bool, err error) {
	text, err := os.ReadFile(overlay)
	if err != nil {
		return 0, sum, nil, err
	}
	var o struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &o); err != nil {
		return 0, sum, nil, fmt.Errorf("%s: %w", overlay, err)
	}
	probes = map[positions.Line]bool{}
	for _, name := range slices.Sorted(maps.Keys(o.Replace)) {
		plain, err := os.ReadFile(name)
		if os.IsNotExist(err) || filepath.Ext(name) != ".go" {
			continue
		}
		if err != nil {
			return 0, sum, nil, err
		}
		probed, err := os.ReadFile(o.Replace[name])
		if err != nil {
			return 0, sum, nil, err
		}
		count, on, err := positions.Source(name, plain, probed)
		if err != nil {
			return 0, sum, nil, err
		}
		files++
		sum.Add(count)
		maps.Copy(probes, on)
	}
	return files, sum, probes, nil
}
