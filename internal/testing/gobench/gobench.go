// Package gobench copies the original kernels of GoBench's blocking bugs (github.com/timmyyuan/gobench,
// goker/blocking), each a test that hangs or leaves goroutines behind, into a module that has one program for all of
// them, and reads from goroutine dumps who is blocked.
package gobench

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Kernel is one bug.
type Kernel struct {
	Name string // cockroach10214
	Test string // the name of its test function
}

// Module is the path of the module.
const Module = "gobench.example"

var (
	testFunc    = regexp.MustCompile(`(?m)^func (Test\w+)\(\w+ \*testing\.T\)`)
	packageName = regexp.MustCompile(`(?m)^package (\w+)`)
)

// program is the main of all kernels: it runs one, once, and prints "left" if that leaves goroutines behind, else
// "ended".
const program = `package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

%s)

var kernels = map[string]func(*testing.T){
%s}

func main() {
	go kernels[os.Args[1]](new(testing.T))
	left := false
	for range 3 { // what is on its way out has time for it
		time.Sleep(150 * time.Millisecond)
		buf := make([]byte, 1<<20)
		left = bytes.Contains(buf[:runtime.Stack(buf, true)], []byte("/"+os.Args[1]+"/"))
	}
	if !left {
		fmt.Println("\nended") // a kernel may have printed no end of its line
		return
	}
	fmt.Println("\nleft")
	%s
}
`

// Ways for the main goroutine of the program to go on.
const (
	UntilInput = "os.Stdin.Read(make([]byte, 1))" // until its standard input has something, or ends
	ForAnHour  = "time.Sleep(time.Hour)"
)

// Copy copies the kernels with these names, or all if there are none, from dir, a checkout, to the folder to: each is
// the package run/NAME of the program, and test/NAME, a test. How is what the program's main goroutine does when a
// kernel has left goroutines behind.
func Copy(dir, to string, names []string, how string) ([]*Kernel, error) {
	files, err := filepath.Glob(filepath.Join(dir, "gobench", "goker", "blocking", "*", "*", "*_test.go"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no gobench/goker/blocking/*/*/*_test.go in %s", dir)
	}
	var kernels []*Kernel
	for _, file := range files {
		name := filepath.Base(filepath.Dir(filepath.Dir(file))) + filepath.Base(filepath.Dir(file))
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		k, err := copyKernel(file, name, to)
		if err != nil {
			return nil, err
		}
		kernels = append(kernels, k)
	}
	for _, name := range names {
		if !slices.ContainsFunc(kernels, func(k *Kernel) bool { return k.Name == name }) {
			return nil, fmt.Errorf("no kernel %q in %s", name, dir)
		}
	}
	return kernels, writeProgram(to, kernels, how)
}

// copyKernel copies a kernel twice: as a package of the program, and as a test.
func copyKernel(file, name, to string) (*Kernel, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	test, pkg := testFunc.FindSubmatch(text), packageName.FindSubmatch(text)
	if test == nil || pkg == nil {
		return nil, fmt.Errorf("%s: no package or no test", file)
	}
	for _, at := range []string{filepath.Join("run", name, name+".go"), filepath.Join("test", name, name+"_test.go")} {
		at = filepath.Join(to, at)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(at, packageName.ReplaceAll(text, []byte("package "+name)), 0o600); err != nil {
			return nil, err
		}
	}
	return &Kernel{Name: name, Test: string(test[1])}, nil
}

// writeProgram writes the main package of the module in to.
func writeProgram(to string, kernels []*Kernel, how string) error {
	var imports, table strings.Builder
	for _, k := range kernels {
		fmt.Fprintf(&imports, "\t%q\n", Module+"/run/"+k.Name)
		fmt.Fprintf(&table, "\t%q: %s.%s,\n", k.Name, k.Name, k.Test)
	}
	for name, text := range map[string]string{
		"go.mod":  "module " + Module + "\n\ngo 1.24\n",
		"main.go": fmt.Sprintf(program, imports.String(), table.String(), how),
	} {
		if err := os.WriteFile(filepath.Join(to, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// A Goroutine is one of a kernel that is blocked, by a goroutine dump.
type Goroutine struct {
	ID     int64
	State  string   // as the runtime has it, such as "chan receive"
	Places []string // where in the kernel it is, innermost first, such as grpc1353.go:162
}

var (
	header = regexp.MustCompile(`(?m)^goroutine (\d+) .*?\[([^\]]*)\]:$`)
	going  = regexp.MustCompile(`^(running|runnable|sleep|syscall|IO wait)`)
)

// Blocked returns the goroutines of a kernel that are blocked, by a dump of the program.
func Blocked(dump, kernel string) (list []Goroutine) {
	for _, text := range strings.Split(dump, "\n\n") {
		m := header.FindStringSubmatch(text)
		if m == nil || going.MatchString(m[2]) || !strings.Contains(text, "/"+kernel+"/") {
			continue
		}
		g := Goroutine{State: m[2]}
		g.ID, _ = strconv.ParseInt(m[1], 10, 64)
		for line := range strings.Lines(text) {
			if i := strings.Index(line, "/"+kernel+"/"); i >= 0 && strings.HasPrefix(line, "\t") {
				place, _, _ := strings.Cut(strings.TrimSpace(line[i+len(kernel)+2:]), " ")
				g.Places = append(g.Places, place)
			}
		}
		list = append(list, g)
	}
	return list
}
