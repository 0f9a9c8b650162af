//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/testing/reachtest"
	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// large is a program of so many goroutines, of which half are leaked, and so many bytes of heap in small objects.
const large = `package main

import (
	"os"
	"strconv"
	"time"
)

type node struct {
	next *node
	pad  [11]uintptr
}

var (
	list []*node
	done = make(chan int)
)

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	size, _ := strconv.Atoi(os.Args[2])
	for i := 0; i < size/96; i++ {
		if i%1000 == 0 {
			list = append(list, nil)
		}
		last := &list[len(list)-1]
		*last = &node{next: *last}
	}
	for i := 0; i < n; i++ {
		ch := done
		if i%2 == 0 {
			ch = make(chan int)
		}
		go func(ch chan int) { <-ch }(ch)
	}
	time.Sleep(time.Second)
	os.Stdout.WriteString("ready\n")
	time.Sleep(time.Hour)
}
`

// lookVerb has the script look at a process and print what that took: in a process of its own, whose memory is counted.
const lookVerb = "look-alone"

func lookAlone(pid string, stdout, stderr io.Writer) int {
	n, err := strconv.Atoi(pid)
	var l *reachtest.Look
	begin := time.Now()
	if err == nil {
		l, err = reachtest.LookAt(n, nil)
	}
	if err != nil {
		fmt.Fprintln(stderr, "reach:", err)
		return 1
	}
	marked, _ := used()
	memory, told := l.Snapshot(l.Paused)
	all, processor := used()
	fmt.Fprintf(stdout, "%d proven; stopped for %v (estimate %v), %v in all, of which %v on a processor; copied %d "+
		"MB, reader's memory %d MB, %d MB with all that is told\n",
		len(l.Proven()), l.Paused.Round(time.Millisecond), l.Estimate.Round(time.Millisecond),
		time.Since(begin).Round(time.Millisecond),
		processor.Round(time.Millisecond), l.Copied>>20, marked, all)
	for _, s := range l.Steps {
		fmt.Fprintf(stdout, "    %s: %v\n", s.Name, s.Took.Round(100*time.Microsecond))
	}
	runtime.KeepAlive(memory)
	runtime.KeepAlive(told)
	return 0
}

// used returns the memory that this process has used at most, in megabytes, and its time on processors.
func used() (megabytes int64, processor time.Duration) {
	var use unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &use)
	return use.Maxrss >> 10, time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// cost measures what a look costs.
func (j *job) cost() error {
	dir, exe := j.Path("large"), j.Path("large-program")
	if err := script.Write(dir, map[string]string{"go.mod": "module large\n\ngo 1.22\n", "main.go": large}); err != nil {
		return err
	}
	if err := j.goBuild(dir, exe, variant{}); err != nil {
		return err
	}
	for _, size := range []struct{ goroutines, heap int }{{10, 0}, {10_000, 0}, {100_000, 0}, {1_000_000, 0},
		{1000, 1 << 30}, {1000, 4 << 30}} {
		p, err := reachtest.Start(exec.Command(exe, strconv.Itoa(size.goroutines), strconv.Itoa(size.heap)))
		if err != nil {
			return err
		}
		out, err := exec.Command("/proc/self/exe", lookVerb, strconv.Itoa(p.Pid())).CombinedOutput()
		p.Close()
		fmt.Fprintf(j.out, "cost, %d goroutines, %d MB of heap: %s", size.goroutines, size.heap>>20, out)
		if err != nil {
			return err
		}
	}
	return nil
}
