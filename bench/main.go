//go:build linux

// Bench measures what the probes cost, and prints the table of docs/benchmarks.md.
//
//	go run ./bench [-n 300] [-t 1ms] [-only REGEXP]     nanoseconds of CPU time
//	go run ./bench -instructions [-update]              instructions, under valgrind, held against instructions.txt
//
// It builds ./bench/ops without probes and with them, and asks the two programs in turns, so that what else the machine
// does meets both.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("n", 300, "how often each operation is measured")
	each := flags.Duration("t", time.Millisecond, "how long one measurement takes")
	only := flags.String("only", "", "measure the operations whose name matches this regular expression")
	instructions := flags.Bool("instructions", false,
		"count instructions, and fail if a probe takes a tenth more than in instructions.txt")
	update := flags.Bool("update", false, "with -instructions: write instructions.txt")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	which, err := regexp.Compile(*only)
	if err == nil {
		err = bench(which, *rounds, *each, *instructions, *update, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// bench builds the programs and measures.
func bench(which *regexp.Regexp, rounds int, each time.Duration, instructions, update bool, w io.Writer) error {
	work, err := os.MkdirTemp("", "awaittrace-bench.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b, err := build(work)
	if err != nil {
		return err
	}
	if instructions {
		return b.instructions(update, w)
	}
	return b.nanoseconds(which, rounds, each, w)
}

// A pair is the program that does the operations, without probes and with them.
type pair struct {
	plain, probed string
	env           []string
}

// build builds the pair in the folder work.
func build(work string) (*pair, error) {
	p := &pair{plain: filepath.Join(work, "plain"), probed: filepath.Join(work, "probed")}
	p.env = append(os.Environ(), "AWAITTRACE=on", "AWAITTRACE_DIR="+work, "GOMAXPROCS=1")
	command := filepath.Join(work, "awaittrace")
	for _, args := range [][]string{
		{"go", "build", "-o", command, "./cmd/awaittrace"},
		{"go", "build", "-o", p.plain, "./bench/ops"},
		{command, "build", "-o", p.probed, "./bench/ops"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return p, nil
}

// names returns the names of the operations.
func (p *pair) names() ([]string, error) {
	out, err := exec.Command(p.plain, "list").Output()
	if err == nil && len(out) == 0 {
		err = errors.New("no operations")
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err
}
