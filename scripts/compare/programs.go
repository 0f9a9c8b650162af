//go:build linux && (amd64 || arm64)

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/reachtest"
	"github.com/awaittrace/awaittrace/internal/testing/reportcase"
	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// A program gets stuck.
type program struct {
	name string
	dir  string // of its package
	run  *reportcase.Run
	args []string // before those of run
	exe  string
	// roots are where it is stuck: each is the places, such as hang/main.go:12, of which any is right.
	roots [][]string
	// live are places of waits that something can end.
	live []string
	// kernel says that it is one of GoBench's, which may end instead of getting stuck.
	kernel bool

	report *reportcase.Report
	text   [tools]string
	said   [tools]verdict
	err    error
}

// settles is how long a program has to get stuck, where it does not say so itself.
const settles = 4 * time.Second

// list returns the programs, or those that are named.
func list(names []string) ([]*program, error) {
	programs, err := listAll()
	if err != nil || len(names) == 0 {
		return programs, err
	}
	var named []*program
	for _, name := range names {
		i := slices.IndexFunc(programs, func(p *program) bool { return p.name == name })
		if i < 0 {
			var all []string
			for _, p := range programs {
				all = append(all, p.name)
			}
			return nil, fmt.Errorf("no program %q; there are %s", name, strings.Join(all, ", "))
		}
		named = append(named, programs[i])
	}
	return named, nil
}

func listAll() (programs []*program, err error) {
	hang, err := find("testdata/hang/main.go", regexp.MustCompile(`// the bug:`))
	if err != nil {
		return nil, err
	}
	programs = append(programs, &program{name: "hang", dir: "testdata/hang", run: &reportcase.Run{Wait: settles},
		roots: [][]string{{hang}}})
	for _, add := range []func([]*program) ([]*program, error){addPitfalls, addReports, addWaits} {
		if programs, err = add(programs); err != nil {
			return nil, err
		}
	}
	return programs, nil
}

// find returns the place of the only line of a file that matches.
func find(name string, re *regexp.Regexp) (string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	at := re.FindIndex(text)
	if at == nil {
		return "", fmt.Errorf("%s has no line %s", name, re)
	}
	return fmt.Sprintf("%s/%s:%d", filepath.Base(filepath.Dir(name)), filepath.Base(name),
		1+strings.Count(string(text[:at[0]]), "\n")), nil
}

// place matches the end of a file's path, and a line.
var place = regexp.MustCompile(`[^/]+/[^/ ]+\.go:\d+`)

// addPitfalls adds the programs of testdata/pitfalls. Where the root has exited, it is where that took the lock.
func addPitfalls(programs []*program) ([]*program, error) {
	files, err := filepath.Glob("testdata/pitfalls/*/facts.json")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var facts struct {
			Findings []struct{ Root string }
			Bad      []struct{ Holders []string }
		}
		if err := json.Unmarshal(text, &facts); err != nil {
			return nil, err
		}
		root := facts.Findings[0].Root
		if root == "" {
			root = facts.Bad[0].Holders[0]
		}
		dir := filepath.Dir(file)
		programs = append(programs, &program{name: "pitfalls/" + filepath.Base(dir), dir: dir,
			run:   &reportcase.Run{Wait: settles},
			roots: [][]string{{place.FindString(root)}}})
	}
	return programs, nil
}

// addReports adds the runs of testdata/reports/std in which something is stuck at a known place.
func addReports(programs []*program) ([]*program, error) {
	files, err := filepath.Glob("testdata/reports/std/*/EXPECT")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		c, err := reportcase.Read(filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		for _, r := range c.Runs {
			p := &program{name: strings.Join(append([]string{c.Name}, r.Args...), "/"), dir: "testdata/reports/std",
				run: r, args: []string{c.Name}}
			for _, f := range r.Findings {
				if len(f.Root) > 0 {
					p.roots = append(p.roots, f.Root)
				}
			}
			if len(p.roots) > 0 {
				programs = append(programs, p)
			}
		}
	}
	return programs, nil
}

// addWaits adds testdata/waits.
func addWaits(programs []*program) ([]*program, error) {
	waits, err := reachtest.Waits("testdata/waits", runtime.Version())
	if err != nil {
		return nil, err
	}
	p := &program{name: "waits", dir: "testdata/waits", run: &reportcase.Run{Wait: settles}}
	for _, w := range waits {
		switch at := fmt.Sprintf("waits/%s:%d", w.File, w.Line); w.Want {
		case reachtest.Leak:
			p.roots = append(p.roots, []string{at})
		case reachtest.Any:
		default:
			p.live = append(p.live, at)
		}
	}
	return append(programs, p), nil
}

// A builder builds programs and tools.
type builder struct {
	*script.Script
	built map[string]bool
}

// tools builds awaittrace and panicparse.
func (b *builder) tools() error {
	if _, err := b.Awaittrace(); err != nil {
		return err
	}
	return b.With("GOBIN="+b.Work).Run(b.Work, "go", "install", "github.com/maruel/panicparse/v2@v2.5.0")
}

// profiling is added to the main package of a program.
const profiling = `package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

func init() {
	wanted := make(chan os.Signal, 1)
	signal.Notify(wanted, syscall.SIGUSR1)
	go func() {
		<-wanted
		pprof.Lookup("goroutineleak").WriteTo(os.Stderr, 2)
		os.Exit(0)
	}()
}
`

// build builds a program plainly, and again with a profile of leaks.
func (b *builder) build(p *program) error {
	p.exe = b.Path(strings.ReplaceAll(p.dir, "/", "-"))
	if b.built[p.exe] {
		return nil
	}
	b.built[p.exe] = true
	replace := make(map[string]string)
	if p.name == "hang" { // which gives up after five seconds
		text, err := os.ReadFile("testdata/hang/main.go")
		if err != nil {
			return err
		}
		replace["main.go"] = strings.ReplaceAll(string(text), "5 * time.Second", "5 * time.Minute")
	}
	if err := b.buildWith(p.dir, p.exe, replace); err != nil {
		return err
	}
	replace["profiling.go"] = profiling
	return b.buildWith(p.dir, p.exe+"-profiled", replace, "GOEXPERIMENT=goroutineleakprofile")
}

// buildWith builds the package in dir with other texts for some of its files.
func (b *builder) buildWith(dir, exe string, texts map[string]string, env ...string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	replace := make(map[string]string)
	for name, text := range texts {
		to := exe + "-" + name
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return err
		}
		replace[filepath.Join(abs, name)] = to
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err = cmp.Or(err, os.WriteFile(exe+".overlay", overlay, 0o600)); err != nil {
		return err
	}
	return b.With(env...).Run(dir, "go", "build", "-overlay", exe+".overlay", "-o", exe, ".")
}
