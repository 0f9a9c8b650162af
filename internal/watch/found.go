package watch

import (
	"maps"
	"slices"
	"sync"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
)

// A collection is what was reported about test binaries, for reports in other formats.
type collection struct {
	mu   sync.Mutex
	docs map[*testProcess]*report.Document
	// pages are for the artifact folders of tests.
	pages []Page
}

// A Page is the report on what one test left, and the folder for it.
type Page struct {
	Dir      string // empty: the test did not say
	Document *report.Document
	p        *testProcess
	test     int // the number of the test
}

// addPage adds the report on what test n of p left.
func (c *collection) addPage(p *testProcess, n int, r *diagnose.Report, findings []diagnose.Finding) {
	page := Page{Document: document(r, findings), p: p, test: n}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = append(c.pages, page)
}

// setFolder sets the artifact folder of test n of p.
func (c *collection) setFolder(p *testProcess, n int, dir string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.pages {
		if page := &c.pages[i]; page.p == p && page.test == n {
			page.Dir = dir
		}
	}
}

// Pages returns the reports for the artifact folders of tests. It may be called after Close.
func (s *TestService) Pages() []Page {
	s.found.mu.Lock()
	defer s.found.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.found.pages), func(p Page) bool { return p.Dir == "" })
}

// add adds findings about a test of p, or, if test is empty, about whatever tests run in it.
func (c *collection) add(p *testProcess, test string, r *diagnose.Report, findings []diagnose.Finding) {
	doc := document(r, findings)
	for i := range doc.Findings {
		f := &doc.Findings[i]
		f.Test = shown(p.dir)
		if name := test; name != "" || testOf(r, f.Root, &name) {
			f.Test += " " + name
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.docs == nil {
		c.docs = make(map[*testProcess]*report.Document)
	}
	old := c.docs[p]
	if old == nil {
		c.docs[p] = doc
		return
	}
	old.Findings = append(slices.DeleteFunc(old.Findings, func(f report.Finding) bool { return toldAgain(&f, doc) }),
		doc.Findings...)
	known := make(map[int64]bool)
	for i := range old.Goroutines {
		known[old.Goroutines[i].ID] = true
	}
	for i := range doc.Goroutines {
		if g := &doc.Goroutines[i]; !known[g.ID] {
			old.Goroutines = append(old.Goroutines, *g)
		}
	}
	old.Counts = doc.Counts
}

// document returns a report with the given findings of r.
func document(r *diagnose.Report, findings []diagnose.Finding) *report.Document {
	told := *r
	told.Findings = findings
	return report.NewDocument(&told)
}

// testOf sets name to the test of goroutine id, and reports whether there is one.
func testOf(r *diagnose.Report, id int64, name *string) bool {
	i, ok := r.Find(id)
	if !ok || r.Snapshot.Goroutines[i].Test == nil {
		return false
	}
	*name = r.Snapshot.Goroutines[i].Test.Name
	return true
}

// toldAgain reports whether doc, which is newer, also has a finding about the goroutines of f.
func toldAgain(f *report.Finding, doc *report.Document) bool {
	return len(f.Goroutines) > 0 && slices.ContainsFunc(doc.Findings, func(g report.Finding) bool {
		return g.Root == f.Root && slices.Equal(g.Goroutines, f.Goroutines)
	})
}

// Document returns all that was reported, for all test binaries together. It may be called once, after Close.
func (s *TestService) Document() *report.Document {
	s.found.mu.Lock()
	defer s.found.mu.Unlock()
	procs := slices.SortedFunc(maps.Keys(s.found.docs), func(a, b *testProcess) int { return a.pid - b.pid })
	var docs []*report.Document
	for _, p := range procs {
		docs = append(docs, s.found.docs[p])
	}
	return report.Merge("go test", docs)
}
