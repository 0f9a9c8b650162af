//go:build unix

// Gobench runs the original kernels of GoBench's blocking bugs with probes, one instance of each, and prints all that
// awaittrace reports.
//
//	go run ./scripts/gobench [flags] DIR [kernel ...]
//
// DIR is a checkout of github.com/timmyyuan/gobench, whose goker/blocking has 68 kernels, each a test that hangs or
// leaves goroutines behind. They are copied to a temporary module. For the report, a kernel runs in a program whose
// main goes on, again and again until its bug strikes; then the runtime's own goroutine dump says which goroutines of
// the kernel are blocked, and the report is compared with it. With -test, each kernel is also run by awaittrace test.
//
// For every kernel it prints how many goroutines are blocked, how many of them are reported as certain or likely,
// as possible only, or not at all, and whether they are in a deadlock; then every line of the report, to be read: false
// sentences are found by no program.
//
// With -tries 80 and -test, 62 kernels struck, 46 of them in awaittrace test, too. 143 of 149 blocked goroutines were
// reported as certain or likely, those of a cycle in it, except for syncthing5795, whose goroutine would close what it
// waits for: a leak. In later runs cockroach1462, grpc1460 and moby27782 struck (runs 31, 7 and 56), and all their
// goroutines were reported; cockroach3710, etcd5509 and etcd7443 have not struck. Of the six that were not reported,
// "stuck" would be false:
//
//	grpc862          line 57          a timer of some nanoseconds ends each wait
//	grpc1353         line 162         any code may close the channel of a package variable
//	moby29733        lines 21 and 50  any user of the global map may signal the Cond: testdata/healthy has a twin
//	kubernetes70277  lines 48 and 79  a ticker keeps one going for 20 s; then it is reported as certain (-after 10s)
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// options are what the flags say.
type options struct {
	dir        string // the checkout
	names      []string
	tries      int
	after      time.Duration
	test       bool
	awaittrace string // the command
}

func main() {
	o := new(options)
	flag.IntVar(&o.tries, "tries", 40, "how often to run a kernel until its bug strikes")
	flag.DurationVar(&o.after, "after", time.Second, "how long a wait is before it is called stuck")
	flag.BoolVar(&o.test, "test", false, "run the kernels by awaittrace test, too")
	flag.StringVar(&o.awaittrace, "awaittrace", "", "`file` of the command; built from this module by default")
	script.Main("gobench", func(s *script.Script, args []string) error {
		if len(args) == 0 {
			return script.Usagef("want the folder of a checkout of github.com/timmyyuan/gobench")
		}
		o.dir, o.names = args[0], args[1:]
		return runAll(s, *o, os.Stdout)
	})
}

// runAll runs the kernels. It fails if a blocked goroutine was not told as certain or likely.
func runAll(s *script.Script, o options, stdout io.Writer) error {
	c, err := newCorpus(s, o)
	if err != nil {
		return err
	}
	var sum counts
	struck, cycles := 0, 0
	for _, k := range c.kernels {
		r, err := c.play(s, k)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", k.Name, err)
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
			fmt.Fprintf(stdout, "-- %s: awaittrace test\n%s", k.Name, c.test(k))
		}
	}
	fmt.Fprintf(stdout, "\n%d kernels, of which %d struck, %d with a deadlock: %s\n", len(c.kernels), struck, cycles,
		sum)
	if sum.blocked > sum.told && s.Err() == nil {
		return script.ErrFailed
	}
	return s.Err()
}
