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
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

func main() {
	rounds := flag.Int("n", 300, "how often each operation is measured")
	each := flag.Duration("t", time.Millisecond, "how long one measurement takes")
	only := flag.String("only", "", "measure the operations whose name matches this regular expression")
	instructions := flag.Bool("instructions", false,
		"count instructions, and fail if a probe takes a tenth more than in instructions.txt")
	update := flag.Bool("update", false, "with -instructions: write instructions.txt")
	script.Main("bench", func(s *script.Script, _ []string) error {
		which, err := regexp.Compile(*only)
		if err != nil {
			return err
		}
		b, err := build(s)
		if err != nil {
			return err
		}
		if *instructions {
			return b.instructions(*update, os.Stdout)
		}
		return b.nanoseconds(which, *rounds, *each, os.Stdout)
	})
}

// A pair is the program that does the operations, without probes and with them.
type pair struct {
	plain, probed string
	env           []string
}

// build builds the pair.
func build(s *script.Script) (*pair, error) {
	p := &pair{plain: s.Path("plain"), probed: s.Path("probed")}
	p.env = append(os.Environ(), "AWAITTRACE=on", "AWAITTRACE_DIR="+s.Work, "GOMAXPROCS=1")
	command, err := s.Awaittrace()
	if err != nil {
		return nil, err
	}
	if err := s.Run("", "go", "build", "-o", p.plain, "./bench/ops"); err != nil {
		return nil, err
	}
	return p, s.Run("", command, "build", "-o", p.probed, "./bench/ops")
}

// names returns the names of the operations.
func (p *pair) names() ([]string, error) {
	out, err := exec.Command(p.plain, "list").Output()
	if err == nil && len(out) == 0 {
		err = errors.New("no operations")
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err
}
