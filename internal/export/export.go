package export

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/report"
)

// Options hold what a format may use besides the document.
type Options struct {
	// Dir is the folder that shown paths are relative to, where the file lies below it; empty leaves paths as they are.
	Dir string
	// Version is that of awaittrace; empty: unknown.
	Version string
	// Source returns the text of a source file, to be shown around a site; nil shows none.
	Source func(file string) ([]byte, error)
}

// A Format is one way to write a report.
type Format struct {
	Name  string // as -f takes it
	About string // what reads it, in a few words
	Write func(io.Writer, *report.Document, Options) error
	// Binary says that a terminal cannot show it.
	Binary bool
}

// Formats lists the formats, in the order in which help names them.
var Formats = []Format{
	{Name: "html", About: "a page for a browser", Write: HTML},
	{Name: "dot", About: "the wait-for graph, for Graphviz", Write: Dot},
	{Name: "pprof", About: "a profile, for go tool pprof", Write: Pprof, Binary: true},
	{Name: "trace", About: "a Chrome trace, for Perfetto", Write: Trace},
	{Name: "junit", About: "test results as JUnit XML", Write: JUnit},
	{Name: "sarif", About: "SARIF 2.1.0, for code scanning", Write: SARIF},
	{Name: "github", About: "annotations of a GitHub workflow", Write: GitHub},
}

// Find returns the format of that name.
func Find(name string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// A site is a place in the source. Line is 0 where it is unknown.
type site struct {
	file string
	line int
}

func (s site) String() string {
	if s.line == 0 {
		return s.file
	}
	return fmt.Sprintf("%s:%d", s.file, s.line)
}

// An index finds goroutines of a document by their ids.
type index struct {
	doc *report.Document
	at  map[int64]*report.Goroutine
}

func newIndex(doc *report.Document) index {
	x := index{doc, make(map[int64]*report.Goroutine, len(doc.Goroutines))}
	for i := range doc.Goroutines {
		x.at[doc.Goroutines[i].ID] = &doc.Goroutines[i]
	}
	return x
}

// labels returns the profiler labels of a goroutine.
func (x index) labels(goroutine int64) map[string]string {
	if g := x.at[goroutine]; g != nil {
		return g.Labels
	}
	return nil
}

// lead returns the goroutine that leads a finding, nil if there is none.
func (x index) lead(f *report.Finding) *report.Goroutine {
	return f.Lead(func(id int64) *report.Goroutine { return x.at[id] })
}

// site returns where f is shown: at the place of its lead, or else the first of its places.
func (x index) site(f *report.Finding) site {
	if g := x.lead(f); g != nil {
		return place(g)
	}
	if len(f.Places) > 0 {
		return probeSite(&f.Places[0])
	}
	return site{}
}

func probeSite(p *report.Probe) site { return site{p.File, p.Line} }

// place returns where a goroutine is: at its last probe, or else in the innermost function that is not the runtime's.
func place(g *report.Goroutine) site {
	switch {
	case g == nil:
		return site{}
	case g.Probe != nil:
		return probeSite(g.Probe)
	}
	for _, f := range g.Stack {
		if !strings.HasPrefix(f.Func, "runtime.") && !strings.HasPrefix(f.Func, "internal/") &&
			!strings.HasPrefix(f.Func, "sync.") {
			return site{f.File, f.Line}
		}
	}
	if len(g.Stack) > 0 {
		return site{g.Stack[0].File, g.Stack[0].Line}
	}
	return site{}
}

// counts reports whether f is certain or likely.
func counts(f *report.Finding) bool { return f.Certainty != "possible" }

// relative returns file as opt shows it, with slashes.
func (opt Options) relative(file string) string {
	if opt.Dir == "" || !filepath.IsAbs(file) {
		return file
	}
	rel, err := filepath.Rel(opt.Dir, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return file
	}
	return filepath.ToSlash(rel)
}

// program names the program of a document.
func program(doc *report.Document) string {
	if doc.Process.Exe == "" {
		return fmt.Sprintf("pid %d", doc.Process.Pid)
	}
	return filepath.Base(doc.Process.Exe)
}
