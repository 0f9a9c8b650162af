//go:build linux

// Ops runs the operations whose probes `go run ./bench` measures. It is built twice, without probes and with them.
//
//	ops             reads lines "NAME\tN" and answers each with the CPU time that N operations took, in nanoseconds
//	ops list        prints the names, a line each
//	ops NAME N      does the operation N times
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// An op is an operation, or the few that belong together.
type op struct {
	name string
	run  func(n int)
}

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	switch {
	case len(args) == 1 && args[0] == "list":
		for _, o := range ops {
			fmt.Println(o.name)
		}
		return 0
	case len(args) == 2:
		// The collector takes the kernel's tick after 50 ms, and the cycle counter before. This reads its clock then.
		time.Sleep(100 * time.Millisecond)
		time.Sleep(time.Millisecond)
		if d := measure(args[0], args[1]); d < 0 {
			fmt.Fprintf(os.Stderr, "ops: no operation %q, or no number %q\n", args[0], args[1])
			return 2
		}
		return 0
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		name, n, _ := strings.Cut(in.Text(), "\t")
		took := measure(name, n) // not as an argument: it would be inside a call that has a probe
		fmt.Println(took)
	}
	return 0
}

// measure returns how long the operation takes n times, in nanoseconds of CPU time, or -1 if there is none of that
// name.
func measure(name, n string) int64 {
	count, err := strconv.Atoi(n)
	for _, o := range ops {
		if o.name == name && err == nil {
			began := cpu()
			o.run(count)
			return cpu() - began
		}
	}
	return -1
}

// cpu returns the CPU time of the process.
func cpu() int64 {
	const processCPU = 2 // CLOCK_PROCESS_CPUTIME_ID
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, processCPU, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}
