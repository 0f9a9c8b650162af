//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/testing/reportcase"
)

// The tools, in the order of the table.
const (
	awaittrace = iota
	dump
	panicparse
	profile
	tools
)

var toolNames = [tools]string{"awaittrace report", "goroutine dump", "panicparse", "goroutineleak profile"}

// A verdict is what a tool says about a program: how many of its roots it names, reports, and so on.
type verdict struct {
	named, told, possible, ends int
	wrong                       int // live waits that are reported
	read                        int // how much there is to read
}

func (v *verdict) add(o verdict) {
	v.named, v.told, v.possible, v.ends, v.wrong = v.named+o.named, v.told+o.told, v.possible+o.possible, v.ends+o.ends,
		v.wrong+o.wrong
}

// leaked marks a goroutine of the profile that leaks, which also says that nothing can wake it.
const leaked = "(leaked)"

// groups match the headers of what a tool prints of a goroutine, or of several alike.
var groups = [tools]*regexp.Regexp{
	dump: regexp.MustCompile(`(?m)^goroutine \d+ .*\[`), panicparse: regexp.MustCompile(`(?m)^\d+: `),
	profile: regexp.MustCompile(`(?m)^goroutine \d+ .*\[`),
}

// judge finds out what each tool says of the roots.
func (p *program) judge() {
	p.said[awaittrace].read, p.err = p.report.Findings()
	for tool := dump; tool < tools; tool++ {
		p.said[tool].read = len(groups[tool].FindAllString(p.text[tool], -1))
	}
	if strings.Contains(p.text[profile], leaked) { // the others need not be read
		p.said[profile].read = strings.Count(p.text[profile], leaked)
	}
	for tool := range p.said {
		for _, root := range p.roots {
			p.said[tool].add(p.about(tool, root))
		}
		for _, at := range p.live {
			p.said[tool].wrong += p.about(tool, []string{at}).told
		}
	}
}

// about returns what a tool says of a root.
func (p *program) about(tool int, root []string) (v verdict) {
	for _, at := range root {
		about, marked := reportcase.About{}, false
		if tool == awaittrace {
			var err error
			if about, err = p.report.About(at); err != nil {
				p.err = err
			}
		} else {
			about.Named, marked = inText(p.text[tool], at)
			about.Ends = marked
		}
		v.named = max(v.named, count(about.Named))
		v.told = max(v.told, count(marked || about.Told == "certain" || about.Told == "likely"))
		v.possible = max(v.possible, count(about.Told == "possible"))
		v.ends = max(v.ends, count(about.Ends))
	}
	return v
}

// inText reports whether a place stands in a text of stacks, and whether one of the stacks is marked as leaked.
func inText(text, at string) (named, marked bool) {
	for _, block := range strings.Split(text, "\n\n") {
		if reportcase.HasPlace(block, at) {
			named, marked = true, marked || strings.Contains(block, leaked)
		}
	}
	return named, marked
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// print prints a row for each program, and the sums.
func print(w io.Writer, programs []*program, verbose bool) {
	const row, head = "%-28s", "named told ends wrong"
	fmt.Fprintf(w, row, "")
	for _, name := range toolNames {
		fmt.Fprintf(w, "  %-26s", name)
	}
	fmt.Fprintf(w, "\n"+row+strings.Repeat("  %-26s", tools)+"\n", "program", head, head, head, head)
	sum := make([]verdict, tools)
	var read [tools][]int
	roots, played := 0, 0
	for _, p := range programs {
		if p.err != nil {
			fmt.Fprintf(w, row+"  %v\n", p.name, p.err)
			continue
		}
		fmt.Fprintf(w, row, p.name)
		for tool, v := range p.said {
			fmt.Fprintf(w, "  %-26s", v.of(len(p.roots)))
			sum[tool].add(v)
			read[tool] = append(read[tool], v.read)
		}
		fmt.Fprintln(w)
		if verbose {
			for tool, name := range toolNames {
				fmt.Fprintf(w, "== %s: %s, of %q\n%s\n", p.name, name, p.roots, p.text[tool])
			}
		}
		roots, played = roots+len(p.roots), played+1
	}
	fmt.Fprintf(w, row, fmt.Sprintf("%d roots in %d programs", roots, played))
	for tool := range sum {
		slices.Sort(read[tool])
		fmt.Fprintf(w, "  %-26s", sum[tool].of(roots))
	}
	fmt.Fprintf(w, "\n"+row, "to read, median")
	for tool := range read {
		if n := len(read[tool]); n > 0 {
			fmt.Fprintf(w, "  %-26d", read[tool][n/2])
		}
	}
	fmt.Fprintln(w)
}

// of returns the verdict as text.
func (v verdict) of(n int) string {
	return fmt.Sprintf("%d, %d (%d), %d of %d, %d", v.named, v.told, v.possible, v.ends, n, v.wrong)
}
