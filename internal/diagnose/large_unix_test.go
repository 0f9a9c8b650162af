//go:build unix

package diagnose

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// large returns a snapshot of n goroutines: chains of lock waiters a thousand long, some of which end in a cycle, a
// crowd before one channel, and readers of one RWMutex with as many writers behind them.
func large(n int) string {
	var b strings.Builder
	b.WriteString("taken 60s\nobject 0x10 chan jobs cap=0\n made 1 make/chan a.go:1 main.main make 1ms\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "goroutine %d unknown\n", i)
		switch {
		case i%4 == 0:
			b.WriteString(" wait recv/chan a.go:9 main.w <-jobs 0x10 5s cap=0\n" +
				" step recv/chan a.go:9 main.w <-jobs 5s\n")
		case i%4 == 1:
			b.WriteString(" wait lock/rwmutex a.go:19 main.w rw.Lock() 0x20 5s\n" +
				" step lock/rwmutex a.go:19 main.w rw.Lock() 5s\n")
		case i%4 == 2:
			b.WriteString(" hold rlock/rwmutex a.go:18 main.r rw.RLock() 0x20 4s read\n" +
				" step rlock/rwmutex a.go:18 main.r rw.RLock() 5s\n")
		default:
			next := 0x1000 + (i+4)*8
			if i%4000 == 3999 {
				next = 0x1000 + (i-3996)*8 // the end of the chain waits for its beginning
			}
			fmt.Fprintf(&b, " wait lock/mutex a.go:29 main.c m.Lock() %#x 5s\n"+
				" hold lock/mutex a.go:28 main.c m.Lock() %#x 4s\n step lock/mutex a.go:29 main.c m.Lock() 5s\n", next,
				0x1000+i*8)
		}
	}
	return b.String()
}

// largeChannels returns a snapshot of n goroutines that all send to each other from one place in the source, in chains
// a thousand long of which every other ends in a cycle.
func largeChannels(n int) string {
	var objects, goroutines strings.Builder
	for i := 1; i <= n; i++ {
		next := i + 1
		switch {
		case i%2000 == 0:
			next = i - 999
		case i%2000 == 1000:
			next = n + 1
		}
		fmt.Fprintf(&objects, "object %#x chan c cap=0\n received %d recv/chan a.go:9 main.r <-c 1s\n", 0x1000+i*8,
			next)
		fmt.Fprintf(&goroutines, "goroutine %d unknown\n wait send/chan a.go:19 main.s \"c <- 1\" %#x 5s cap=0\n"+
			" step send/chan a.go:19 main.s \"c <- 1\" 5s\n", i, 0x1000+i*8)
	}
	return "taken 60s\n" + objects.String() + goroutines.String()
}

// largeFamilies returns a snapshot of n goroutines, each of which has started the next and waits for it: every
// hundredth by a WaitGroup, the others by a channel that the next should close. The last of every thousand waits for
// itself.
func largeFamilies(n int) string {
	var objects, goroutines strings.Builder
	objects.WriteString("taken 60s\nstates\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&goroutines, "goroutine %d waiting\n created %d main.f a.go:4\n", i, i-1)
		switch {
		case i%1000 == 0:
			fmt.Fprintf(&goroutines, " wait lock/mutex a.go:29 main.f m.Lock() %#x 5s\n"+
				" hold lock/mutex a.go:28 main.f m.Lock() %#x 4s\n", 0x1000+i*8, 0x1000+i*8)
		case i%100 == 0:
			fmt.Fprintf(&objects, "object %#x waitgroup wg count=1\n"+
				" sent %d wait/waitgroup a.go:8 main.f wg.Add(1) 1s\n", 0x1000+i*8, i)
			fmt.Fprintf(&goroutines, " wait wait/waitgroup a.go:9 main.f wg.Wait() %#x 5s\n", 0x1000+i*8)
		default:
			fmt.Fprintf(&objects, "object %#x chan done cap=0\n made %d make/chan a.go:3 main.f make(chan) 1s\n",
				0x1000+i*8, i)
			fmt.Fprintf(&goroutines, " wait recv/chan a.go:19 main.f <-done %#x 5s cap=0\n", 0x1000+i*8)
		}
	}
	return objects.String() + goroutines.String()
}

// largeSiblings returns a snapshot of n goroutines that one goroutine has started. They wait at two places to send to
// channels from which no goroutine has received.
func largeSiblings(n int) string {
	var objects, goroutines strings.Builder
	goroutines.WriteString("goroutine 1 waiting\n wait recv/chan a.go:30 main.main <-release 0x8 5s cap=0\n")
	objects.WriteString("taken 60s\nstates\nobject 0x10 chan gate cap=0\n" +
		" made 1 make/chan a.go:3 main.main make(chan) 1s\n")
	for i := 2; i <= n; i++ {
		obj, line := 0x10, 19
		if i%2 == 0 {
			obj, line = 0x1000+i*8, 29
			fmt.Fprintf(&objects, "object %#x chan c cap=0\n made 1 make/chan a.go:4 main.main make(chan) 1s\n", obj)
		}
		fmt.Fprintf(&goroutines, "goroutine %d waiting\n created 1 main.main a.go:4\n"+
			" wait send/chan a.go:%d main.f \"c <- 1\" %#x 5s cap=0\n", i, line, obj)
	}
	return objects.String() + goroutines.String()
}

// largeTexts makes large snapshots, by what their goroutines wait for.
var largeTexts = map[string]func(goroutines int) string{"locks": large, "channels": largeChannels,
	"families": largeFamilies, "siblings": largeSiblings}

// TestLarge checks that findings about many goroutines are grouped.
func TestLarge(t *testing.T) {
	for name, text := range largeTexts {
		s := snaptext.MustParse(text(20_000))
		if n := len(Analyze(s, Options{}).Findings); n < 1 || n > 20_000/10 {
			t.Errorf("%s: %d findings", name, n)
		}
	}
}

// processorTime returns the processor time that this process has used. On a busy machine it says more than the clock.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAnalyze shows how the diagnosis grows with the number of goroutines.
func BenchmarkAnalyze(b *testing.B) {
	for _, name := range []string{"locks", "channels", "families", "siblings"} {
		for _, n := range []int{25_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				s := snaptext.MustParse(largeTexts[name](n))
				// a report on a running program has looked twice
				s.Before = snaptext.MustParse(largeTexts[name](n)).Earlier()
				s.Before.Taken -= int64(time.Second)
				before := processorTime(b)
				for b.Loop() {
					Analyze(s, Options{})
				}
				b.ReportMetric(float64(processorTime(b)-before)/1e6/float64(b.N), "cpu-ms/op")
			})
		}
	}
}
