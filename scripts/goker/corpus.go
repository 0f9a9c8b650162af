package main

import (
	"bytes"
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// module is the path of this module.
const module = "github.com/awaittrace/awaittrace/scripts/goker"

// A corpus is the copies of the corpus in a temporary folder, one for each variant, and what is built of them.
type corpus struct {
	options
	work   string // the temporary folder
	here   string // of this module
	suites []string
	log    io.Writer
}

func newCorpus(ctx context.Context, o options, log io.Writer) (*corpus, error) {
	c := &corpus{options: o, log: log, suites: []string{".", "goker"}}
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if c.here = strings.TrimSpace(string(out)); err != nil || c.here == "" {
		return nil, fmt.Errorf("run it in its folder, as in go run -C scripts/goker . (go list -m: %v)", err)
	}
	if c.work, err = os.MkdirTemp("", "awaittrace-goker-"); err != nil {
		return nil, err
	}
	// Goroutine dumps have the path without symbolic links.
	c.work, err = filepath.EvalSymlinks(c.work)
	return c, err
}

// remove removes the temporary folder, unless keep.
func (c *corpus) remove(keep bool) {
	if keep {
		fmt.Fprintf(c.log, "the programs are in %s\n", c.work)
	} else if err := os.RemoveAll(c.work); err != nil {
		fmt.Fprintln(c.log, "goker:", err)
	}
}

// dir is the folder of a suite's source in a variant, exe its program.
func (c *corpus) dir(v *variant, suite string) string { return filepath.Join(c.work, v.name, suite) }
func (c *corpus) exe(v *variant, suite string) string {
	return filepath.Join(c.dir(v, suite), "program")
}

// awaittrace is the command, built from the source beside this module.
func (c *corpus) awaittrace() string { return filepath.Join(c.work, "bin", "awaittrace") }

// environ is the environment of builds and programs: nothing is left in the user's cache or among the user's records.
func (c *corpus) environ(more ...string) []string {
	return slices.Concat(os.Environ(),
		[]string{"GOFLAGS=-mod=mod", "AWAITTRACE_DIR=" + filepath.Join(c.work, "records"),
			"GODEADLOCK_TIMEOUT=" + c.after.String()}, more)
}

// chosen returns the variants to build.
func (c *corpus) chosen() []*variant {
	var list []*variant
	for i := range variants {
		if len(c.variants) == 0 || slices.Contains(c.variants, variants[i].name) {
			list = append(list, &variants[i])
		}
	}
	return list
}

// build copies the corpus and builds it in every variant.
func (c *corpus) build(ctx context.Context) error {
	root := filepath.Join(c.here, "../..")
	if err := c.command(ctx, root, nil, "go", "build", "-mod=readonly", "-o", c.awaittrace(),
		"./cmd/awaittrace"); err != nil {
		return err
	}
	for _, v := range c.chosen() {
		if err := c.copyModule(v); err != nil {
			return err
		}
		for _, suite := range c.suites {
			if err := c.copySuite(v, suite); err != nil {
				return err
			}
			tool := "go"
			if v.told == nil {
				tool = c.awaittrace()
			}
			fmt.Fprintf(c.log, "building %s/%s\n", v.name, suite)
			if err := c.command(ctx, c.dir(v, suite), v.env, tool, "build", "-o", c.exe(v, suite), "."); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *corpus) command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, c.environ(append(env, "XDG_CACHE_HOME="+filepath.Join(c.work, "cache"),
		"GOCACHE="+goCache())...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}

// goCache returns the build cache, which would follow XDG_CACHE_HOME.
func goCache() string {
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return os.Getenv("GOCACHE")
	}
	return strings.TrimSpace(string(out))
}

// copyModule makes the module of a variant: it has what this module needs, and this module itself.
func (c *corpus) copyModule(v *variant) error {
	if err := os.MkdirAll(c.dir(v, "."), 0o777); err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(c.here, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(c.here, "go.sum"))
	if err != nil {
		return err
	}
	mod = bytes.Replace(mod, []byte("module "+module), []byte("module corpus"), 1)
	mod = fmt.Appendf(mod, "\nrequire %s v0.0.0\n\nreplace %s => %s\n", module, module, c.here)
	if err := os.WriteFile(filepath.Join(c.dir(v, "."), "go.mod"), mod, 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir(v, "."), "go.sum"), sum, 0o666)
}

// copySuite copies the source of a suite, which then imports what the variant says.
func (c *corpus) copySuite(v *variant, suite string) error {
	if err := os.MkdirAll(c.dir(v, suite), 0o777); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(runtime.GOROOT(), "src/runtime/testdata/testgoroutineleakprofile", suite,
		"*.go"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%d files in the corpus (%v): this release of Go does not have it", len(files), err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err == nil {
			src, err = v.replaceImports(src)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(c.dir(v, suite), filepath.Base(file)), src, 0o666)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replaceImports returns a source file with other packages of the same name:
//
//	import "runtime/pprof"
//	import pprof "…/goker/hold"
func (v *variant) replaceImports(src []byte) ([]byte, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	for _, spec := range slices.Backward(f.Imports) {
		name, path := "", ""
		switch spec.Path.Value {
		case `"runtime/pprof"`:
			name, path = "pprof", v.pprof
		case `"sync"`:
			name, path = "sync", v.sync
		}
		if path == "" {
			continue
		}
		at := fset.Position(spec.Path.Pos()).Offset
		end := at + len(spec.Path.Value)
		src = slices.Replace(slices.Clone(src), at, end, []byte(name+" "+strconv.Quote(module+"/"+path))...)
	}
	return src, nil
}
