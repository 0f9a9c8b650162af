//go:build unix

// Reports runs the programs of testdata/reports, each of which reproduces a public bug report, and checks what
// awaittrace tells of them.
//
//	go run ./scripts/reports [flags] [case ...]
//
// Most have the real module at the version that has the bug, which comes from the module proxy; go test ./internal/e2e
// runs the others alone. All are built as awaittrace build does it by default, and looked at by awaittrace report
// -after 1s. The exit status is 1 if a report does not tell what its EXPECT file says (see
// internal/testing/reportcase), or tells what it says is not told yet.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/reportcase"
	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// options are what the flags say.
type options struct {
	root    string
	awaitt  string
	built   string
	verbose bool
	names   []string
}

func main() {
	o := new(options)
	flag.StringVar(&o.root, "cases", "testdata/reports", "`folder` with the cases")
	flag.StringVar(&o.awaitt, "awaittrace", "", "`file` of the command; built from this module by default")
	flag.StringVar(&o.built, "built", "",
		"`folder` that the programs are built into and kept in; what is there already is not built again")
	flag.BoolVar(&o.verbose, "v", false, "print every text report")
	script.Main("reports", func(s *script.Script, names []string) error {
		o.names = names
		return check(s, *o, os.Stdout, os.Stderr)
	})
}

// check builds and plays the cases. It fails if something is not told as it should be.
func check(s *script.Script, o options, stdout, stderr io.Writer) (err error) {
	b := &builder{Script: s, awaittrace: o.awaitt, built: cmp.Or(o.built, s.Work), log: stderr}
	if b.awaittrace == "" {
		if b.awaittrace, err = s.Awaittrace(); err != nil {
			return err
		}
	}
	jobs, err := b.jobs(o)
	if err != nil {
		return err
	}
	pl := &reportcase.Player{Awaittrace: b.awaittrace, Dir: s.Work, After: time.Second, Text: o.verbose}
	failed, todo := 0, 0
	pl.PlayAll(s, jobs, func(j *reportcase.Job) {
		problems := []string{}
		verdict := "told"
		if j.Err != nil {
			problems = append(problems, j.Err.Error())
		} else {
			problems = j.Run.Check(j.Report)
		}
		switch {
		case len(problems) > 0:
			verdict = "WRONG"
			failed++
		case j.Run.Todo != "":
			verdict = "not told yet: " + j.Run.Todo
			todo++
			if o.verbose {
				problems = j.Run.Problems(j.Report)
			}
		}
		fmt.Fprintf(stdout, "%-28s %s\n", j.Name(), verdict)
		for _, p := range problems {
			fmt.Fprintf(stdout, "    %s\n", strings.ReplaceAll(p, "\n", "\n        "))
		}
		if o.verbose && j.Report != nil {
			fmt.Fprintf(stdout, "%s\n", j.Report.Text)
		}
	})
	fmt.Fprintf(stdout, "\n%d runs of programs from public reports: %d told, %d not told yet, %d wrong\n", len(jobs),
		len(jobs)-failed-todo, todo, failed)
	if failed > 0 {
		return script.ErrFailed
	}
	return nil
}

// A builder builds the programs of cases.
type builder struct {
	*script.Script
	awaittrace, built string // the command, and the folder for the programs
	log               io.Writer
	std               string // the program of the cases in folder std; empty: not built
}

// jobs returns what is to be played: the cases that o names, or all.
func (b *builder) jobs(o options) (jobs []*reportcase.Job, err error) {
	files, err := filepath.Glob(filepath.Join(o.root, "*", "EXPECT"))
	if err != nil {
		return nil, err
	}
	std, err := filepath.Glob(filepath.Join(o.root, "std", "*", "EXPECT"))
	if err != nil {
		return nil, err
	}
	files = append(files, std...)
	found := make(map[string]bool)
	for _, file := range files {
		dir := filepath.Dir(file)
		name := filepath.Base(dir)
		if len(o.names) > 0 && !slices.Contains(o.names, name) {
			continue
		}
		found[name] = true
		c, err := reportcase.Read(dir)
		if err != nil {
			return nil, err
		}
		exe, args, err := b.program(c)
		if err != nil {
			return nil, fmt.Errorf("case %s: %w", name, err)
		}
		for _, r := range c.Runs {
			jobs = append(jobs, &reportcase.Job{Case: c, Run: r, Exe: exe, Args: args})
		}
	}
	for _, name := range o.names {
		if !found[name] {
			return nil, fmt.Errorf("no case %q in %s", name, o.root)
		}
	}
	return jobs, nil
}

// program builds the program of a case, and returns it with its first arguments.
func (b *builder) program(c *reportcase.Case) (exe string, args []string, err error) {
	parent := filepath.Dir(c.Dir)
	if filepath.Base(parent) != "std" {
		exe = filepath.Join(b.built, c.Name)
		return exe, nil, b.build(c.Dir, exe)
	}
	if b.std == "" {
		b.std = filepath.Join(b.built, "std")
		if err := b.build(parent, b.std); err != nil {
			return "", nil, err
		}
	}
	return b.std, []string{c.Name}, nil
}

// build builds the module in dir, with probes.
func (b *builder) build(dir, exe string) error {
	if _, err := os.Stat(exe); err == nil {
		return nil
	}
	fmt.Fprintf(b.log, "awaittrace build: %s\n", dir)
	return b.Run(dir, b.awaittrace, "build", "-o", exe, ".")
}
