//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// both builds n times without probes and with them, one after the other, and returns the shortest time of each.
func (b *bench) both(n int, before func(which, n int) error) (best [2]time.Duration, err error) {
	for i := range n {
		for which, args := range [][]string{
			{"go", "build", "-o", b.Path("plain"), "."},
			{b.awaittrace, "build", "-o", b.Path("probed"), "."},
		} {
			if err := before(which, i); err != nil {
				return best, err
			}
			start := time.Now()
			if err := b.Run(b.Path("src"), args...); err != nil {
				return best, err
			}
			took := time.Since(start)
			fmt.Fprintf(b.log, "%s %v\n", filepath.Base(args[0]), took.Round(time.Millisecond))
			if best[which] == 0 || took < best[which] {
				best[which] = took
			}
		}
	}
	return best, nil
}

// memory puts probes into a project of copies of the module's packages, and returns how much memory that took at most.
func (b *bench) memory(copies int) (lines, peak int, took time.Duration, err error) {
	dir := b.Path("large")
	if lines, err = b.large(dir, copies); err != nil {
		return 0, 0, 0, err
	}
	start := time.Now()
	cmd := b.With("XDG_CACHE_HOME="+b.Path("large-cache")).Command(dir, b.awaittrace, "instrument", "-overlay",
		b.Path("large.json"), ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, 0, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return lines, int(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10, time.Since(start), nil
}

// large writes a module with a package main that imports all copies. It counts their lines, tests left out.
func (b *bench) large(dir string, copies int) (lines int, err error) {
	var imports strings.Builder
	for i := range copies {
		fmt.Fprintf(&imports, "import _ %q\n", fmt.Sprintf("%s/c%d/server", module, i))
		err := filepath.WalkDir(b.Path("src"), func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			rel, err := filepath.Rel(b.Path("src"), name)
			if err != nil || rel == "main.go" {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text = bytes.ReplaceAll(text, []byte(`"`+module+"/"), fmt.Appendf(nil, `"%s/c%d/`, module, i))
			lines += bytes.Count(text, []byte("\n"))
			return write(filepath.Join(dir, fmt.Sprintf("c%d", i), rel), text)
		})
		if err != nil {
			return 0, err
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(b.Path("src/" + name))
		if err != nil {
			return 0, err
		}
		if err := write(filepath.Join(dir, name), text); err != nil {
			return 0, err
		}
	}
	return lines, write(filepath.Join(dir, "main.go"), []byte("package main\n\n"+imports.String()+"\nfunc main() {}\n"))
}

func write(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o666)
}
