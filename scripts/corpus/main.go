// Corpus runs the tests of real modules, from the module proxy's source, without probes and with them, and tells where
// the two differ.
//
//	go run ./scripts/corpus [-quick] [-race] [-keep] [row ...]
//
// Without names it runs every row of the table (table.go), which takes an hour or so; -list lists them. A test that
// ends in another way with probes than without is run again, at least three times each way, and what comes of that is
// printed. The exit status is 1 if a difference is left that nothing explains, or a row could not be run; with -quick,
// rows whose module cannot be had (no network) are passed over.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

func main() {
	quick := flag.Bool("quick", false, "the selection that takes a few minutes; pass over what cannot be had")
	race := flag.Bool("race", false, "with the race detector, both without probes and with them")
	keep := flag.Bool("keep", false, "keep the folder with sources and logs")
	list := flag.Bool("list", false, "list the rows, and what of them is not run")
	script.Main("corpus", func(s *script.Script, names []string) error {
		rows, err := choose(table, names, *quick)
		if err != nil {
			return script.Usagef("%v", err)
		}
		if *list {
			writeRows(os.Stdout, rows)
			return nil
		}
		r, err := newRunner(s, *race, os.Stderr)
		if err != nil {
			return err
		}
		ok := r.all(rows, *quick, os.Stdout)
		if s.Keep = *keep || !ok; s.Keep {
			fmt.Fprintln(os.Stderr, "corpus: sources and logs are in", s.Work)
		}
		if !ok {
			return script.ErrFailed
		}
		return nil
	})
}

// A runner runs rows.
type runner struct {
	*script.Script
	at   string // the awaittrace command
	race bool
	log  io.Writer // what goes on
}

// newRunner builds the awaittrace command in a folder of its own, where caches and records go too.
func newRunner(s *script.Script, race bool, log io.Writer) (*runner, error) {
	at, err := s.Awaittrace()
	if err != nil {
		return nil, err
	}
	cache, err := s.GoCache()
	if err != nil {
		return nil, err
	}
	s.Env = append(s.Env, cache, "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off")
	for name, folder := range map[string]string{"AWAITTRACE_DIR": "records", "XDG_CACHE_HOME": "cache",
		"TMPDIR": "tmp"} {
		if err := os.Mkdir(s.Path(folder), 0o700); err != nil {
			return nil, err
		}
		s.Env = append(s.Env, name+"="+s.Path(folder))
	}
	return &runner{Script: s, at: at, race: race, log: log}, nil
}

// all runs the rows, and writes the table. It returns whether every difference is explained.
func (r *runner) all(rows []*row, quick bool, stdout io.Writer) bool {
	ok := true
	var outcomes []*outcome
	for _, row := range rows {
		start := time.Now()
		o := r.row(row)
		fmt.Fprintf(r.log, "%s: %s in all\n", row.name, time.Since(start).Round(time.Second))
		if r.Err() != nil {
			return false
		}
		if o.absent != nil && quick {
			fmt.Fprintf(r.log, "%s: passed over: %v\n", row.name, o.absent)
			continue
		}
		ok = ok && o.good()
		outcomes = append(outcomes, o)
	}
	writeTable(stdout, outcomes)
	return ok
}
