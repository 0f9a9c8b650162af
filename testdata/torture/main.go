// Torture is a program that contains every syntactic form of every operation that awaittrace puts a probe around. It
// prints what each of them evaluates, in order and with the line that runtime.Caller gives, and how each of them panics.
// With probes it must print the same, byte for byte.
//
// A file is Go 1.17 unless its name says otherwise (_go118 and so on): the tests build the program as a module of
// older Go versions too, without the files that need a newer one. A file with _std125 in its name needs what is in the
// standard library, or mended in the compiler, since Go 1.25, whatever the module says.
//
// Without arguments all sections run; otherwise those that are named. "fatal NAME" ends the program the hard way.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

type section struct {
	name string
	run  func()
}

var sections []section

// add registers a section; every file calls it from its init function.
func add(name string, run func()) {
	sections = append(sections, section{name, run})
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "fatal" {
		fatals[os.Args[2]]()
		return
	}
	for _, s := range sections {
		if len(os.Args) > 1 && !contains(os.Args[1:], s.name) {
			continue
		}
		fmt.Printf("== %s\n", s.name)
		s.run()
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// where returns the file and line of the caller's caller, skip levels further up.
func where(skip int) string {
	_, file, line, ok := runtime.Caller(skip + 2)
	if !ok {
		return "?"
	}
	return fmt.Sprintf("%s:%d", filepath.Base(file), line)
}

// say prints its arguments after the line of the caller.
func say(args ...interface{}) {
	fmt.Printf("%s: %s", where(0), fmt.Sprintln(args...))
}

// The functions of one letter return their argument and print it with the line of the call: they show which operand is
// evaluated when, and on what line.

func n(v int) int {
	fmt.Printf("%s: n %d\n", where(0), v)
	return v
}

func s(v string) string {
	fmt.Printf("%s: s %s\n", where(0), v)
	return v
}

func b(v bool) bool {
	fmt.Printf("%s: b %t\n", where(0), v)
	return v
}

// c is the same for a channel, whose name is given.
func c(name string, ch chan int) chan int {
	fmt.Printf("%s: c %s\n", where(0), name)
	return ch
}

// buf returns a channel that holds values and has room for 8 more.
func buf(values ...int) chan int {
	ch := make(chan int, len(values)+8)
	for _, v := range values {
		ch <- v
	}
	return ch
}

// closed returns a closed channel that holds values.
func closed(values ...int) chan int {
	ch := buf(values...)
	close(ch)
	return ch
}

// drain prints what is in the channel.
func drain(ch chan int) {
	var all []int
	for len(ch) > 0 {
		all = append(all, <-ch)
	}
	fmt.Printf("%s: holds %v\n", where(0), all)
}

// try runs f, and prints what it panics with and on which lines of this program.
func try(name string, f func()) {
	defer func() {
		r := recover()
		if r == nil {
			fmt.Printf("%s: no panic\n", name)
			return
		}
		_, isRuntime := r.(runtime.Error)
		fmt.Printf("%s: panic %v (%T, runtime.Error %t) at %s\n", name, r, r, isRuntime, frames(1))
	}()
	f()
}

// frames returns the functions and lines of this program on the stack, without skip of them, up to try.
func frames(skip int) string {
	pcs := make([]uintptr, 100)
	it := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var list []string
	for {
		f, more := it.Next()
		if f.Function == "main.try" || !more {
			break
		}
		if !strings.HasPrefix(f.Function, "main.") && !strings.HasPrefix(f.Function, "awaittrace.test/") {
			continue
		}
		if skip--; skip < 0 {
			list = append(list, fmt.Sprintf("%s %s:%d", f.Function, filepath.Base(f.File), f.Line))
		}
	}
	return strings.Join(list, ", ")
}

func sprintType(v interface{}) string { return fmt.Sprintf("%T", v) }
