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
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// A runner runs rows.
type runner struct {
	ctx  context.Context
	work string   // a folder of ours, for modules, records, caches and logs
	env  []string // of the go command
	at   string   // the awaittrace command
	race bool
	log  io.Writer // what goes on
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("corpus", flag.ContinueOnError)
	flags.SetOutput(stderr)
	quick := flags.Bool("quick", false, "the selection that takes a few minutes; pass over what cannot be had")
	race := flags.Bool("race", false, "with the race detector, both without probes and with them")
	keep := flags.Bool("keep", false, "keep the folder with sources and logs")
	list := flags.Bool("list", false, "list the rows, and what of them is not run")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	rows, err := choose(table, flags.Args(), *quick)
	if err != nil {
		fmt.Fprintln(stderr, "corpus:", err)
		return 2
	}
	if *list {
		writeRows(stdout, rows)
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := newRunner(ctx, *race, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "corpus:", err)
		return 1
	}
	ok := r.all(rows, *quick, stdout)
	if *keep || !ok {
		fmt.Fprintln(stderr, "corpus: sources and logs are in", r.work)
	} else if err := removeAll(r.work); err != nil {
		fmt.Fprintln(stderr, "corpus:", err)
	}
	if !ok {
		return 1
	}
	return 0
}

// newRunner builds the awaittrace command in a folder of its own, where caches and records go too.
func newRunner(ctx context.Context, race bool, log io.Writer) (*runner, error) {
	work, err := os.MkdirTemp("", "awaittrace-corpus.")
	if err != nil {
		return nil, err
	}
	r := &runner{ctx: ctx, work: work, at: filepath.Join(work, "awaittrace"), race: race, log: log}
	cache, err := exec.Command("go", "env", "GOCACHE").Output() // which would follow XDG_CACHE_HOME
	if err != nil {
		return nil, err
	}
	r.env = append(os.Environ(), "GOCACHE="+strings.TrimSpace(string(cache)), "GOTOOLCHAIN=local", "GOFLAGS=",
		"GOWORK=off")
	for name, folder := range map[string]string{"AWAITTRACE_DIR": "records", "XDG_CACHE_HOME": "cache",
		"TMPDIR": "tmp"} {
		if err := os.Mkdir(filepath.Join(work, folder), 0o700); err != nil {
			return nil, err
		}
		r.env = append(r.env, name+"="+filepath.Join(work, folder))
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", r.at, "github.com/awaittrace/awaittrace/cmd/awaittrace")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %v\n%s", build, err, out)
	}
	return r, nil
}

// all runs the rows, and writes the table. It returns whether every difference is explained.
func (r *runner) all(rows []*row, quick bool, stdout io.Writer) bool {
	ok := true
	var outcomes []*outcome
	for _, row := range rows {
		start := time.Now()
		o := r.row(row)
		fmt.Fprintf(r.log, "%s: %s in all\n", row.name, time.Since(start).Round(time.Second))
		if r.ctx.Err() != nil {
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

// removeAll removes a folder in which some may be read-only, as modules make them.
func removeAll(dir string) error {
	filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
