//go:build unix

// Gobench runs the original kernels of GoBench's blocking bugs with probes, one instance of each, and prints all that
// awaittrace tells of them.
//
//	go run ./scripts/gobench [flags] DIR [kernel ...]
//
// DIR is a checkout of github.com/timmyyuan/gobench, whose goker/blocking has 68 kernels, each a test that hangs or
// leaves goroutines behind. They are copied to a temporary module. For the report, a kernel runs in a program whose
// main goes on, again and again until its bug strikes; then the runtime's own goroutine dump says which goroutines of
// the kernel are blocked, and the report is compared with it. With -test, each kernel is also run by awaittrace test.
//
// For every kernel it prints how many goroutines are blocked, how many of them are told as certain or likely, as
// possible only, or not at all, and whether they are in a deadlock; then every line of the report, to be read: false
// sentences are found by no program.
//
// With -tries 80 and -test, 62 kernels struck, 46 of them in awaittrace test, too. 143 of 149 blocked goroutines were
// told as certain or likely, those of a cycle in it, except for syncthing5795, whose goroutine would close what it
// waits for: a leak. In later runs cockroach1462, grpc1460 and moby27782 struck (runs 31, 7 and 56), and all their
// goroutines were told; cockroach3710, etcd5509 and etcd7443 have not struck. Of the six that were not told "stuck"
// would be false:
//
//	grpc862          line 57          a timer of some nanoseconds ends each wait
//	grpc1353         line 162         any code may close the channel of a package variable
//	moby29733        lines 21 and 50  any user of the global map may signal the Cond: testdata/healthy has a twin
//	kubernetes70277  lines 48 and 79  a ticker keeps one going for 20 s; then it is told as certain (-after 10s)
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are what the flags say.
type options struct {
	dir        string // the checkout
	names      []string
	tries      int
	after      time.Duration
	test       bool
	awaittrace string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("gobench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.tries, "tries", 40, "how often to run a kernel until its bug strikes")
	flags.DurationVar(&o.after, "after", time.Second, "how long a wait is before it is called stuck")
	flags.BoolVar(&o.test, "test", false, "run the kernels by awaittrace test, too")
	flags.StringVar(&o.awaittrace, "awaittrace", "", "`file` of the command; built from this module by default")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		fmt.Fprintln(stderr, "gobench: want the folder of a checkout of github.com/timmyyuan/gobench")
		return 2
	}
	o.dir, o.names = flags.Arg(0), flags.Args()[1:]
	missed, err := runAll(ctx, o, stdout)
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "gobench:", err)
		return 1
	case missed > 0:
		return 1
	}
	return 0
}

// runAll runs the kernels and returns how many blocked goroutines were not told as certain or likely.
func runAll(ctx context.Context, o options, stdout io.Writer) (missed int, err error) {
	work, err := os.MkdirTemp("", "awaittrace-gobench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(work)
	c, err := newCorpus(ctx, o, work)
	if err != nil {
		return 0, err
	}
	var sum counts
	struck, cycles := 0, 0
	for _, k := range c.kernels {
		r, err := c.play(ctx, k)
		if err != nil {
			return 0, fmt.Errorf("kernel %s: %w", k.Name, err)
		}
		fmt.Fprintf(stdout, "\n== %s: %s\n", k.Name, r)
		fmt.Fprint(stdout, r.text)
		if r.blocked > 0 {
			struck++
		}
		if r.deadlock {
			cycles++
		}
		sum.add(r.counts)
		if o.test {
			fmt.Fprintf(stdout, "-- %s: awaittrace test\n%s", k.Name, c.test(ctx, k))
		}
	}
	fmt.Fprintf(stdout, "\n%d kernels, of which %d struck, %d with a deadlock: %s\n", len(c.kernels), struck, cycles,
		sum)
	return sum.blocked - sum.told, ctx.Err()
}
