//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A kernel is one bug.
type kernel struct {
	name string // cockroach10214
	test string // the name of its test function
}

// A corpus is the kernels in a temporary module, and the program that has them all.
type corpus struct {
	options
	work, exe string
	kernels   []*kernel
}

const module = "gobench.example"

var (
	testFunc    = regexp.MustCompile(`(?m)^func (Test\w+)\(\w+ \*testing\.T\)`)
	packageName = regexp.MustCompile(`(?m)^package (\w+)`)
)

// program is the main of all kernels: it runs one, once. Its main goroutine goes on, in a wait for its standard input.
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
		fmt.Println("ended")
		return
	}
	fmt.Println("left")
	os.Stdin.Read(make([]byte, 1))
}
`

// newCorpus copies the kernels and builds the program with probes.
func newCorpus(ctx context.Context, o options, work string) (*corpus, error) {
	c := &corpus{options: o, work: filepath.Join(work, "src"), exe: filepath.Join(work, "kernels")}
	if c.awaittrace == "" {
		c.awaittrace = filepath.Join(work, "awaittrace")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", c.awaittrace, "./cmd/awaittrace").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	files, err := filepath.Glob(filepath.Join(o.dir, "gobench", "goker", "blocking", "*", "*", "*_test.go"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no gobench/goker/blocking/*/*/*_test.go in %s", o.dir)
	}
	for _, file := range files {
		if err := c.copy(file); err != nil {
			return nil, err
		}
	}
	return c, c.build(ctx)
}

// copy copies a kernel twice: as a package of the program, and as a test.
func (c *corpus) copy(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	test, pkg := testFunc.FindSubmatch(text), packageName.FindSubmatch(text)
	if test == nil || pkg == nil {
		return fmt.Errorf("%s: no package or no test", file)
	}
	k := &kernel{name: filepath.Base(filepath.Dir(filepath.Dir(file))) + filepath.Base(filepath.Dir(file)), test: string(test[1])}
	if len(c.names) > 0 && !slices.Contains(c.names, k.name) {
		return nil
	}
	c.kernels = append(c.kernels, k)
	for _, to := range []string{filepath.Join("run", k.name, k.name+".go"), filepath.Join("test", k.name, k.name+"_test.go")} {
		to = filepath.Join(c.work, to)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(to, packageName.ReplaceAll(text, []byte("package "+k.name)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (c *corpus) build(ctx context.Context) error {
	var imports, table strings.Builder
	for _, k := range c.kernels {
		fmt.Fprintf(&imports, "\t%q\n", module+"/run/"+k.name)
		fmt.Fprintf(&table, "\t%q: %s.%s,\n", k.name, k.name, k.test)
	}
	for name, text := range map[string]string{
		"go.mod":  "module " + module + "\n\ngo 1.24\n",
		"main.go": fmt.Sprintf(program, imports.String(), table.String()),
	} {
		if err := os.WriteFile(filepath.Join(c.work, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, c.awaittrace, "build", "-o", c.exe, ".")
	cmd.Dir = c.work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("awaittrace build: %w\n%s", err, out)
	}
	return nil
}

// test runs a kernel by awaittrace test, and returns what that prints.
func (c *corpus) test(ctx context.Context, k *kernel) string {
	cmd := exec.CommandContext(ctx, c.awaittrace, "test", "-after", c.after.String(), "-timeout", "5s", "-count", "1", "./test/"+k.name)
	cmd.Dir = c.work
	out, _ := cmd.CombinedOutput()
	text := string(out)
	if i := strings.Index(text, "\ngoroutine "); i > 0 { // the runtime's own dump after a timeout
		rest := text[i:]
		text = text[:i] + "\n[…]\n"
		if j := strings.LastIndex(rest, "awaittrace"); j > 0 {
			text += rest[max(j-200, 0):]
		}
	}
	return text
}
