// Goker runs Go's own corpus of blocking bugs with probes and prints, for each program, how often its bug struck, how
// many goroutines it left stuck, and what awaittrace, goleak, go-deadlock and the goroutineleak profile report.
//
//	go run -C scripts/goker . [flags] [program…]
//
// A report is made of two builds: a plain one, and one with GOEXPERIMENT=goroutineleakprofile whose program has taken
// that profile, so that awaittrace has the garbage collector's proof to go by.
//
// The corpus is runtime/testdata/testgoroutineleakprofile of GOROOT: bugs of real projects (goker), common patterns,
// and one small program for each kind of wait. It is copied to a temporary folder, where the leak profile that each
// program ends with gives way to a goroutine that goes on, and answers when it is asked for a goroutine dump. The dump
// is the truth that reports are measured by: it comes from the runtime, and the test of that profile
// (runtime/goroutineleakprofile_test.go) says which of its goroutines are the bug.
//
// The exit status is 1 if awaittrace did not report a stuck goroutine, not even as possible, told of it on the wrong
// line or without the holder or counterpart that it has, or told of a deadlock that is none.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"
)

// options are what the flags say.
type options struct {
	runs     int           // of a program at most, in each variant
	enough   int           // runs in which the bug struck
	parallel int           // programs at a time
	settle   time.Duration // from when a program has done its part to when it is looked at
	after    time.Duration // how long a wait is before it is called stuck
	verbose  bool
	programs []string // empty: all
	variants []string // empty: all
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("goker", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.runs, "runs", 20, "how often to run a program at most: some bugs are a matter of luck")
	flags.IntVar(&o.enough, "enough", 3, "do not run a program again when its bug has struck so often")
	flags.IntVar(&o.parallel, "p", 4, "how many programs to run at a time")
	flags.DurationVar(&o.settle, "settle", 2*time.Second, "how long to wait before a program is looked at")
	flags.DurationVar(&o.after, "after", time.Second, "awaittrace's -after, and go-deadlock's timeout")
	flags.BoolVar(&o.verbose, "v", false,
		"print each goroutine that was missed, and keep the folder with the programs")
	flags.Func("only", "run only this `variant` (may be given again): "+variantNames(), func(name string) error {
		if !slices.ContainsFunc(variants, func(v variant) bool { return v.name == name }) {
			return fmt.Errorf("there is none of this name: want one of %s", variantNames())
		}
		o.variants = append(o.variants, name)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if o.settle <= o.after {
		fmt.Fprintf(stderr, "goker: flag -settle: %v is not longer than -after, %v: nothing would be stuck yet\n",
			o.settle, o.after)
		return 2
	}
	o.programs = flags.Args()
	met, err := compare(ctx, o, stdout, stderr)
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "goker:", err)
		return 1
	case !met:
		return 1
	}
	return 0
}

// compare builds the corpus, runs it and prints the table. It reports whether awaittrace met the goal.
func compare(ctx context.Context, o options, stdout, stderr io.Writer) (met bool, err error) {
	programs, err := readOracle(o.programs)
	if err != nil {
		return false, err
	}
	c, err := newCorpus(ctx, o, stderr)
	if err != nil {
		return false, err
	}
	defer c.remove(o.verbose)
	if err := c.build(ctx); err != nil {
		return false, err
	}
	results, err := c.playAll(ctx, programs)
	if err != nil {
		return false, err
	}
	if o.verbose {
		writeMisses(stderr, results)
	}
	return writeTable(stdout, o, results), nil
}
